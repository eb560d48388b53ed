#!/bin/bash
# kinds: veth tun
#   client [fd00::2] --vpn0-- server [nat64-bpf, pool 192.168.240.0/20] --wan0-- web [192.88.99.5], default route
#                             server --wan1-- web [192.88.98.5], for the multipath route
#
# What the host does to packets of clients and to the replies is the kernel's own decision: load warns, status is
# degraded and doctor fails, each naming the interface, rule or table; with the fix that is said, all is well again.
. "${0%/*}/lib.sh"
topology "$kind"
in_server ip route add default via 192.88.99.5
in_server nat64-bpf load vpn0
up() { in_client ping -c 1 -W 2 "$web6" > /dev/null; }
# well: nothing to find, and it works
well() {
	status 0 in_server nat64-bpf -q load vpn0	# the fast path goes by the default routes
	equal "$(cat "$tmp/err")" "" "warnings of load where all is well"
	up || fail "does not translate: $*"
	status 0 in_server nat64-bpf status -q vpn0
	status 0 in_server nat64-bpf doctor vpn0 --no-dns
}
# ill TEXT FIX: nothing passes (unless $passes is set), and TEXT is said by load, status and doctor, FIX by two of them.
ill() {
	[ -n "${passes-}" ] || ! up || fail "it works, though: $1"
	status 7 in_server nat64-bpf status -q vpn0
	in_server nat64-bpf status vpn0 > "$tmp/out" || true
	grep -qF "$1" "$tmp/out" || { cat "$tmp/out"; fail "status does not say: $1"; }
	status 7 in_server nat64-bpf doctor vpn0 --no-dns
	grep -F "$1" "$tmp/out" | grep -q '^  failure  route ' || { cat "$tmp/out"; fail "doctor does not say: $1"; }
	grep -F "$2" "$tmp/out" | grep -q 'fix:' || { cat "$tmp/out"; fail "doctor does not advise: $2"; }
	status 0 in_server nat64-bpf load vpn0
	grep -qF "warning: ${1%%: a blackhole*}" "$tmp/err" || { cat "$tmp/err"; fail "load does not warn: $1"; }
	grep -F "$2" "$tmp/err" | grep -q '^fix:' || { cat "$tmp/err"; fail "load does not advise: $2"; }
}
well

say "forwarding per interface"
for dev in vpn0 wan0; do
	in_server sysctl -qw "net.ipv4.conf.$dev.forwarding=0"
	ill "$dev: IPv4 forwarding is off on this interface" "sysctl -w net/ipv4/conf/$dev/forwarding=1"
	in_server sysctl -qw "net/ipv4/conf/$dev/forwarding=1"
	well "$dev"
done
in_server nat64-bpf unload vpn0
in_server sysctl -qw net.ipv4.ip_forward=1
in_server sysctl -qw net.ipv4.conf.vpn0.forwarding=0
status 7 in_server nat64-bpf doctor vpn0 --no-dns
grep -q "failure  route  *vpn0: IPv4 forwarding is off" "$tmp/out" || { cat "$tmp/out"; fail "not loaded: doctor"; }
status 0 in_server nat64-bpf load vpn0
grep -q "^warning: vpn0: IPv4 forwarding is off" "$tmp/err" || { cat "$tmp/err"; fail "load does not warn"; }
in_server sysctl -qw net.ipv4.conf.vpn0.forwarding=1
well "after the load"

say "rules and routes that drop what clients send"
for what in blackhole prohibit; do
	in_server ip rule add iif vpn0 pref 10 $what
	ill "packets of clients from vpn0 to IPv4 are not routed" "ip route get"
	in_server ip rule del pref 10
	well "$what"
done
in_server ip route replace unreachable default
passes=1 ill "packets of clients from vpn0 to IPv4 are not routed" "ip route get"
in_server ip route replace default via 192.88.99.5
well unreachable

say "the default route is in a table that is not asked for clients"
in_server ip route del default
in_server ip route add default via 192.88.99.5 table 100
passes=1 ill "packets of clients from vpn0 to IPv4 are not routed" "ip rule add iif vpn0 lookup 100"
in_server ip rule add iif vpn0 lookup 100
well "rule for clients"

say "replies led astray by a rule that comes before table main"
in_server ip rule add iif wan0 pref 10 lookup 100
ill "replies from wan0 to the pool 192.168.240.0/20 are not routed to vpn0" "ip rule add to 192.168.240.0/20 lookup main pref 1"
in_server ip rule add to 192.168.240.0/20 lookup main pref 1
well "the rule for the pool"
in_server ip rule del pref 10
in_server ip rule del pref 1

say "reverse path filter: the rule for the way back of what clients send leads elsewhere"
in_server sysctl -qw net.ipv4.conf.vpn0.rp_filter=1
well "strict"
in_server ip rule add iif wan0 pref 10 lookup 100
ill "packets of clients from vpn0 to IPv4 are not routed: a blackhole, or the reverse path filter (rp_filter)" "ip route get"
in_server ip rule del pref 10
in_server sysctl -qw net.ipv4.conf.vpn0.rp_filter=0
in_server ip rule del iif vpn0 lookup 100
in_server ip route add default via 192.88.99.5
well "as at first"

say "multipath: the second way out does not forward what comes back"
ip -n "$server" link add wan1 type veth peer name eth1 netns "$web"
ip -n "$server" addr add 192.88.98.1/24 dev wan1
ip -n "$web" addr add 192.88.98.5/24 dev eth1
ip -n "$server" link set wan1 up
ip -n "$web" link set eth1 up
in_server ip route replace default nexthop via 192.88.99.5 nexthop via 192.88.98.5
well "both ways"
in_server sysctl -qw net.ipv4.conf.wan1.forwarding=0
passes=1 ill "wan1: IPv4 forwarding is off on this interface" "sysctl -w net/ipv4/conf/wan1/forwarding=1"
in_server sysctl -qw net.ipv4.conf.wan1.forwarding=1
well "both ways again"

say "a prefix inside the VPN's own network"
prefix=fd00::64:0:0:0/96
status 0 in_server nat64-bpf load vpn0 --replace --prefix $prefix
if [ "$kind" = veth ]; then
	grep -q "^warning: prefix $prefix lies inside fd00::/64" "$tmp/err" || { cat "$tmp/err"; fail "load does not warn"; }
	grep -q "^fix: .*ip -6 route add $prefix via fd00::1" "$tmp/err" || { cat "$tmp/err"; fail "no advice"; }
	status 1 in_client ping -c 1 -W 1 fd00::64:0:c058:6305
	status 0 in_server nat64-bpf doctor vpn0 --no-dns
	grep -q "warning  route  *prefix $prefix lies inside" "$tmp/out" || { cat "$tmp/out"; fail "doctor does not warn"; }
	in_client ip -6 route add $prefix via fd00::1
else
	! grep -q '^warning' "$tmp/err" || { cat "$tmp/err"; fail "load warns, though a TUN has no neighbours"; }
fi
in_client ping -c 1 -W 2 fd00::64:0:c058:6305 > /dev/null

say "a VRF"
in_server nat64-bpf unload vpn0
if ! in_server ip link add blue type vrf table 10 2> /dev/null; then
	say "none in this kernel"
	exit 0
fi
in_server ip link set blue up
in_server ip link set vpn0 master blue
status 1 in_server nat64-bpf load vpn0
grep -q "^error: vpn0: cannot be served in the VRF blue" "$tmp/err" || { cat "$tmp/err"; fail "not said"; }
in_server ip link set vpn0 nomaster
in_server ip -6 addr replace fd00::1/64 dev vpn0 nodad
in_server ip route del default
in_server ip route add default via 192.88.99.5 table 10
in_server ip rule add iif vpn0 lookup 10
status 0 in_server nat64-bpf load vpn0
well "routed by the VRF's table"
in_server ip link set wan0 master blue
in_server ip route replace default via 192.88.99.5 table 10
ill "replies from wan0 to the pool 192.168.240.0/20 are not routed" "ip r"
