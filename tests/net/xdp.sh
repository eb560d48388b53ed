#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf, xdp = native or generic] --veth-- web [192.88.99.5]
#
# XDP translates what has a complete checksum and a binding, and passes all else on to TC as it came: data, counters,
# change in place, nothing left behind.
. "${0%/*}/lib.sh"
topology veth
serve
count=1000 bytes=20000000
if emulated; then
	count=200 bytes=1000000
fi
attach() { in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['attach'].get('$1')"; }
# What `ip link` says: the kernel's own word for the mode.
kernel_mode() { ip -n "$server" link show vpn0 | grep -oE ' xdp(generic|drv|offload)? ' | tr -d ' ' || true; }
checksums() { in_client ethtool -K vpn0 tx "$1" > /dev/null; }

# in_xdp WAY: datagrams of a transfer that came translated out of XDP, and those that came as IPv6. An ETH_P_ALL socket
# sits behind XDP and before TC.
in_xdp() {
	rm -f "$tmp/sniff.log"		# of the last one: it says that it is listening
	start sniff nsenter --net="/run/netns/$server" tcpdump -Z root -i vpn0 -Q in -nn -s 128 -B 8192 -w "$tmp/sniff.pcap"
	sniff=$!
	until_true 20 grep -q listening "$tmp/sniff.log"
	in_client xfer udp-up "$web6" 5000 $count 1000
	sleep 0.5
	equal "$(in_client xfer udp-report "$web6" 5000)" "$count 0" "datagrams up"
	sleep 1
	kill "$sniff"
	wait "$sniff" || true
	in4=$(tcpdump -nn -r "$tmp/sniff.pcap" 'ip and udp dst port 5000' 2> /dev/null | wc -l)
	in6=$(tcpdump -nn -r "$tmp/sniff.pcap" 'ip6 and udp dst port 5000' 2> /dev/null | wc -l)
	say "$in4 datagrams out of XDP, $in6 left to TC"
	equal $((in4 + in6 >= count)) 1 "datagrams seen"
}

mostly_in_xdp() { [ "$in4" -ge $((count * 99 / 100)) ] || fail "$1: $in4 datagrams of $count out of XDP"; }

other_traffic() {
	local mac

	mac=$(in_server cat /sys/class/net/vpn0/address)
	python3 "$here/xdp_other.py" frames 02:6f:74:68:65:72 "$mac" > "$tmp/sent"
	rm -f "$tmp/other.log"
	start other in_server timeout 30 python3 "$here/xdp_other.py" capture vpn0 "$tmp/arrived"
	other=$!
	ready other
	in_client python3 "$here/xdp_other.py" send vpn0 < "$tmp/sent"
	wait "$other"
	in_server nat64-bpf -q map del vpn0 fd00::77		# as before: that client has no binding
	diff "$tmp/sent" "$tmp/arrived" || fail "$1: other traffic is not as it came"
}

binding() { in_server nat64-bpf -j map list vpn0 | json "[b['addr4'] for b in d['bindings'] if b['addr6'] == 'fd00::2']"; }

host_state > "$tmp/before"
in_server nat64-bpf load vpn0
in_client ping -c 1 -W 2 "$web6"
first=$(binding)
for mode in native generic; do
	say "$mode"
	in_server nat64-bpf load vpn0 --xdp $mode --dry-run > "$tmp/dry"
	grep -q "^# attach nat64_xdp in XDP ($mode) of vpn0$" "$tmp/dry"
	in_server nat64-bpf load vpn0 --xdp $mode
	equal "$(attach xdp)" $mode "status"
	case $mode in native) word=xdp ;; generic) word=xdpgeneric ;; esac
	equal "$(kernel_mode)" "$word" "the kernel's word"
	in_server nat64-bpf -q status vpn0
	in_server nat64-bpf -j load vpn0 > "$tmp/out"
	grep -q '"changed":false' "$tmp/out" || fail "a second load changed something"
	[ -z "$(in_server nat64-bpf -q load vpn0 --dry-run)" ] || fail "a second load would change something"
	equal "$(binding)" "$first" "bindings"
	in_client ping -c 2 -i 0.2 -W 2 "$web6"
	for offloads in on off; do
		say "$mode, the client's checksums and GSO $offloads"
		checksums $offloads
		was=$(counter in64)
		in_xdp
		# an open checksum is the business of TC, which knows of it
		case $offloads in
		on)	equal "$in4" 0 "datagrams with open checksums out of XDP" ;;
		off)	mostly_in_xdp "$mode" ;;
		esac
		[ $(($(counter in64) - was)) -ge $count ] || fail "in64 grew by $(($(counter in64) - was))"
		for size in 1 1200 $bytes; do
			in_client xfer tcp-up "$web6" 5000 "$size"
			in_client xfer tcp-down "$web6" 5000 "$size"
		done
		if [ $offloads = on ]; then		# Linux 6.1 sends no UDP GSO without checksum offload
			in_client xfer udp-up "$web6" 5000 $count 1200 40
			sleep 0.5
			equal "$(in_client xfer udp-report "$web6" 5000)" "$count 0" "datagrams of UDP GSO up"
		fi
		equal "$(in_client xfer udp-down "$web6" 5000 $count 1200)" "$count 0" "datagrams down"
	done
	checksums on
	other_traffic $mode
done

say "beside another program of libxdp"
in_server nat64-bpf load vpn0 --xdp native
programs() { in_server xdppass list vpn0 | sort | xargs; }
if [ "$(attach note)" = None ]; then
	in_server xdppass attach vpn0
	equal "$(programs)" "nat64_xdp xdp_pass" "programs of the dispatcher"
	in_server nat64-bpf -q status vpn0
	[ -z "$(in_server nat64-bpf -q load vpn0 --dry-run)" ] || fail "a load would change something"
	checksums off
	in_xdp
	mostly_in_xdp "beside another program"
	checksums on
	in_server nat64-bpf load vpn0 --xdp off
	equal "$(programs)" xdp_pass "programs of the dispatcher"
	in_server nat64-bpf load vpn0 --xdp native
	equal "$(programs)" "nat64_xdp xdp_pass" "programs of the dispatcher"
	in_server xdppass detach vpn0
	equal "$(programs)" nat64_xdp "programs of the dispatcher"
	in_server nat64-bpf -q status vpn0
else
	say "no dispatcher here: $(attach note)"
	status 1 in_server xdppass attach vpn0
	in_server nat64-bpf -q status vpn0
fi

say "off again, auto, and native, in place"
in_server nat64-bpf load vpn0 --xdp off
equal "$(attach xdp), $(attach why), $(kernel_mode)" "none, None, " "status"
in_client ping -c 1 -W 2 "$web6"
in_server nat64-bpf load vpn0 --xdp auto
equal "$(attach xdp), $(kernel_mode)" "none, " "status"
[ "$(attach why)" != None ] || fail "no reason for auto"
in_server nat64-bpf status vpn0 | grep '^  xdp  *off: ' > /dev/null
in_server nat64-bpf load vpn0 --xdp native
equal "$(attach xdp)" native "status"

say "with the capabilities of a service"
service() {
	nsenter --net="/run/netns/$server" --mount="/proc/$holder/ns/mnt" \
		setpriv --bounding-set -all,+net_admin,+bpf,+perfmon --inh-caps -all nat64-bpf "$@"
}
if [ "$(attach note)" = None ]; then
	status 4 service unload vpn0
	grep -q CAP_SYS_ADMIN "$tmp/err"
	status 4 service load vpn0 --xdp off
	in_server nat64-bpf -q status vpn0
	equal "$(attach xdp)" native "status"
fi
in_server nat64-bpf load vpn0 --xdp off
status 0 service load vpn0 --xdp native
equal "$(attach xdp)" native "status"
[ "$(attach note)" != None ] || fail "in the dispatcher without CAP_SYS_ADMIN?"
in_client ping -c 1 -W 2 "$web6"
status 0 service load vpn0 --xdp off
equal "$(kernel_mode)" "" "the kernel's word"
in_server nat64-bpf load vpn0 --xdp native

say "another pool: the old maps' program does not stay"
checksums off
in_server nat64-bpf load vpn0 --replace --pool 192.168.16.0/20
equal "$(attach xdp)" native "status"
in_client ping -c 1 -W 2 "$web6"
in_xdp
mostly_in_xdp "another pool"
equal "$(tcpdump -nn -r "$tmp/sniff.pcap" 'ip src net 192.168.240.0/20' 2> /dev/null | wc -l)" 0 "packets of the old pool"
checksums on

say "unload"
in_server nat64-bpf unload vpn0 --dry-run > "$tmp/dry"
grep -q '^# detach nat64_xdp from XDP of vpn0$' "$tmp/dry"
in_server nat64-bpf unload vpn0
host_state > "$tmp/after"
same_host "$tmp/before" "$tmp/after"
equal "$(find "$tmp/run" -type f ! -name lock)" "" "files in the run folder"

say "a folder of libxdp that was there before stays"
in_server mkdir /sys/fs/bpf/xdp
in_server nat64-bpf load vpn0 --xdp native
in_server nat64-bpf unload vpn0
in_server rmdir /sys/fs/bpf/xdp
host_state > "$tmp/after"
same_host "$tmp/before" "$tmp/after"
