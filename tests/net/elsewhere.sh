#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# Verbs from where the pins cannot be seen: `ip netns exec` mounts /sys anew, another mount namespace has a bpffs of its
# own. What is loaded stays whole, and nobody is told that it were gone. Pins that are lost for good can be cleaned up
# after.
# Not in guests: what it looks at is the same on every kernel with TCX; without, the programs are found by name.
. "${0%/*}/lib.sh"
topology tun
in_server nat64-bpf load vpn0
in_client ping -q -c 1 -W 2 "$web6" > /dev/null
host_state > "$tmp/loaded"
whole() {
	host_state > "$tmp/now"
	same_host "$tmp/loaded" "$tmp/now"
	in_client ping -q -c 1 -W 2 "$web6" > /dev/null
}
elsewhere() { ip netns exec "$server" "$@"; }

say "without a bpffs"
status 1 elsewhere nat64-bpf unload vpn0
grep "^error: /sys/fs/bpf/nat64-bpf: not a BPF file system" "$tmp/err" > /dev/null
grep "^why: .*nsenter --net=/run/netns/NAME" "$tmp/err" > /dev/null
whole
status 1 elsewhere nat64-bpf unload --all -j
equal "$(json "d['error']['exit']" < "$tmp/out")" 1 "exit of the error"
whole
status 3 elsewhere nat64-bpf status -j
equal "$(json "d['instances']" < "$tmp/out")" "[]" "instances"
grep "^warning: /sys/fs/bpf/nat64-bpf: what is loaded elsewhere cannot be seen here" "$tmp/err" > /dev/null
status 3 elsewhere nat64-bpf status -q
[ ! -s "$tmp/err" ] || fail "status -q speaks"
status 3 elsewhere nat64-bpf stats -j

say "with a bpffs of its own"
status 1 elsewhere sh -c "mount -t bpf bpf /sys/fs/bpf && nat64-bpf unload vpn0"
grep "^error: vpn0: its programs stay attached to vpn0" "$tmp/err" > /dev/null
whole

say "pins that are gone: nothing is loaded, unload cleans up"
in_server sh -c "umount /sys/fs/bpf && mount -t bpf bpf /sys/fs/bpf"
status 3 in_server nat64-bpf status -j
equal "$(json "d['instances']" < "$tmp/out")" "[]" "instances"
status 0 in_server nat64-bpf unload --all -j
equal "$(json "d['instance'], d['changed']" < "$tmp/out")" "('vpn0', True)" "unload"
status 0 in_server nat64-bpf unload --all -j
equal "$(json "d['instance'], d['changed']" < "$tmp/out")" "(None, False)" "unload of nothing"
in_server nft list tables | grep nat64 && fail "a table is left"

say "a setting that no step of load looks at is a change, once"
load() { in_server nat64-bpf load vpn0 -j "$@" | json "d['changed']"; }
equal "$(load)" True "first load"
for setting in "--log $tmp/log" "--state $tmp/other.map" "--wan wan0"; do
	# shellcheck disable=SC2086 # words
	equal "$(load $setting)$(load)" TrueFalse "changed by $setting, and by nothing"
done

say "a save that fails: one document, the error"
mkdir "$tmp/small"
in_server mount -t tmpfs -o size=4k tmpfs "$tmp/small"
in_server sh -c "yes > $tmp/small/full" 2> /dev/null || true
equal "$(load --state "$tmp/small/vpn0.map")" True "another place of the state file"
status 1 in_server nat64-bpf unload vpn0 -j
equal "$(json "d['error']['exit']" < "$tmp/out")" 1 "exit of the error"
status 3 in_server nat64-bpf status -q
