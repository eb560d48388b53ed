#!/bin/bash
#   client [fd00::2] --veth or tun-- server [nat64-bpf, its parts taken away and altered] --veth-- web [192.88.99.5]
#
# Each part of an instance is removed and altered by hand, and all five see it: the dry run shows exactly that, status is
# degraded and names it, doctor names it with its fix, load repairs it, run repairs it and reports it. A part without
# a row here fails the test.
# kinds: veth tun
# Not in guests: the hooks and XDP are made otherwise there.
LIMIT=300
. "${0%/*}/lib.sh"
PATH=$tools/../net-lib:$PATH
topology "$kind"
in_server mount -t tmpfs none "$NAT64_BPF_RUN_DIR"		# as /run is
pins=/sys/fs/bpf/nat64-bpf/vpn0 record=$tmp/run/vpn0.undo
printf '[nat64]\nstatic = 203.0.113.9 fd00::9\n' > "$tmp/conf/vpn0.conf"
via="" onlink="" mtu=1392
if [ "$kind" = veth ]; then
	via="via 169.254.64.64 " onlink=" onlink" mtu=1472
fi
route_line() { echo "ip route replace $1 ${via}dev vpn0$onlink proto 64 mtu $mtu src 192.168.240.1"; }
pool_line=$(route_line 192.168.240.0/20) outside_line=$(route_line 203.0.113.9/32)
table_line="nft table inet nat64_bpf_vpn0"
hooks_line="# attach nat64_in at TC ingress and nat64_out at TC egress of vpn0"
settings_line="# map nat64_config: write the settings"
works() { in_client ping -q -c 1 -W 2 "$web6" > /dev/null || in_client ping -q -c 2 -W 2 "$web6" > /dev/null || fail "no reply: $*"; }
whole() {
	status 0 in_server nat64-bpf -q status vpn0
	equal "$(in_server nat64-bpf -q load vpn0 --dry-run)" "" "to be done after $*"
	works "$*"
}
# harm NAME: takes a part away, or alters it. What it is, by hand.
harm() {
	case $1 in
	record-gone)	in_server rm "$record" ;;
	record-other)	in_server sed -i 's/^interface \([0-9]*\) vpn0/interface \1 vpn9/' "$record" ;;
	forwarding)	in_server sysctl -qw net.ipv4.ip_forward=0 ;;
	map-gone)	in_server rm $pins/nat64_events ;;
	program-other)	in_server rm $pins/nat64_out
			in_server bpftool prog pin pinned $pins/nat64_in $pins/nat64_out ;;
	settings)	in_server bpftool -j map dump pinned $pins/nat64_config | json '" ".join(
				b[2:] if i != at + 1 else "%02x" % (int(b, 16) ^ 1)
				for v in [d[0]["value"]] for lease in [d[0]["formatted"]["value"]["max_lease"]]
				for at in [bytes(int(b, 16) for b in v).index(lease.to_bytes(8, "little"))]
				for i, b in enumerate(v))' > "$tmp/value"
			# shellcheck disable=SC2046 # bytes are words
			in_server bpftool map update pinned $pins/nat64_config key hex 00 00 00 00 value hex $(cat "$tmp/value") ;;
	static-gone)	in_server nat64-bpf -q map del vpn0 203.0.113.9 > /dev/null ;;
	table-gone)	in_server nft delete table inet nat64_bpf_vpn0 ;;
	rule-more)	in_server nft insert rule inet nat64_bpf_vpn0 post accept ;;
	rule-fewer)	in_server nft flush chain inet nat64_bpf_vpn0 nat ;;
	policy)		in_server nft add chain inet nat64_bpf_vpn0 post '{ policy drop; }' ;;
	element)	in_server nft delete element inet nat64_bpf_vpn0 pool4 '{ 203.0.113.9 }' ;;
	own4)		in_server ip addr del 192.168.240.1/32 dev vpn0 ;;
	neighbour-gone)	in_server ip neigh del 169.254.64.64 dev vpn0 ;;
	neighbour-other) in_server ip neigh replace 169.254.64.64 lladdr 02:00:00:00:00:01 nud permanent dev vpn0 ;;
	route-gone)	in_server ip route del 192.168.240.0/20 dev vpn0 ;;
	route-mtu)	# shellcheck disable=SC2086 # words
			in_server ip route replace 192.168.240.0/20 ${via}dev vpn0$onlink proto 64 mtu 1300 src 192.168.240.1 ;;
	route-bare)	in_server ip route replace 192.168.240.0/20 dev vpn0 proto 64 mtu $mtu ;;
	route-no-hop)	in_server ip route replace 192.168.240.0/20 dev vpn0 proto 64 mtu $mtu src 192.168.240.1 ;;
	outside-gone)	in_server ip route del 203.0.113.9/32 dev vpn0 ;;
	outside-other)	in_server ip route replace 203.0.113.9/32 dev vpn0 proto 64 mtu 1300 ;;
	outside-more)	in_server ip route add 203.0.113.77/32 dev vpn0 proto 64 ;;
	hooks-gone)	in_server rm -f $pins/link_in $pins/link_out
			in_server tc qdisc del dev vpn0 clsact 2> /dev/null || true ;;
	hook-gone)	if [ -n "$tcx" ]; then
				in_server bpftool link detach pinned $pins/link_in
			else
				in_server tc filter del dev vpn0 ingress
			fi ;;
	hook-other)	if [ -n "$tcx" ]; then
				in_server python3 "$here/raw.py" link-update $pins/link_in $pins/nat64_out
			else
				in_server tc filter replace dev vpn0 ingress protocol all prio 20020 handle 1 \
					bpf direct-action object-pinned $pins/nat64_out
			fi ;;
	left-own4)	in_server ip addr add 10.99.0.1/32 dev vpn0
			in_server sh -c "echo left \$(cat /sys/class/net/vpn0/ifindex) >> $record && echo left-address 10.99.0.1 >> $record" ;;
	xdp-gone)	ip -n "$server" link set dev vpn0 xdpgeneric off ;;
	xdp-other)	ip -n "$server" link set dev vpn0 xdpgeneric off
			in_server bpftool net attach xdpdrv pinned $pins/nat64_xdp dev vpn0 ;;
	esac
}
covered=""
# looked HARM PART KIND LINE...: the changes that three of the five see; of several the first is the row's.
looked() {
	local what=$1

	shift
	status 0 in_server nat64-bpf -q load vpn0 --dry-run
	sed '/^nft -f - <</,/^EOF$/c\nft table inet nat64_bpf_vpn0' "$tmp/out" > "$tmp/dry"
	while [ $# -gt 0 ]; do
		printf '%s\n' "$3" >> "$tmp/want"
		printf '%s: %s (%s)\n' "$2" "$1" "$3" >> "$tmp/faults"
		shift 3
	done
	diff -u "$tmp/want" "$tmp/dry" || fail "$what: the dry run"
	status 7 in_server nat64-bpf -j status vpn0
	json "d['instances'][0]['state'] + ''.join('\n' + f['what'] for f in d['instances'][0]['faults'])" < "$tmp/out" > "$tmp/status"
	{ echo degraded; cat "$tmp/faults"; } | diff -u - "$tmp/status" || fail "$what: status"
	status 7 in_server nat64-bpf -j doctor vpn0 --no-dns
	json "'\n'.join(f['what'] for f in d['findings'] if f['result'] == 'failure' and 'nat64-bpf load vpn0' in f['fix'])" \
		< "$tmp/out" | diff -u "$tmp/faults" - || fail "$what: doctor"
}
rows=()
# row HARM PART KIND LINE [PART KIND LINE]...: seen, and repaired by a load.
row() {
	rows+=("$1")
	covered+="$2
"
	: > "$tmp/want"
	: > "$tmp/faults"
	harm "$1"
	looked "$@"
	cp "$tmp/want" "$tmp/lines-$1"
	in_server nat64-bpf -q load vpn0 > /dev/null
	whole "$1"
}
forwarding_row=(forwarding "IPv4 forwarding" altered "sysctl -w net.ipv4.ip_forward=1")

in_server nat64-bpf -q load vpn0 > /dev/null
whole "the first load"
tcx=$(in_server sh -c "ls $pins/link_in 2> /dev/null" || true)
say "looked at, and repaired by load"
row record-gone record missing "# write $record" "programs and maps" altered "# update programs and maps in $pins" \
	"nft table" altered "$table_line"
row record-other record altered "# write $record"
row "${forwarding_row[@]}"
row map-gone "programs and maps" missing "# load programs and maps in $pins"
row program-other "programs and maps" altered "# update programs and maps in $pins" hooks altered "$hooks_line"
row settings settings altered "$settings_line"
row table-gone "nft table" missing "$table_line"
for edit in rule-more rule-fewer policy element; do
	row $edit "nft table" altered "$table_line"
done
neigh="ip neigh replace 169.254.64.64 lladdr 02:6e:61:74:36:34 nud permanent dev vpn0 protocol 64" taken=()
# with its last address an interface loses its neighbours
[ "$kind" = tun ] || taken=("placeholder neighbour" missing "$neigh")
row own4 own4 missing "ip address add 192.168.240.1/32 dev vpn0" "${taken[@]}" "pool route" missing "$pool_line" \
	"routes outside the pool" missing "$outside_line"
if [ "$kind" = veth ]; then
	row neighbour-gone "placeholder neighbour" missing "$neigh"
	row neighbour-other "placeholder neighbour" altered "$neigh"
	row route-no-hop "pool route" altered "$pool_line"
fi
row route-gone "pool route" missing "$pool_line"
row route-mtu "pool route" altered "$pool_line"
row route-bare "pool route" altered "$pool_line"
row outside-gone "routes outside the pool" missing "$outside_line"
row outside-other "routes outside the pool" altered "$outside_line"
row outside-more "routes outside the pool" "left over" "ip route del 203.0.113.77/32 dev vpn0 proto 64"
row hooks-gone hooks missing "$hooks_line"
row hook-gone hooks altered "$hooks_line"
row hook-other hooks altered "$hooks_line"
row left-own4 leftovers "left over" "ip address del 10.99.0.1/32 dev vpn0"

say "a static map that \`map del\` took away is missing to a load only"
covered+="static maps
"
harm static-gone
status 0 in_server nat64-bpf -q status vpn0
status 0 in_server nat64-bpf -q doctor vpn0 --no-dns
in_server nat64-bpf -q load vpn0 --dry-run > "$tmp/out"
grep -qx '# map add vpn0 203.0.113.9 fd00::9' "$tmp/out" || fail "the dry run of a load does not show it"
in_server nat64-bpf -q load vpn0 > /dev/null
whole static-gone

if [ "$kind" = veth ]; then
	say "in XDP"
	echo "xdp = generic" >> "$tmp/conf/vpn0.conf"
	in_server nat64-bpf -q load vpn0 > /dev/null
	xdp="# attach nat64_xdp in XDP (generic) of vpn0"
	row xdp-gone "XDP program" missing "$xdp"
	row xdp-other "old XDP program" "left over" "# detach nat64_xdp from XDP (native) of vpn0" "XDP program" altered "$xdp"
fi
in_server nat64-bpf -q unload vpn0 > /dev/null

say "repaired by run"
start run nsenter --net="/run/netns/$server" --mount="/proc/$holder/ns/mnt" nat64-bpf run vpn0
until_true 20 in_server nat64-bpf status vpn0 -q
repaired() {
	local line

	while IFS= read -r line; do
		tail -n +"$2" "$tmp/run.log" | grep -F "repaired: $line" || return 1
	done < "$tmp/lines-$1"
	in_server nat64-bpf status vpn0 -q
}
for what in "${rows[@]}"; do
	from=$(($(wc -l < "$tmp/run.log") + 1))
	harm "$what"
	# of neighbours, filters and files the kernel says nothing: run looks every 30 s, or with the next thing that changes
	[ "$what" = hook-other ] || in_server ip route add 198.51.100.99/32 dev wan0
	until_true 40 repaired "$what" "$from"
	in_server ip route del 198.51.100.99/32 dev wan0 2> /dev/null || true
	works "$what, by run"
done
kill "${started[-1]}"
wait "${started[-1]}" || true
in_server nat64-bpf -q unload vpn0 > /dev/null

parts > "$tmp/parts"
while IFS= read -r part; do
	[ "$kind" = veth ] || [[ $part != *XDP* && $part != placeholder* ]] || continue
	grep -qxF "$part" <<< "$covered" || fail "no row for the part $part"
done < "$tmp/parts"
