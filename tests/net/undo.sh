#!/bin/bash
#   client [fd00::2] --veth or tun-- server [nat64-bpf, twice] --veth-- web [192.88.99.5]
#                                      | other0 --veth-- other1
#
# unload leaves the host as it was: tc, links, addresses, neighbours, routes, rules, nft, sysctl and bpffs are compared,
# also with a second instance up, over what was there already, and beside what is somebody else's.
# kinds: veth tun
# Not in guests by default as tun: it takes long under emulation.
. "${0%/*}/lib.sh"
topology "$kind"
server_ip() { ip -n "$server" "$@"; }
load() { in_server nat64-bpf -q load "$@" > /dev/null; }
unload() { in_server nat64-bpf -q unload "$@" > /dev/null; }
works() { in_client ping -q -c 1 -W 2 "$web6" > /dev/null || in_client ping -q -c 2 -W 2 "$web6" > /dev/null || fail "no answer: $*"; }
# as FILE: the host is as FILE says
as() {
	host_state > "$tmp/after"
	same_host "$tmp/$1" "$tmp/after"
}
# there_and_back WORDS...: load with these options, traffic, unload; the host as before
there_and_back() {
	host_state > "$tmp/before"
	load vpn0 "$@"
	works "$@"
	unload vpn0
	as before
	equal "$(find "$tmp/run" -type f ! -name lock)" "" "files in the run folder"
}
server_ip link add other0 type veth peer name other1
server_ip addr add fd77::1/64 dev other0 nodad
server_ip link set other1 up
server_ip link set other0 up
until_true 10 sh -c "ip -n $server -6 addr show dev other0 scope link | grep fe80 && ip -n $server -6 addr show dev other1 scope link | grep fe80"

say "alone, twice; unload of what is not loaded"
there_and_back
there_and_back --static '203.0.113.9 fd00::9' --guard off
status 0 in_server nat64-bpf -j unload vpn0
grep -q '"changed":false' "$tmp/out"
as before

say "after changes in place, and another pool"
load vpn0
load vpn0 --own4 192.168.240.7 --static '203.0.113.9 fd00::9' --tos-46 zero
in_server nat64-bpf -q map add vpn0 203.0.113.10 fd00::10 > /dev/null
load vpn0 --replace --pool 192.168.240.0/21 --own4 192.168.240.1
works
unload vpn0
as before

say "a second instance stays up, whichever came first"
load other0 --pool 10.77.0.0/20
host_state > "$tmp/other"
load vpn0
works
unload vpn0
as other
unload other0
as before
load vpn0
load other0 --pool 10.77.0.0/20
unload vpn0
as other
load vpn0
works
unload --all
as before

say "own4 was there"
server_ip addr add 192.168.240.1/32 dev vpn0
there_and_back
server_ip addr del 192.168.240.1/32 dev vpn0

say "forwarding was on; or on for one interface only"
in_server sysctl -qw net.ipv4.ip_forward=1
there_and_back
in_server sysctl -qw net.ipv4.conf.other0.forwarding=0 net.ipv4.conf.all.accept_redirects=1
there_and_back
in_server sysctl -qw net.ipv4.ip_forward=0
in_server sysctl -qw net.ipv4.conf.wan0.forwarding=1 net.ipv4.conf.all.accept_redirects=0
there_and_back
in_server sysctl -qw net.ipv4.ip_forward=1
in_server sysctl -qw net.ipv4.ip_forward=0
say "the lines of a dry run put forwarding back as unload does"
in_server sysctl -qw net.ipv4.conf.wan0.forwarding=1
values() { in_server sysctl -a -r '^net\.ipv4\.(ip_forward$|conf\..*(forwarding|accept_redirects))'; }
values > "$tmp/values"
load vpn0
load other0 --pool 10.77.0.0/20
in_server nat64-bpf unload vpn0 --dry-run > "$tmp/out"
! grep -q 'sysctl' "$tmp/out" || fail "forwarding stays while there is another instance"
unload other0
in_server nat64-bpf unload vpn0 --dry-run > "$tmp/out"
equal "$(grep -c '^sysctl -w net.ipv4' "$tmp/out")" 2 "lines of sysctl"
! grep -q 'forwarding back' "$tmp/out" || fail "words where there are lines"
grep '^sysctl' "$tmp/out" > "$tmp/lines"
in_server sh -e "$tmp/lines" > "$tmp/out"
values | diff -u "$tmp/values" -
unload vpn0
in_server sysctl -qw net.ipv4.ip_forward=1
load vpn0
in_server nat64-bpf unload vpn0 --dry-run > "$tmp/out"
! grep -q 'sysctl' "$tmp/out" || fail "forwarding was on"
unload vpn0
in_server sysctl -qw net.ipv4.ip_forward=0
say "what the administrator changed meanwhile is left to him"
host_state > "$tmp/before"
load vpn0
in_server sysctl -qw net.ipv4.ip_forward=0
unload vpn0
as before

say "somebody else's routes, rules, neighbours and tables"
server_ip route add 203.0.113.0/24 via 192.88.99.5
server_ip route add 203.0.113.9/32 via 192.88.99.5 proto static table 100
server_ip route add 203.0.113.8/32 dev vpn0 proto static	# the kernel takes these along with the last address there
server_ip route add 203.0.113.10/32 via 203.0.113.8 dev vpn0 onlink metric 7 mtu 1300
server_ip route add 203.0.113.11/32 dev vpn0 table 100
server_ip rule add from 192.168.240.0/20 lookup 100 pref 1000
server_ip neigh add 169.254.64.64 lladdr 02:00:00:00:00:01 nud permanent dev wan0
in_server nft 'add table inet nat64_bpf_vpn
	add table ip nat64_bpf_vpn0
	add chain ip nat64_bpf_vpn0 forward { type filter hook forward priority 0; }
	add rule ip nat64_bpf_vpn0 forward counter'
host_state > "$tmp/before"
load vpn0
load vpn0 --own4 192.168.240.7
unload vpn0
as before
server_ip rule del pref 1000

say "somebody else's clsact qdisc, empty, then with a filter at each hook"
load other0 --pool 10.77.0.0/20		# its program for IPv4 leaves all else alone: another's, as far as vpn0 goes
foreign=/sys/fs/bpf/foreign
in_server bpftool prog pin pinned /sys/fs/bpf/nat64-bpf/other0/nat64_out $foreign
unload other0
in_server tc qdisc add dev vpn0 clsact
there_and_back
for hook in ingress egress; do
	in_server tc filter add dev vpn0 $hook protocol all prio 7 bpf direct-action object-pinned $foreign
done
in_server tc filter show dev vpn0 ingress | grep "pref 7 bpf" > /dev/null || fail "no filter of somebody else"
there_and_back
in_server tc qdisc del dev vpn0 clsact
say "one that comes while the instance is up"
load vpn0
in_server tc qdisc add dev vpn0 clsact 2> /dev/null || true	# there already where it is ours
in_server tc filter add dev vpn0 egress protocol all prio 7 bpf direct-action object-pinned $foreign
works
unload vpn0
in_server tc filter show dev vpn0 egress | grep "pref 7 bpf" > /dev/null || fail "somebody else's filter is gone"
in_server tc qdisc del dev vpn0 clsact

if in_server python3 "$here/raw.py" tcx-attach vpn0 ingress $foreign; then
	say "somebody else's TCX program, in front of ours and behind"
	there_and_back
	load vpn0
	in_server python3 "$here/raw.py" tcx-attach vpn0 egress $foreign
	works
	unload vpn0
	equal "$(in_server python3 "$here/raw.py" tcx | xargs)" "vpn0 ingress 1 vpn0 egress 1" "programs of somebody else"
fi
