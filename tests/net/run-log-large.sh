#!/bin/bash
# `run` with a log and many bindings: it stays small, it does not write in one go, and a restart repeats nothing, however
# large the log is. Needs no traffic: bindings come from the state file.
#
#   server [vpn0, a veth; run]
# Not in guests: half a million bindings take minutes there.
. "${0%/*}/lib.sh"
. "$here/run.inc"
topology veth
in_server ip route add default via 192.88.99.5
log=$tmp/assignments.log

# state NET COUNT: a state file with COUNT bindings from the pool's 100th address on, last used now.
state() {
	python3 - "$1" "$2" > "$tmp/state/vpn0.map" <<-'PY'
	import ipaddress, sys, time
	first, now = int(ipaddress.ip_address(sys.argv[1])) + 100, int(time.time())
	for i in range(int(sys.argv[2])):
	    print("%s\tfd00::%x:%x:%x\t%d" % (ipaddress.ip_address(first + i), 1 + (i >> 32), i >> 16 & 0xffff, i & 0xffff, now))
	PY
}
begin() {
	start_run vpn0
	until_true 60 in_server nat64-bpf status -q vpn0
}
finish() {
	kill -TERM "$run"
	wait "$run"
}
lines() { [ "$(wc -l < "$log")" -ge "$1" ]; }
# memory KEY: kB of the resident process.
memory() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$run/status"; }

say "a /16 with 65,000 bindings: at most 8 MiB at rest, 16 MiB at its peak"
printf '[nat64]\npool = 10.64.0.0/16\nlog = %s\n' "$log" > "$tmp/conf/vpn0.conf"
state 10.64.0.0 65000
begin
until_true 60 lines 65000
sleep 1
rest=$(memory RssAnon) peak=$(memory VmHWM)
say "$rest kB at rest, $peak kB at its peak"
[ "$rest" -le 8192 ] || fail "$rest kB of memory at rest"
[ "$peak" -le 16384 ] || fail "$peak kB of memory at its peak"
finish
in_server nat64-bpf -q unload vpn0
rm "$log"

say "a /13 with 520,000 bindings, a log of more than 64 MiB"
printf '[nat64]\npool = 10.64.0.0/13\nlog = %s\n' "$log" > "$tmp/conf/vpn0.conf"
state 10.64.0.0 520000
begin
say "while it is written, what a verb changes is followed"
until_true 60 lines 1000
in_server nft delete table inet nat64_bpf_vpn0
began=$EPOCHREALTIME
until_true 10 in_server nft list table inet nat64_bpf_vpn0
say "repaired within $(awk "BEGIN { print $EPOCHREALTIME - $began }") s, at $(wc -l < "$log") of 520000 lines"
until_true 120 lines 520000
python3 - "$log" <<-'PY' || fail "the log is not what the bindings are"
import json, sys
seen = {}
for line in open(sys.argv[1]):
    e = json.loads(line)
    assert e["event"] == "assigned" and e["kind"] == "dynamic" and e["instance"] == "vpn0", line
    assert e["addr4"] not in seen, line
    seen[e["addr4"]] = e["addr6"]
assert len(seen) == 520000 and len(set(seen.values())) == 520000
PY
finish
size=$(stat -c %s "$log")
[ "$size" -gt $((64 << 20)) ] || fail "the log has only $size bytes"

say "a restart repeats nothing; what changed meanwhile is logged"
in_server nat64-bpf map del vpn0 10.64.0.100 > /dev/null
begin
until_true 120 sh -c "tail -n 1 '$log' | grep '\"released\"'"
until_true 60 in_server nat64-bpf status -q vpn0
finish
equal "$(wc -l < "$log")" 520001 "lines of the log after a restart"
