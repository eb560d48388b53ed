#!/bin/bash
#   client [fd00::2] --tun or veth-- server [nat64-bpf, flowtable] --veth-- web [192.88.99.5]
#
# Established flows take the flowtable, both ways, and are counted as such; what must not stay there leaves it:
# closed flows, deleted conntrack entries, changed routes. Skipped where the kernel has no flowtable.
# kinds: veth tun
LIMIT=${LIMIT:-600}
. "${0%/*}/lib.sh"
topology "$kind"
in_server ip route add default via 192.88.99.5 dev wan0
in_server nat64-bpf load vpn0
state=$(in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['fastpath']['state']")
if [ "$state" = off ]; then
	why=$(in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['fastpath']['why']")
	[ -n "$why" ] || fail "the fast path is off and nothing says why"
	skip "fast path off: $why"
fi
serve

# No packet of the pool leaves un-NATed, whatever happens.
in_web nft "add table ip seen
	add chain ip seen watch { type filter hook prerouting priority -400; }
	add rule ip seen watch ip saddr 192.168.240.0/20 counter"
none_unnated() {
	equal "$(in_web nft -j list chain ip seen watch |
		json "[r['counter']['packets'] for i in d['nftables'] if 'rule' in i for r in i['rule']['expr'] if 'counter' in r][0]")" \
		0 "packets of the pool that reached the web server"
}
flows() { in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['fastpath']['flows']"; }

say "a transfer each way is mostly on the fast path"
for verb in tcp-up tcp-down; do
	in_client xfer $verb "$web6" 5000 3000000
done
for way in 64 46; do
	case $way in 64) all=$(counter in64) ;; 46) all=$(counter out46) ;; esac
	fast=$(counter fast$way)
	say "fast$way: $fast of $all packets"
	[ $((fast * 10)) -gt $((all * 5)) ] || fail "fast$way: $fast of $all packets"
	[ "$(in_server nat64-bpf stats -j vpn0 | json "d['instances'][0]['counters']['fast$way']['packets']")" -ge "$fast" ] ||
		fail "fast$way: stats has less than status"
done

say "FIN closes the flow in conntrack"
until_true 10 sh -c "! ip netns exec $server conntrack -L -p tcp 2>/dev/null | grep -q OFFLOAD"
equal "$(in_server conntrack -L -p tcp 2>/dev/null | grep -c ESTABLISHED)" 0 "TCP flows that conntrack holds for established"

# A UDP flow that goes on: 20 datagrams a second, echoed.
start echo in_web python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.88.99.5", 7777))
print("ready", flush=True)
while True:
    data, where = s.recvfrom(2048)
    s.sendto(data, where)
'
ready echo
start talk in_client python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(0.5)
s.connect((sys.argv[1], 7777))
end = time.monotonic() + 1200		# the test ends it; emulation takes its time
n = 0
while time.monotonic() < end:
    s.send(b"%08d" % n)
    try:
        ok = s.recv(100) == b"%08d" % n
    except OSError:
        ok = False
    print("echo" if ok else "lost", n, flush=True)
    n += 1
    time.sleep(0.05)
' "$web6"
on_fast_path() { [ "$(flows)" -gt 0 ]; }
echoes() { grep -c ^echo "$tmp/talk.log"; }
go_on() {
	local before
	before=$(echoes)
	until_true 10 sh -c "[ \$(grep -c ^echo $tmp/talk.log) -gt $((before + 3)) ]"
}
until_true 20 on_fast_path
go_on

say "conntrack -D takes the flow off the fast path, and the client goes on"
in_server conntrack -D -p udp --dport 7777 > /dev/null 2>&1
go_on
none_unnated

say "unload and load again under traffic"
in_server nat64-bpf unload vpn0
in_server nat64-bpf load vpn0
go_on
none_unnated

say "a route that changes: the flow follows within a second"
in_server ip addr add 198.51.100.1/24 dev wan0
in_web ip addr add 198.51.100.5/24 dev eth0
in_server ip route add 192.88.99.5/32 via 198.51.100.5 dev wan0
go_on
in_server ip route del 192.88.99.5/32 via 198.51.100.5 dev wan0
none_unnated

say "no route: the client hears of it, nothing leaks"
# A packet that is being routed just then may leave its flow with a route that the kernel takes for current (seen once,
# on 6.12 under emulation: a cached route is stamped after it was looked up). The next change of routes ends it.
lost() { tail -n 3 "$tmp/talk.log" | grep lost > /dev/null; }
in_server ip route add unreachable 192.88.99.5/32
until_true 5 lost || { in_server ip route del unreachable 192.88.99.5/32
	in_server ip route add unreachable 192.88.99.5/32
	until_true 10 lost; }
in_server ip route del unreachable 192.88.99.5/32
go_on
none_unnated

say "packets too big for the way out are answered, not lost"
in_web ip link set eth0 mtu 1400
in_server ip link set wan0 mtu 1400
in_client xfer tcp-up "$web6" 5000 1000000
in_client xfer tcp-down "$web6" 5000 1000000
none_unnated

say "fastpath = off"
in_server nat64-bpf load vpn0 --fastpath off
equal "$(in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['fastpath']['state']")" off "state"
go_on
none_unnated
in_server nat64-bpf unload vpn0
