#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# doctor: each fault that a namespace can have is made, found under its topic, and gone with its fix; nothing is
# changed by looking. Its questions about DNS64 go to a real unbound.
# R-7050-01: the DNS64 is asked for ipv4only.arpa.
# Not in guests: what it looks at is the same on every kernel.
. "${0%/*}/lib.sh"
topology tun
config=$NAT64_BPF_CONF_DIR/vpn0.conf

# doctor WANTED-STATUS [options]: the report is in $tmp/report.
doctor() {
	local want=$1

	shift
	status "$want" in_server nat64-bpf doctor -j "$@"
	cp "$tmp/out" "$tmp/report"
	emulated || /usr/bin/python3 - "$here/../../docs/schema/doctor.json" "$tmp/report" <<-'CHECK'
		import json, sys
		from jsonschema import Draft202012Validator
		schema, report = (json.load(open(path)) for path in sys.argv[1:])
		Draft202012Validator(schema).validate(report)
		for result, count in ("failure", "failures"), ("warning", "warnings"):
		    assert report[count] == sum(f["result"] == result for f in report["findings"]), report
		for f in report["findings"]:
		    assert ("fix" in f) == (f["result"] in ("failure", "warning")), f
	CHECK
}
# found RESULT TOPIC TEXT [instance]: a finding of the report that holds the text, and has a fix if it needs one.
found() {
	python3 - "$tmp/report" "$@" <<-'CHECK' || { cat "$tmp/report"; fail "no finding: $*"; }
		import json, sys
		result, topic, text = sys.argv[2:5]
		instance = sys.argv[5] if len(sys.argv) > 5 else None
		sys.exit(not any(f["result"] == result and f["topic"] == topic and text in f["what"] and
		                 f.get("instance") == instance for f in json.load(open(sys.argv[1]))["findings"]))
	CHECK
}
failures() { json "d['failures']" < "$tmp/report"; }

say "before anything is loaded: what a load would meet"
status 2 in_server nat64-bpf doctor "a b"
status 2 in_server nat64-bpf doctor vpn0 --no-such
doctor 0 --no-dns
found ok kernel "BPF programs at TC by"
found ok bpffs mounted
found ok capabilities CAP_BPF
found warning route "no IPv4 default route"
found skipped seed "first load"
doctor 7 vpn9 --no-dns
found failure interface "vpn9: interface absent" vpn9
doctor 0 vpn0 --no-dns
found ok interface "vpn0: up, no link header, MTU 1420, 1 network of clients" vpn0
found warning instance "not loaded" vpn0
in_server ip addr add 192.168.241.1/24 dev wan0
doctor 7 vpn0 --no-dns
found failure route "pool 192.168.240.0/20 is in use" vpn0
in_server ip addr del 192.168.241.1/24 dev wan0
in_server ip route add default via 192.88.99.5

say "loaded: no fault, and looking changes nothing"
printf '[nat64]\nfastpath = off\nlog = %s\n' "$tmp/state/vpn0.log" > "$config"
in_server nat64-bpf load vpn0
in_client ping -q -c 1 -W 2 "$web6"
host_state > "$tmp/before"
(cd "$tmp" && find state run conf -type f -exec sha256sum {} + | sort) > "$tmp/files-before"
doctor 0 --no-dns
host_state > "$tmp/after"
(cd "$tmp" && find state run conf -type f -exec sha256sum {} + | sort) > "$tmp/files-after"
same_host "$tmp/before" "$tmp/after"
same_host "$tmp/files-before" "$tmp/files-after"
found ok config "vpn0.conf: fine" vpn0
found ok attach "both programs" vpn0
found ok mtu "vpn0 1420, route to the pool 1392, TCP segments of at most 1352 bytes" vpn0
found ok nft "table inet nat64_bpf_vpn0 is whole" vpn0
found ok firewall "no forward chain" vpn0
found ok pool "1 of 4093" vpn0
found ok seed seed
found ok route "IPv4 default route via wan0"
found ok mtu "wan0, towards IPv4: MTU 1500"
found ok log vpn0.log vpn0
status 0 in_server nat64-bpf doctor vpn0 --no-dns
grep -qE '^  ok +nft +table inet nat64_bpf_vpn0 is whole$' "$tmp/out"
tail -n 1 "$tmp/out" | grep -qE '^0 failures, [0-9]+ warnings?$'

# mended: after another load all is well again
mended() {
	in_server nat64-bpf load vpn0 -q
	doctor 0 vpn0 --no-dns
}

say "parts taken away: table, route, own4, forwarding, programs"
in_server nft delete table inet nat64_bpf_vpn0
doctor 7 --no-dns
found failure nft "missing: nft table (nft table inet nat64_bpf_vpn0)" vpn0
equal "$(failures)" 1 "failures without the table"
mended
in_server nft flush chain inet nat64_bpf_vpn0 nat
doctor 7 vpn0 --no-dns
found failure nft "altered: nft table (nft table inet nat64_bpf_vpn0)" vpn0
mended
in_server ip route del 192.168.240.0/20 dev vpn0
doctor 7 vpn0 --no-dns
found failure route "missing: pool route (ip route replace 192.168.240.0/20 dev vpn0 " vpn0
mended
in_server ip addr del 192.168.240.1/32 dev vpn0
doctor 7 vpn0 --no-dns
found failure route "missing: own4 (ip address add 192.168.240.1/32 dev vpn0)" vpn0
mended
in_server sysctl -qw net.ipv4.ip_forward=0
doctor 7 vpn0 --no-dns
found failure sysctl "altered: IPv4 forwarding (sysctl -w net.ipv4.ip_forward=1)" vpn0
mended
in_server sh -c 'rm -f /sys/fs/bpf/nat64-bpf/vpn0/link_*; tc qdisc del dev vpn0 clsact 2> /dev/null' || true
doctor 7 vpn0 --no-dns
found failure attach "missing: hooks (# attach nat64_in at TC ingress and nat64_out at TC egress of vpn0)" vpn0
mended

say "MTU: another one of the interface, one too small for IPv6, a small one towards IPv4"
in_server ip link set vpn0 mtu 1300
doctor 7 vpn0 --no-dns
found failure mtu "altered: pool route (ip route replace 192.168.240.0/20 dev vpn0 proto 64 mtu 1272 " vpn0
in_server ip link set vpn0 mtu 1420
doctor 0 vpn0 --no-dns
in_server ip link set wan0 mtu 1200
doctor 0 vpn0 --no-dns
found warning mtu "MTU 1200, so IPv6 packets of 1280 bytes are fragmented"
in_server ip link set wan0 mtu 1500
in_server ip link set vpn0 mtu 1200
doctor 7 vpn0 --no-dns
found failure interface "vpn0: MTU too small" vpn0
in_server ip link set vpn0 mtu 1420
in_server ip link set vpn0 down
doctor 7 vpn0 --no-dns
found failure interface "vpn0: interface is down" vpn0
in_server ip link set vpn0 up
in_server ip addr replace fd00::1/64 dev vpn0 nodad
mended

say "a native route inside the prefix; strict rp_filter fits"
in_server ip route add 64:ff9b::c000:201/128 dev wan0
doctor 0 vpn0 --no-dns
found warning route "64:ff9b::c000:201/128 lies inside the prefix" vpn0
in_server ip route del 64:ff9b::c000:201/128 dev wan0
in_server sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.vpn0.rp_filter=1
in_client ping -q -c 1 -W 2 "$web6"
doctor 0 vpn0 --no-dns
found ok sysctl "rp_filter = 1 (strict) on vpn0: passes" vpn0

say "chains of others: the failure is real, and its fix mends it"
in_server nft -f - <<-'EOF2'
	table inet mine {
		chain forward {
			type filter hook forward priority filter; policy drop;
			ct state established,related accept
		}
	}
EOF2
in_client ping -q -c 1 -W 1 "$web6" && fail "the chain lets it through"
doctor 7 vpn0 --no-dns
found failure firewall "chain forward of table inet mine drops all packets of clients" vpn0
json "next(f['fix'] for f in d['findings'] if f['topic'] == 'firewall')" < "$tmp/report" > "$tmp/fix"
in_server sh -c "$(cat "$tmp/fix")"
in_client ping -q -c 1 -W 2 "$web6"
doctor 0 vpn0 --no-dns
found ok firewall "has a rule for the VPN" vpn0
in_server nft -f - <<-'EOF2'
	delete table inet mine
	table ip filter {
		chain user { }
		chain services {
			tcp dport 22 accept
		}
		chain FORWARD {
			type filter hook forward priority filter; policy drop;
			ct state established,related accept
			jump user
		}
	}
EOF2
doctor 7 vpn0 --no-dns
found failure firewall "chain FORWARD of table ip filter drops all packets of clients" vpn0
in_server nft add rule ip filter FORWARD jump services
doctor 0 vpn0 --no-dns
found warning firewall "chain FORWARD of table ip filter drops what it does not accept, and none of its rules names the VPN" vpn0
in_server nft add rule ip filter user iifname "vpn*" accept
in_client ping -q -c 1 -W 2 "$web6"
doctor 0 vpn0 --no-dns
found ok firewall "chain FORWARD of table ip filter drops what it does not accept, and has a rule for the VPN" vpn0
in_server nft -f - <<-'EOF2'
	delete table ip filter
	table inet fw {
		chain last {
			type filter hook forward priority filter + 10; policy accept;
			ct state vmap { established : accept, related : accept }
			counter reject with icmpx type admin-prohibited
		}
		chain input {
			type filter hook input priority filter; policy drop;
		}
	}
EOF2
doctor 7 vpn0 --no-dns
found failure firewall "chain last of table inet fw drops all packets of clients" vpn0
equal "$(failures)" 1 "only the forward hook counts"
in_server nft delete table inet fw

# what follows is the same under every kernel, and under emulation takes minutes
if emulated; then exit 0; fi

say "settings: changed after the load, wrong, of an instance that is not loaded"
echo 'min-lease = 3h' >> "$config"
doctor 0 vpn0 --no-dns
found warning config "the running settings differ from" vpn0
mended
sed -i '$d' "$config"
mended
printf '[nat64]\npool = 1.2.3.4\n' > "$NAT64_BPF_CONF_DIR/other.conf"
doctor 7 --no-dns
found failure config "other.conf:2" other
found ok config "vpn0.conf: fine" vpn0
printf '[nat64]\ninterface = tun9\npool = 10.70.0.0/16\n' > "$NAT64_BPF_CONF_DIR/other.conf"
doctor 7 --no-dns
found failure interface "tun9: interface absent" other
rm "$NAT64_BPF_CONF_DIR/other.conf"

say "files: a damaged state, one set aside, a seed that others can read, folders that cannot be written"
in_server nat64-bpf map add vpn0 192.168.240.60 fd00::60 -q
doctor 0 vpn0 --no-dns
found ok state "vpn0.map: 2 bindings" vpn0
cp "$tmp/state/vpn0.map" "$tmp/whole.map"
sed -i '/^# crc32/s/.$/x/; s/fd00::60/fd00::61/' "$tmp/state/vpn0.map"
cp "$tmp/state/vpn0.map" "$tmp/state/old.map.bad"
chmod 644 "$tmp/state/seed"
doctor 7 vpn0 --no-dns
found failure state "vpn0.map: its checksum is wrong" vpn0
found warning state "old.map.bad: a damaged state file that was set aside"
found warning seed "readable by other users"
[ -e "$tmp/state/vpn0.map" ] || fail "doctor renamed the state file"
cp "$tmp/whole.map" "$tmp/state/vpn0.map"
rm "$tmp/state/old.map.bad"
cp "$tmp/state/seed" "$tmp/seed"
echo broken > "$tmp/state/seed"
doctor 7 vpn0 --no-dns
found failure seed "damaged"
cp "$tmp/seed" "$tmp/state/seed"
chmod 600 "$tmp/state/seed"
in_server mount --bind "$tmp/state" "$tmp/state"
in_server mount -o remount,bind,ro "$tmp/state"
doctor 7 vpn0 --no-dns
found failure state "Read-only file system"
found failure state "cannot be saved: Read-only file system" vpn0
found failure log "vpn0.log: cannot be written" vpn0
in_server umount "$tmp/state"
doctor 0 vpn0 --no-dns

if [ -d /run/systemd ] && [ -d /etc/systemd/system ]; then
	say "systemd: an instance that nothing starts"
	in_server mount -t tmpfs none /run/systemd
	in_server mount -t tmpfs none /etc/systemd/system
	in_server mkdir /run/systemd/system /etc/systemd/system/multi-user.target.wants
	doctor 0 vpn0 --no-dns
	found warning systemd "no unit is enabled" vpn0
	in_server ln -s /nowhere "/etc/systemd/system/multi-user.target.wants/nat64-bpf-run@vpn0.service"
	doctor 0 vpn0 --no-dns
	found ok systemd "nat64-bpf-run@vpn0.service is enabled" vpn0
	in_server umount /run/systemd /etc/systemd/system
fi

say "without privileges it says which"
status 7 in_server setpriv --reuid 65534 --clear-groups --bounding-set -all --inh-caps -all \
	env "PATH=$PATH" nat64-bpf doctor --no-dns -j
cp "$tmp/out" "$tmp/report"
found failure capabilities "lacks CAP_NET_ADMIN CAP_BPF CAP_PERFMON"
found skipped kernel "cannot be probed without privileges"
found skipped nft "cannot be queried without privileges"

say "DNS64: with the prefix, with another one, none, none that answers, none asked"
# a copy: the AppArmor profile of the packaged one lets it read /etc/unbound only
cp "$(command -v unbound)" "$tmp/unbound"
chmod 755 "$tmp"
unbound() {
	local name=$1 where=$2

	{ printf 'server:\n\tusername: ""\n\tchroot: ""\n\tpidfile: ""\n\tuse-syslog: no\n\tnum-threads: 1\n'
	  printf '\tdo-not-query-localhost: no\n'; cat; } > "$tmp/$name.conf"
	start "$name" "$where" "$tmp/unbound" -d -d -c "$tmp/$name.conf"
}
dns64() {
	unbound "$1" in_server <<-EOF2
			interface: $2
			access-control: 0.0.0.0/0 allow
			access-control: ::/0 allow
			module-config: "dns64 iterator"
			dns64-prefix: $3
			local-zone: "ipv4only.arpa." nodefault
			local-zone: "arpa." nodefault
		stub-zone:
			name: "ipv4only.arpa."
			stub-addr: 192.88.99.5
	EOF2
}
# resolv ADDRESS...: of the server
resolv() {
	printf 'nameserver %s\n' "$@" > "$tmp/resolv.conf"
}
: > "$tmp/resolv.conf"
in_server mount --bind "$tmp/resolv.conf" /etc/resolv.conf
unbound plain in_web <<-'EOF2'
		interface: 192.88.99.5
		access-control: 0.0.0.0/0 allow
		local-zone: "ipv4only.arpa." static
		local-data: "ipv4only.arpa. SOA a. b. 1 3600 600 86400 60"
		local-data: "ipv4only.arpa. A 192.0.0.170"
		local-data: "ipv4only.arpa. A 192.0.0.171"
EOF2
answers() { in_server dig +time=1 +tries=1 "$1" ipv4only.arpa "@$2" | grep "$3" > /dev/null; }
until_true 20 answers A 192.88.99.5 192.0.0.170
doctor 0 vpn0
found skipped dns64 "lists no resolver" vpn0
resolv 192.88.99.5
doctor 0 vpn0
found warning dns64 "192.88.99.5: no DNS64" vpn0
resolv 127.0.0.1
doctor 0 vpn0
found warning dns64 "127.0.0.1: the query failed: Connection refused" vpn0
resolv 198.51.100.1			# web, the way there, says nothing
in_web ip route add blackhole 198.51.100.0/24
doctor 0 vpn0
found warning dns64 "198.51.100.1: " vpn0

dns64 wrong 127.0.0.1 2001:db8:64::/96
until_true 20 answers AAAA 127.0.0.1 2001:db8:64::c000:aa
resolv 127.0.0.1
doctor 7 vpn0
found failure dns64 "127.0.0.1: DNS64 with the prefix 2001:db8:64::/96, which is not 64:ff9b::/96" vpn0
in_server nat64-bpf load vpn0 --prefix 2001:db8:64::/96 --replace -q
doctor 0 vpn0
found ok dns64 "127.0.0.1: DNS64 with 2001:db8:64::/96" vpn0
in_server nat64-bpf load vpn0 --replace -q

dns64 right fd00::1 64:ff9b::/96
until_true 20 answers AAAA fd00::1 64:ff9b::c000:aa
resolv 192.88.99.5 127.0.0.1
doctor 0 vpn0
found ok dns64 "fd00::1: DNS64 with 64:ff9b::/96" vpn0
found ok dns64 "192.88.99.5: no DNS64; another resolver has it" vpn0
found warning dns64 "127.0.0.1: DNS64 with the prefix 2001:db8:64::/96" vpn0
doctor 0 vpn0 --no-dns
found skipped dns64 "no resolver was queried" vpn0

say "what is not there any more: the interface"
kill "${started[1]}"			# tunpipe
until_true 10 in_server sh -c '! ip link show vpn0'
doctor 7 vpn0 --no-dns
found failure interface "vpn0: interface absent" vpn0
