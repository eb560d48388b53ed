#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf] --veth-- web [192.88.99.5, counts what has a source of the pool]
#
# A packet of the pool never leaves un-NATed: not while load, a change and unload are under way, not in a long
# transfer, not one that conntrack calls INVALID. With nat44 = none they leave, and the counter sees them.
. "${0%/*}/lib.sh"
topology veth
in_web nft 'add table ip watch
	add chain ip watch seen { type filter hook prerouting priority -400; }
	add rule ip watch seen ip saddr 192.168.240.0/20 counter'
# Packets of the pool seen at the web server so far.
seen() {
	in_web nft -j list chain ip watch seen |
		json "[e['counter']['packets'] for i in d['nftables'] if 'rule' in i for e in i['rule']['expr'] if 'counter' in e][0]"
}
# What conntrack knows no connection for: SYN+ACK, RST, FIN and nothing at all.
invalid() {
	in_client python3 - "$here" vpn0 "$mac" "$web6" "$1" <<-'PYTHON'
		import sys
		sys.path.insert(0, sys.argv[1])
		import raw
		link = raw.Link(sys.argv[2])
		link.peer = bytes.fromhex(sys.argv[3].replace(":", ""))
		port = int(sys.argv[5])
		for flags in 0x12, 0x04, 0x01, 0x00:
		    link.send(raw.ip6("fd00::2", sys.argv[4], 6,
		                      raw.tcp("fd00::2", sys.argv[4], port + flags, 5000, flags, b"secret", seq=0x70000000)))
	PYTHON
}
mac=$(in_server cat /sys/class/net/vpn0/address)
leaked() { in_server nat64-bpf -j stats vpn0 | json "d['instances'][0]['counters']['leaked']['packets']"; }
serve

say "datagrams all the time, while load, changes and unload come and go"
start flood ip netns exec "$client" ping -i 0.002 -s 100 "$web6"
flood=$!
times=8
if emulated; then
	times=2
fi
for ((i = 0; i < times; i++)); do
	in_server nat64-bpf -q load vpn0 > /dev/null
	until_true 5 in_client ping -c 1 -W 1 "$web6"
	in_server nat64-bpf -q load vpn0 --tos-46 zero > /dev/null
	in_server nat64-bpf -q load vpn0 --nat44 'snat 192.88.99.1' > /dev/null
	in_server nat64-bpf -q load vpn0 --replace --pool 192.168.240.0/21 > /dev/null
	in_server nat64-bpf -q unload vpn0 > /dev/null
done
in_server nat64-bpf load vpn0
sleep 0.5
kill $flood
[ "$(counter in64)" -gt 10 ] || fail "the datagrams did not come"
equal "$(seen)" 0 "packets of the pool outside"

say "flushed and loaded again"
in_server nft flush ruleset
status 7 in_server nat64-bpf -q status vpn0
in_server nat64-bpf load vpn0
in_client xfer tcp-up "$web6" 5000 1000000
equal "$(seen)" 0 "packets of the pool outside"

say "long transfers"
bytes=300000000
if emulated; then
	bytes=5000000
fi
in_client xfer tcp-up "$web6" 5000 $bytes
in_client xfer tcp-down "$web6" 5000 $bytes
equal "$(leaked)" 0 "packets that the second guard caught in normal traffic"

say "packets that conntrack calls INVALID"
invalid 20000
until_true 5 sh -c "$(declare -f leaked json in_server); server=$server holder=$holder; [ \$(leaked) -ge 2 ]"
equal "$(seen)" 0 "packets of the pool outside"

say "with nat44 = none they leave"
in_server nat64-bpf load vpn0 --nat44 none
invalid 21000
until_true 5 sh -c "$(declare -f seen json in_web); web=$web; [ \$(seen) -ge 2 ]"
