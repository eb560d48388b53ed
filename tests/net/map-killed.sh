#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# map add and del killed at a system call, at one after the other: the next load mends it; bindings, routes, nft table and
# state file agree, and the client is served.
# Not in guests: what it looks at is the same on every kernel.
LIMIT=170
. "${0%/*}/lib.sh"
command -v strace > /dev/null || skip "no strace"
topology tun
map() { in_server nat64-bpf map "$@"; }
state=$tmp/state/vpn0.map
outside() { map list vpn0 -j | json "' '.join(sorted(b['addr4'] for b in d['bindings'] if b['addr4'].startswith('10.')))"; }
routes() { in_server ip -o route show proto 64 | awk '$1 ~ /^10\./ { print $1 }' | sort | xargs; }
elements() { in_server nft -j list set inet nat64_bpf_vpn0 pool4 2> /dev/null | grep -o '10\.9\.[0-9.]*' | sort | xargs; }
# calls COMMAND...: how many system calls the program makes.
calls() { in_server strace -o "$tmp/trace" nat64-bpf "$@" > /dev/null; wc -l < "$tmp/trace"; }
# killed N COMMAND...
killed() {
	local n=$1

	shift
	in_server strace -o /dev/null -e inject=all:signal=KILL:when="$n" nat64-bpf "$@" > /dev/null 2>&1 || :
}
agree() {
	local now

	status 0 in_server nat64-bpf load vpn0
	! grep -q "^warning" "$tmp/err" || { cat "$tmp/err"; fail "$1: a warning"; }
	now=$(outside)
	equal "$(routes)" "$now" "$1: routes"
	equal "$(elements)" "$now" "$1: addresses in the nft table"
	[ ! -e "$state.bad" ] || fail "$1: a damaged state file"
	[ ! -e "$state" ] || tail -n 1 "$state" | grep '^# crc32 ' > /dev/null || fail "$1: the state file is cut"
}

in_server nat64-bpf load vpn0
map add vpn0 10.9.0.1 fd00::1:1
count=$(calls map add vpn0 10.9.0.2 fd00::1:2)
map del vpn0 10.9.0.2
say "map add makes $count system calls"
adds=7 dels=11
if emulated; then
	adds=79 dels=113		# a kill and its load take seconds there
fi
# the first third is the program's own start
for n in $(seq $((count / 3)) $adds "$count"); do
	killed "$n" map add vpn0 10.9.0.2 fd00::1:2
	agree "add killed at call $n"
	map del vpn0 10.9.0.2 > /dev/null 2>&1
	agree "del after add killed at call $n"
done
map add vpn0 10.9.0.2 fd00::1:2
for n in $(seq $((count / 3)) $dels "$count"); do
	killed "$n" map del vpn0 10.9.0.2
	agree "del killed at call $n"
	map add vpn0 10.9.0.2 fd00::1:2 > /dev/null 2>&1
done
in_client ping -c 1 -W 2 "$web6"
in_server nat64-bpf unload vpn0
in_server nat64-bpf load vpn0
equal "$(outside)" "10.9.0.1 10.9.0.2" "saved"
