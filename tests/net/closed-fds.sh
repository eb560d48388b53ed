#!/bin/bash
# A program whose standard descriptors were closed by its parent writes no message into a file of its own, and says by
# its exit status that its result was lost.
#
#   server [vpn0, a veth]
. "${0%/*}/lib.sh"
topology veth
in_server ip route add default via 192.88.99.5

for closed in '0<&-' '1>&-' '2>&-' '0<&- 1>&- 2>&-'; do
	say "load with $closed"
	rm -rf "${tmp:?}/state" "${tmp:?}/run"
	mkdir "$tmp/state" "$tmp/run"
	in_server bash -c "exec nat64-bpf -v load vpn0 $closed" > "$tmp/out" 2>&1 || true
	[ -z "$(cat "$tmp/run/lock")" ] || fail "the lock file holds: $(head -n 2 "$tmp/run/lock")"
	in_client ping -6 -c 1 -W 2 "$web6" > /dev/null || fail "no ping behind a load with $closed"
	for file in "$tmp"/run/vpn0.* "$tmp"/state/*; do
		! grep -a 'step:\|translating' "$file" || fail "$file holds a message"
	done
	in_server nat64-bpf -q unload vpn0
done

say "a result that has no place is an error"
in_server nat64-bpf -q load vpn0 > /dev/null
status 1 in_server bash -c 'exec nat64-bpf status vpn0 1>&-'
grep '^error: standard output' "$tmp/err" > /dev/null || fail "no word of the lost result"
