#!/bin/bash
#   client --tun or veth-- server [nat64-bpf, nat44 = none] --veth, 203.0.113.0/24-- web, router to 198.51.100.7
#
# The conformance vectors of stage "path": injected and captured as packets, judged by the conformance
# material's own matcher. Client and web have no address of the vectors, so neither answers anything.
# kinds: veth tun
. "${0%/*}/lib.sh"
. "$here/ends.inc"
conformance=$here/../conformance
topology "$kind"
no_limits "$server"
ip -n "$client" addr flush dev vpn0
ip -n "$server" addr del 192.88.99.1/24 dev wan0
ip -n "$web" addr flush dev eth0
ip -n "$server" addr add 203.0.113.1/24 dev wan0
ip -n "$server" route add 198.51.100.0/24 via 203.0.113.2
ip -n "$server" neigh replace 203.0.113.2 lladdr "$(in_web cat /sys/class/net/eth0/address)" dev wan0
macs=("$(in_server cat /sys/class/net/wan0/address)")
if [ "$kind" = veth ]; then
	mac=$(in_client cat /sys/class/net/vpn0/address)
	ip -n "$server" neigh replace fd00::2 lladdr "$mac" dev vpn0
	ip -n "$server" neigh replace fd00::3 lladdr "$mac" dev vpn0
	macs+=("$(in_server cat /sys/class/net/vpn0/address)")
fi

ends path_vectors.py "$conformance/vectors.jsonl" "${macs[@]}" > "$tmp/results.jsonl" 2> "$tmp/vectors.log" ||
	fail "the vectors did not run to their end"
python3 - "$conformance/vectors.jsonl" > "$tmp/path.jsonl" << 'PATH'
import json, sys
for line in open(sys.argv[1]):
    if json.loads(line)["stage"] == "path":
        print(line, end="")
PATH
say "$(wc -l < "$tmp/path.jsonl") vectors"
[ -s "$tmp/path.jsonl" ] || fail "no vectors"
python3 "$conformance/match.py" "$tmp/path.jsonl" "$tmp/results.jsonl" || {
	python3 "$here/../vectors/vectors.py" explain "$tmp/path.jsonl" "$tmp/results.jsonl" || true
	fail "the packets above"
}
