#!/bin/bash
#   client [fd00::2] --tun or veth-- server [nat64-bpf, masquerade] --veth-- web, a router [192.88.99.5]
#                      --10.9.9.0/30-- hop, a router --192.88.99.192/26-- far [192.88.99.200]
#
# What people look at a network with, over three routers of which the last has private addresses only: its
# errors come from own6 (R-4.1-11), which `private = deny` must not stop. A path of less than 1280 bytes
# behind the gateway recovers (Jool #436).
# kinds: veth tun
. "${0%/*}/lib.sh"
. "$here/ends.inc"
topology "$kind"
hop=$id-h far=$id-f
space "$hop"
space "$far"
ip -n "$web" link add eth1 type veth peer name eth0 netns "$hop"
ip -n "$hop" link add eth1 type veth peer name eth0 netns "$far"
ip -n "$web" addr add 10.9.9.1/30 dev eth1
ip -n "$hop" addr add 10.9.9.2/30 dev eth0
ip -n "$hop" addr add 192.88.99.193/26 dev eth1
ip -n "$far" addr add 192.88.99.200/26 dev eth0
for end in "$web eth1" "$hop eth0" "$hop eth1" "$far eth0"; do
	# shellcheck disable=SC2086 # two words
	set -- $end
	ip -n "$1" link set "$2" up
done
ip -n "$server" route add 192.88.99.192/26 via 192.88.99.5
ip -n "$web" route add 192.88.99.192/26 via 10.9.9.2
ip -n "$hop" route add default via 10.9.9.1
ip -n "$far" route add default via 192.88.99.193
for router in "$web" "$hop"; do
	ip netns exec "$router" sysctl -qw net.ipv4.ip_forward=1
done
no_limits "$client" "$server" "$web" "$hop" "$far"
in_server nat64-bpf load vpn0
far6=64:ff9b::192.88.99.200
until_true 10 in_client ping -c 1 -W 2 $far6
drops_all() { in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['counters']['drops']"; }
wanted="fd00::1 64:ff9b::c058:6305 fd00::1 64:ff9b::c058:63c8"

# hops: of a listing on stdin, each line a number and an address
hops() { sed -nE 's/^ *[0-9]+:? +([0-9a-f:]+)  .*/\1/p' | uniq | xargs; }

for method in "" "-I" "-T"; do
	# shellcheck disable=SC2086 # none or one word
	in_client traceroute -6 -n -q 1 -w 3 -m 8 $method $far6 > "$tmp/traceroute"
	equal "$(hops < "$tmp/traceroute")" "$wanted" "hops of traceroute $method"
	say "traceroute -6 $method: $wanted"
done

in_client tracepath -6 -n -m 8 $far6 > "$tmp/tracepath"
equal "$(grep -v LOCALHOST "$tmp/tracepath" | hops)" "$wanted" "hops of tracepath"
grep -q "hops 4 back 4" "$tmp/tracepath" || { cat "$tmp/tracepath"; fail "tracepath does not count 4 hops"; }
say "tracepath -6: 4 hops"
ip -n "$web" link set eth1 mtu 1300
ip -n "$hop" link set eth0 mtu 1300
in_client ip -6 route flush cache
in_client tracepath -6 -n -m 8 $far6 > "$tmp/tracepath"
grep -q "pmtu 1320" "$tmp/tracepath" || { cat "$tmp/tracepath"; fail "tracepath does not see an IPv4 link of 1300"; }
say "tracepath -6: a link of 1300 bytes is a path MTU of 1320"

say "ping with hop limits"
for limit in "1 fd00::1" "2 64:ff9b::c058:6305" "3 fd00::1"; do
	status 1 in_client ping -n -c 1 -W 3 -t "${limit% *}" $far6
	grep -q "^From ${limit#* } .*Time exceeded: Hop limit" "$tmp/out" || { cat "$tmp/out"; fail "hop limit $limit"; }
done
in_client ping -n -c 1 -W 3 -t 4 $far6 > "$tmp/ping"

say "a closed UDP port is refused at once"
ends path_refused.py $far6
equal "$(drops_all)" "{}" "drops"

say "a path of 1000 bytes behind the gateway"
ip -n "$web" link set eth1 mtu 1000
ip -n "$hop" link set eth0 mtu 1000
for clamp in auto off; do
	in_client ip -6 route flush cache
	ip netns exec "$far" ip route flush cache
	in_server nat64-bpf load vpn0 --mss-clamp $clamp > "$tmp/load.log" 2>&1
	web=$far ends path_mtu.py far 192.88.99.200 "mss-clamp = $clamp"
done
equal "$(drops_all)" "{}" "drops"

# RFC 7915, 1.2: ICMP in fragments has no translation. Each fragment is one named drop.
in_client ip -6 route flush cache
status 1 in_client ping -n -c 1 -W 1 -s 4000 $far6
equal "$(drops_all)" "{'fragmented-icmp': 3}" "drops of an echo request in fragments"
say "ping -6 -s 4000 in 3 fragments: dropped, by name"
for end in "$client vpn0" "$server vpn0" "$server wan0" "$web eth0" "$web eth1" "$hop eth0" "$hop eth1" "$far eth0"; do
	# shellcheck disable=SC2086 # two words
	set -- $end
	ip -n "$1" link set "$2" mtu 4200
done
in_server nat64-bpf load vpn0 > "$tmp/load.log" 2>&1
in_client ip -6 route flush cache
ip netns exec "$far" ip route flush cache
in_client ping -n -c 2 -i 0.3 -W 3 -s 4000 $far6 > "$tmp/ping"
say "ping -6 -s 4000 over links of 4200 bytes"
