#!/bin/bash
#   client [fd00::2, 10,000 datagrams a second] --veth-- server [nat64-bpf, changed all the time] --veth-- web [echoes]
#
# A running instance is changed in place and gets a new version of its programs over the same maps: no datagram is
# lost either way, bindings stay, a setting holds at once. Maps of another ABI are made anew, never read.
. "${0%/*}/lib.sh"
topology veth
rate=10000 rounds=3
if emulated; then
	rate=300 rounds=1
fi
load() { in_server nat64-bpf -j load vpn0 "$@" | json "d['changed']"; }
bindings() { in_server nat64-bpf -j map list vpn0 | json "sorted((b['addr4'], b['addr6']) for b in d['bindings'])"; }
# shellcheck disable=SC2016 # for the shell within
programs() { in_server sh -c 'for i in in out; do bpftool -j prog show pinned /sys/fs/bpf/nat64-bpf/vpn0/nat64_$i; done' | tr -s '{,' '\n' | grep '^"id"' | xargs; }
# another_version: the record is as another version of nat64-bpf would have left it
another_version() { sed -i 's/^program .*/program 0badc0de/' "$tmp/run/vpn0.undo"; }
ip -n "$web" addr add 10.99.0.1/32 dev lo
ip -n "$server" route add 10.99.0.1/32 via 192.88.99.5
private_is() { if in_client ping -q -c 1 -W "$2" 64:ff9b::10.99.0.1 > /dev/null; then equal allow "$1" "private"; else equal deny "$1" "private"; fi; }

in_server nat64-bpf -q load vpn0 > /dev/null
start echo in_web python3 "$here/reload.py" echo 192.88.99.5 6000
ready echo
start flow ip netns exec "$client" python3 "$here/reload.py" flow "$web6" 6000 $rate 100
flow=$!
ready flow
was=$(bindings)
equal "$(load)" False "a second load"

say "settings in place, and programs of another version"
for ((i = 0; i < rounds; i++)); do
	equal "$(load --private allow)" True "private = allow"
	private_is allow 3
	equal "$(load --private deny --tos-46 zero --quota 100 --quota-length 128)" True "private = deny"
	private_is deny 1
	equal "$(load --guard off --host allow --min-lease 3h --mss-clamp 1200)" True "nft table"
	id=$(programs)
	another_version
	equal "$(load)" True "another version"
	[ "$(programs)" != "$id" ] || fail "the programs were not replaced"
	equal "$(load)" False "a second load of that version"
	equal "$(load --guard on --host deny --min-lease 2h4m --mss-clamp auto --tos-46 copy --quota 0 --quota-length 64)" True back
	in_server nat64-bpf -q map add vpn0 203.0.113.9 fd00::9 > /dev/null
	in_server nat64-bpf -q map del vpn0 fd00::9 > /dev/null
	equal "$(bindings)" "$was" "bindings"
done
kill -TERM $flow
wait $flow || fail "the flow"
tail -n 1 "$tmp/flow.log"
grep -q ' lost 0 twice 0$' "$tmp/flow.log" || fail "datagrams were lost"
sent=$(sed -n 's/^sent \([0-9]*\) .*/\1/p' "$tmp/flow.log")
[ "$sent" -ge $((rate * rounds / 2)) ] || fail "only $sent datagrams in all"
[ "$(counter in64)" -ge "$sent" ] || fail "in64 is $(counter in64): not all went through the translator"

say "maps of another ABI"
pin=/sys/fs/bpf/nat64-bpf/vpn0
# the first word of the configuration is its ABI
in_server bpftool -j map dump pinned $pin/nat64_config |
	json "'07 00 00 00 ' + ' '.join(b[2:] for b in d[0]['value'][4:])" > "$tmp/value"
# shellcheck disable=SC2046 # bytes are words
in_server bpftool map update pinned $pin/nat64_config key hex 00 00 00 00 value hex $(cat "$tmp/value")
status 1 in_server nat64-bpf map list vpn0
grep -q '^why: its maps are from another version' "$tmp/err"
grep -q '^fix: ' "$tmp/err"
status 1 in_server nat64-bpf map add vpn0 192.168.240.9 fd00::9
in_client ping -q -c 1 -W 2 "$web6" > /dev/null || fail "the programs no longer translate"
equal "$(load)" True "load over maps of another ABI"
equal "$(in_server bpftool -j map dump pinned $pin/nat64_config | json "d[0]['formatted']['value']['abi']")" 2 ABI
in_client ping -q -c 1 -W 2 "$web6" > /dev/null || in_client ping -q -c 2 -W 2 "$web6" > /dev/null
equal "$(bindings)" "$was" "bindings: the allocation hash gives the same address"
in_server nat64-bpf unload vpn0
