#!/bin/bash
#   client [fd00::2, ::3; routers ::9, ::a] --veth-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web
#
# On Ethernet the egress program addresses frames itself, with what it has learned from the neighbour layer (bpf/link.h):
# each frame goes to its client, or to the router in front of it, and follows within a second when that changes.
. "${0%/*}/lib.sh"
topology veth
. "$here/ends.inc"
neighbour() { ends neighbour.py "$@"; }
mac=$(in_client cat /sys/class/net/vpn0/address)
count=1000
! emulated || count=200

say "$count datagrams: all arrive, in order, addressed to the client"
in_server nat64-bpf load vpn0
neighbour frames fd00::2 $count 5 > "$tmp/got"
equal "$(cat "$tmp/got")" "$mac $count
order" "frames"

say "another client: its own address"
ip -n "$client" link add link vpn0 name other type macvlan mode bridge
ip -n "$client" link set other address 02:00:00:00:33:03 up
ip -n "$client" addr add fd00::3/64 dev other nodad
ip -n "$client" route add "$web6/128" via fd00::1 dev other src fd00::3 table 3
ip -n "$client" rule add from fd00::3 table 3 2> /dev/null || ip -n "$client" -6 rule add from fd00::3 table 3
neighbour frames fd00::3 50 5 > "$tmp/got"
equal "$(cat "$tmp/got")" "02:00:00:00:33:03 50
order" "frames to the other client"
neighbour frames fd00::2 50 5 > "$tmp/got"
equal "$(cat "$tmp/got")" "$mac 50
order" "frames to the first client afterwards"

# changed SECONDS WANTED COMMAND...: the address of the frames, within a second of COMMAND.
changed() {
	local want=$2 seconds=$1 was now ms

	shift 2
	! emulated || seconds=$((seconds * 4))
	read -r was now ms <<< "$(neighbour flow fd00::2 "$seconds" "$@")"
	equal "$now" "$want" "address of the last frames"
	say "from $was to $now after $ms ms"
	[ "$ms" -le 1000 ] || emulated || fail "it took $ms ms"
	total=$((total + ms))
}
total=0

say "the neighbour entry changes under a flow"
ip -n "$client" link set vpn0 promisc on
changed 3 02:00:00:00:22:02 ip -n "$server" neigh replace fd00::2 lladdr 02:00:00:00:22:02 nud permanent dev vpn0
changed 3 "$mac" ip -n "$server" neigh replace fd00::2 lladdr "$mac" nud permanent dev vpn0

say "a router in front of the client, then another one"
ip -n "$server" neigh replace fd00::9 lladdr 02:00:00:00:09:09 nud permanent dev vpn0
ip -n "$server" neigh replace fd00::a lladdr 02:00:00:00:0a:0a nud permanent dev vpn0
changed 3 02:00:00:00:09:09 ip -n "$server" -6 route add fd00::2/128 via fd00::9 dev vpn0
changed 3 02:00:00:00:0a:0a ip -n "$server" -6 route replace fd00::2/128 via fd00::a dev vpn0
changed 3 "$mac" ip -n "$server" -6 route del fd00::2/128

# Five changes met an address that was 0 to 100 ticks old. Through the neighbour layer each would take one frame. In a
# guest the end of the command comes that much later than its change.
[ "$total" -ge 60 ] || emulated || fail "the program does not address frames itself: $total ms in all"

say "the client's pool address goes to another client: no frame to the old one"
addr4=$(in_server nat64-bpf map lookup vpn0 fd00::2 -j | json "d['addr4']")
neighbour frames fd00::2 50 5 > "$tmp/got"
in_server nat64-bpf map del vpn0 fd00::2
in_server nat64-bpf map del vpn0 fd00::3
in_server nat64-bpf map add vpn0 "$addr4" fd00::3
neighbour frames fd00::3 50 5 > "$tmp/got"
equal "$(cat "$tmp/got")" "02:00:00:00:33:03 50
order" "frames to the address's new client"

say "without IPv6 forwarding, and mapping = linear"
in_server sysctl -qw net.ipv6.conf.all.forwarding=0
neighbour frames fd00::3 50 5 > "$tmp/got"
grep -q "^02:00:00:00:33:03 50" "$tmp/got" || { cat "$tmp/got"; fail "without IPv6 forwarding"; }
in_server nat64-bpf map del vpn0 fd00::3
in_server nat64-bpf load vpn0 --mapping linear --replace
neighbour frames fd00::3 $((count / 2)) 5 > "$tmp/got"
equal "$(head -1 "$tmp/got")" "02:00:00:00:33:03 $((count / 2))" "frames to a client that has no slot of its own"
neighbour frames fd00::2 $((count / 2)) 5 > "$tmp/got"
equal "$(head -1 "$tmp/got")" "$mac $((count / 2))" "frames to another one"

say "a client that went away comes back"
ip -n "$server" neigh del fd00::2 dev vpn0
ip -n "$client" addr del fd00::2/64 dev vpn0
sleep 1
client_addr fd00::2
ip -n "$client" route replace default via fd00::1 dev vpn0
neighbour frames fd00::2 50 5 > "$tmp/got"
equal "$(head -1 "$tmp/got")" "$mac 50" "frames to it"
