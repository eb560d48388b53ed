#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# try: one packet through the real programs, on a copy: the verdict, and no trace in the instance.
. "${0%/*}/lib.sh"
topology tun
status 3 in_server nat64-bpf try vpn0 --from fd00::2 --to "$web6"
in_server nat64-bpf load vpn0
in_client ping -q -c 1 -W 2 "$web6"
addr4=$(in_server nat64-bpf map list vpn0 -j | json "d['bindings'][0]['addr4']")
before=$(in_server nat64-bpf stats vpn0 -j; in_server nat64-bpf map list vpn0 -j | sed 's/"idle_s":[0-9]*//')

# try VERDICT PYTHON-EXPRESSION ARGUMENTS...: of the JSON d
try() {
	local verdict=$1 expression=$2

	shift 2
	in_server nat64-bpf try vpn0 -j "$@" > "$tmp/try.json"
	equal "$(json "d['verdict']" < "$tmp/try.json")" "$verdict" "$*"
	equal "$(json "$expression" < "$tmp/try.json")" True "$*: $expression: $(cat "$tmp/try.json")"
}

say "client to server: the binding of the running instance, MSS lowered, checksums right"
try translated "d['packets'][0][24:32] == bytes(map(int, '$addr4'.split('.'))).hex()" \
	--from fd00::2 --to "$web6" --proto tcp --dport 443
grep -q "TCP 40000 > 443, flags S, .*MSS 1352" "$tmp/try.json"
python3 - "$tmp/try.json" <<'EOF'
import json, struct, sys
packet = bytes.fromhex(json.load(open(sys.argv[1]))["packets"][0])
def total(data):
    value = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while value >> 16:
        value = (value & 0xffff) + (value >> 16)
    return value
assert packet[16:20] == bytes([192, 88, 99, 5])
assert total(packet[:20]) == 0xffff, "IPv4 header"
assert total(packet[12:20] + struct.pack("!HH", 6, len(packet) - 20) + packet[20:]) == 0xffff, "TCP"
EOF
for proto in udp icmp; do
	try translated "len(d['decoded']) == 2" --from fd00::2 --to "$web6" --proto "$proto"
done
try translated "len(d['packets'][0]) == 2 * 980" --from fd00::2 --to "$web6" --proto udp --size 1000

say "a client that holds nothing yet gets an address of the copy only"
try translated "d['decoded'][0].startswith('IPv4 192.168.')" --from fd00::99 --to "$web6"
say "server to client"
try translated "'> fd00::2' in d['decoded'][0]" --from 192.88.99.5 --to "$addr4" --proto udp --dport 40000
try dropped "d['reason'] == 'no-binding'" --from 192.88.99.5 --to 192.168.255.77
say "drops and their reasons, with the ICMPv6 error that the client would see"
try icmp-error "d['reason'] == 'private-destination' and 'ICMPv6 type 1 code' in d['decoded'][1]" \
	--from fd00::2 --to 64:ff9b::10.0.0.1 --proto udp
try dropped "d['reason'] == 'spoofed-source' or d['packets'] == []" --from 2001:db8::1 --to "$web6" || true
try passed "'reason' not in d" --from fd00::2 --to 2001:db8::1
try passed "'reason' not in d" --from 192.88.99.5 --to 192.88.99.1
say "in hexadecimal digits; back through the programs it is what it was"
in_server nat64-bpf try vpn0 -j --from 192.88.99.5 --to "$addr4" --proto tcp --dport 80 > "$tmp/try.json"
hex=$(json "d['packets'][0]" < "$tmp/try.json")
in_server nat64-bpf try vpn0 "$hex" | grep "^verdict *passed" > /dev/null	# its destination is no address of the prefix
in_server nat64-bpf try vpn0 --from fd00::2 --to "$web6" | grep "^out .*IPv4 $addr4 > 192.88.99.5" > /dev/null

say "what is no packet"
# no_packet TEXT WORDS...: is refused in three parts that say TEXT
no_packet() {
	local text=$1

	shift
	status 2 in_server nat64-bpf try vpn0 "$@"
	equal "$(sed -E 's/^(error|why|fix): ..*/\1/' "$tmp/err" | tr '\n' ' ')" "error why fix " "$*"
	grep -qF -- "$text" "$tmp/err" || { cat "$tmp/err"; fail "$*: does not say $text"; }
}
no_packet 'even number of hexadecimal digits' 4500zz
no_packet 'even number of hexadecimal digits' 450
no_packet 'give the whole packet' 4500
no_packet 'begin with the IP header' 9900
no_packet 'one address is IPv6, the other IPv4' --from fd00::2 --to 192.88.99.5
no_packet '--to is missing' --from fd00::2
no_packet 'such as --to 64:ff9b::9.9.9.9' --from fd00::2 --to 64:ff9b::/96
no_packet 'such as --from fd00::2' --from vpn0 --to "$web6"
no_packet 'one of tcp, udp and icmp' --from fd00::2 --to "$web6" --proto sctp
no_packet 'in this range: --dport 443' --from fd00::2 --to "$web6" --proto tcp --dport 65536
no_packet '--size 64 or more' --from fd00::2 --to "$web6" --proto tcp --size 10

say "what the documentation tells one to try first is translated"
docs=$here/../../docs
shown=$(grep -ohsE "(--to|ping -6) 64:ff9b::[0-9.]+" "$docs/../README.md" "$docs/nat64-bpf.8" "$docs"/guides/*.md |
	awk '{ print $NF }' | sort -u) || :	# no documentation in a guest
for to in $shown $(grep -o '64:ff9b::[0-9.]*' <<< "$(in_server nat64-bpf try vpn0 2>&1)"); do
	try translated "d['packets'] != []" --from fd00::2 --to "$to"
done

say "no trace in the instance"
equal "$(in_server nat64-bpf stats vpn0 -j; in_server nat64-bpf map list vpn0 -j | sed 's/"idle_s":[0-9]*//')" "$before" "counters and bindings"
