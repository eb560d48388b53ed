#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf run, flowtable] --veth-- web [192.88.99.5]
#
# Others change the instance beside run: `map add`, `load`. When run makes the table anew, since rules changed, it is
# what the instance is now, not what run last brought up itself. Skipped where the kernel has no flowtable: there run
# never does that.
. "${0%/*}/lib.sh"
. "$here/run.inc"
topology tun
in_server ip route add default via 192.88.99.5 dev wan0
start_run vpn0
until_true 20 in_server nat64-bpf status vpn0 -q
state=$(in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['fastpath']['state']")
[ "$state" = nft ] || skip "fast path off: run makes no table anew"

elements() { in_server nft -j list set inet nat64_bpf_vpn0 pool4 2> /dev/null | grep -o '10\.9\.[0-9.]*' | sort | tr '\n' ' '; }
nat_chain() { in_server nft -a list chain inet nat64_bpf_vpn0 nat; }
is_anew() { [ "$(nat_chain)" != "$1" ]; }
# beside COMMAND...: while run sleeps, so that it hears of all at once and finds nothing to be mended; then it makes the
# table anew, which gives each rule another handle.
beside() {
	local was

	kill -STOP "$run"
	in_server "$@"
	was=$(nat_chain)
	kill -CONT "$run"
	until_true 20 is_anew "$was"
}

say "map add outside the pool: the table that run makes has the address"
beside nat64-bpf map add vpn0 10.9.0.7 fd00::2
equal "$(elements)" "10.9.0.7 " "addresses in the table"
in_client ping -c 1 -W 2 "$web6"
in_server conntrack -L -s 10.9.0.7 2> /dev/null | grep "dst=192.88.99.1 " > /dev/null || fail "no source NAT of 10.9.0.7"

say "load with another nat44: its rule stays"
beside nat64-bpf load vpn0 --nat44 "snat 192.88.99.1"
nat_chain | grep "snat ip to 192.88.99.1" > /dev/null || fail "the rule is not that of the last load"

say "rules of others: made anew, as it was"
beside nft add table inet mine
equal "$(elements)" "10.9.0.7 " "addresses in the table"
nat_chain | grep "snat ip to 192.88.99.1" > /dev/null || fail "the rule is not that of the last load"

say "rules of others while somebody holds the lock: made anew when it is free"
was=$(nat_chain)
exec 8> "$tmp/run/lock"
flock 8
in_server nft add table inet theirs
until_true 30 grep "has held the lock for 10 s" "$tmp/run.log"
exec 8>&-
until_true 20 is_anew "$was"
