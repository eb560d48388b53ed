#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf, killed at a system call] --veth-- web [192.88.99.5]
#
# kill -9 of load and of unload at every system call that changes something: the next load brings all up, the next
# unload leaves the host as it was before the first load. Under emulation, or with NAT64_SLOW=1, a sample.
[ -e /.inside ] || LIMIT=300
. "${0%/*}/lib.sh"
topology veth
. "$here/inject.inc"
only=$changing
change=(--tos-46 zero --min-lease 3h) replace=(--replace --pool 192.168.240.0/21)
move=(--own4 192.168.240.9)
most=1000 changes=12 replaces=16 moves=1000
if slowed; then
	most=3 changes=2 replaces=2 moves=3
fi
run() { in_server nat64-bpf -q "$@" > "$tmp/out" 2> "$tmp/err" || { cat "$tmp/err"; fail "$*: status $?"; }; }
# killed WORDS...: at $call $n, if it comes that far
killed() {
	inject "$call" "$n" signal=KILL "$@"
	[ "$got" = 137 ] || fail "$*, $call $n: not killed, status $got"
}
loaded() {
	up "$*"
	quick > "$tmp/quick"
	diff -u "$tmp/loaded-quick" "$tmp/quick" || fail "not as a load makes it: $*"
}

run load vpn0			# makes the seed and the state file
run unload vpn0
host_state > "$tmp/before"
quick > "$tmp/before-quick"
points $most load vpn0 > "$tmp/load"
up "load"
quick > "$tmp/loaded-quick"
points $changes load vpn0 "${change[@]}" > "$tmp/change"
points $replaces load vpn0 "${replace[@]}" > "$tmp/replace"
only='^rename|RTM_(NEW|DEL)' points $moves load vpn0 "${move[@]}" > "$tmp/move"
points $most unload vpn0 > "$tmp/unload"
quickly_same "unload"
[ "$(wc -l < "$tmp/load")" -ge 3 ] || fail "no calls found that change something"

# mended VERB: killed at each of its calls; each other time a load mends it first, then an unload leaves nothing
turn=0
mended() {
	local verb=$1 call n

	say "$verb, at $(wc -l < "$tmp/$verb") calls: then load and unload, or unload"
	while read -r call n <&3; do
		[ "$verb" = load ] || run load vpn0
		killed "$verb" vpn0
		turn=$((turn + 1))
		if [ $((turn % 2)) = 1 ]; then
			run load vpn0
			loaded "$verb killed at $call $n, then load"
		fi
		run unload vpn0
		quickly_same "$verb killed at $call $n, then $turn"
	done 3< "$tmp/$verb"
}
mended load
mended unload

say "another own4, at $(wc -l < "$tmp/move") calls: then unload, which knows of both"
while read -r call n <&3; do
	run load vpn0
	killed load vpn0 "${move[@]}"
	run unload vpn0
	quickly_same "another own4, killed at $call $n"
done 3< "$tmp/move"

# The old settings or the new ones, and of one piece: a second load finds nothing to do.
whole() {
	run load vpn0
	up "$*"
	status 0 in_server nat64-bpf -j load vpn0
	grep -q '"changed":false' "$tmp/out" || fail "$*: a second load changes something"
	[ "$(in_server ip route show proto 64 | wc -l)" = 1 ] || fail "$*: more than the route of the pool"
	in_server ip route show proto 64 > "$tmp/route"
	grep -q "^$(in_server nat64-bpf -j status vpn0 | json "d['instances'][0]['pool']['prefix']") " "$tmp/route" ||
		fail "$*: the route is of another pool"
	grep -q "ip saddr $(cut -d' ' -f1 "$tmp/route") " <<< "$(in_server nft list table inet nat64_bpf_vpn0)" ||
		fail "$*: the nft table is of another pool"
}
# whole_after WHAT BACK...: a load with the options of the array WHAT killed at each of its calls, then one with BACK
whole_after() {
	local what=$1 call n
	local -n there=$1

	shift
	say "$what, at $(wc -l < "$tmp/$what") calls"
	while read -r call n <&3; do
		killed load vpn0 "${there[@]}"
		whole "$what killed at $call $n"
		run load vpn0 "$@"
		loaded "$what killed at $call $n, then back"
	done 3< "$tmp/$what"
}
run load vpn0
whole_after change --tos-46 copy --min-lease 2h4m
whole_after replace --replace --pool 192.168.240.0/20
run unload vpn0
host_state > "$tmp/after"
same_host "$tmp/before" "$tmp/after"
