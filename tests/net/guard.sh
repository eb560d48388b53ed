#!/bin/bash
#   client [fd00::2, TCP 7000] --veth-- server [nat64-bpf] --veth-- web [192.88.99.5, routes the pool to the server]
#
# guard: a neighbour on the WAN side that routes the pool to the gateway cannot reach a client, only answer it; what the
# administrator forwards by a DNAT rule of his own passes. guard = off lets it. host: the gateway's own addresses as a
# client's target, the broadcast address of its networks among them.
. "${0%/*}/lib.sh"
kind=${1:-veth}
topology "$kind"
in_server nat64-bpf load vpn0
in_web ip route add 192.168.240.0/20 via 192.88.99.1
in_client ping -c 1 -W 2 "$web6"
addr4=$(in_server nat64-bpf -j map list vpn0 | json "[b['addr4'] for b in d['bindings'] if b['addr6'] == 'fd00::2'][0]")
start listen in_client python3 -u -c '
import socket
s = socket.create_server(("fd00::2", 7000), family=socket.AF_INET6)
print("ready")
held = []
while True:
    held.append(s.accept()[0])
    held[-1].sendall(b"hello")'
ready listen
stat() { in_server nat64-bpf -j stats vpn0 | json "d['instances'][0]['counters']['$1']['packets']"; }
connect() {
	in_web python3 -c 'import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.5)
s.settimeout(5)
sys.exit(s.recv(9) != b"hello")' "$1" "$2"
}

say "guard = on"
was=$(stat guarded)
status 1 in_web ping -c 2 -i 0.2 -W 1 "$addr4"
grep -q '100% packet loss' "$tmp/out"
status 1 connect "$addr4" 7000
[ "$(stat guarded)" -ge $((was + 3)) ] || fail "guarded: $was, then $(stat guarded)"
in_client ping -c 1 -W 2 "$web6"

say "what the administrator forwards passes, by its own address only"
start echo in_client python3 -u -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("fd00::2", 7002))
print("ready")
while True:
    s.sendto(*s.recvfrom(99))'
ready echo
# exchange ADDRESS PORT: a datagram there and back, twice by the same flow.
exchange() {
	in_web python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1.5)
s.connect((sys.argv[1], int(sys.argv[2])))
for data in b"one", b"two":
    s.send(data)
    if s.recv(9) != data:
        sys.exit(3)' "$1" "$2"
}
# left PROTOCOL PORT: seconds that the entries of flows to the client's PORT live on, as conntrack has them.
left() {
	in_server conntrack -L -p "$1" --reply-src "$addr4" --reply-port-src "$2" 2> /dev/null | awk '{ print $3 }'
}
forward() {
	in_server nft "add table ip forwarded
		add chain ip forwarded pre { type nat hook prerouting priority dstnat; }
		add rule ip forwarded pre iifname wan0 tcp dport 7001 dnat to $addr4:7000
		add rule ip forwarded pre iifname wan0 udp dport 7001 dnat to $addr4:7002"
}
forward
connect 192.88.99.1 7001
exchange 192.88.99.1 7001
status 1 connect "$addr4" 7000
status 1 exchange "$addr4" 7002
# what conntrack cannot place has no entry whose status could be asked
was=$(stat guarded)
in_web python3 "$here/nft-table.py" invalid "$addr4"
counted() { [ "$(stat guarded)" -gt "$was" ]; }
until_true 10 counted
# no entry outlives its binding (decision 18): by the kernel's own timeouts this one would live for five days
in_web timeout 20 python3 -c 'import socket, time
s = socket.create_connection(("192.88.99.1", 7001), 3)
s.recv(9)
print("ready", flush=True)
time.sleep(15)' > "$tmp/linger.log" 2>&1 &
started+=($!)
ready linger
most() { left tcp 7000 | sort -n | tail -n 1; }
acknowledged() { [ "$(most)" -gt 300 ]; }
until_true 10 acknowledged
[ "$(most)" -le 7440 ] || fail "a forwarded flow's entry lives for $(most) s"
in_server nat64-bpf load vpn0 --nat44 none
connect 192.88.99.1 7001
exchange 192.88.99.1 7001
status 1 connect "$addr4" 7000
in_server nat64-bpf load vpn0 --nat44 masquerade
in_server nft delete table ip forwarded
status 1 connect 192.88.99.1 7001

say "guard = off"
forward
in_server nat64-bpf load vpn0 --guard off
connect 192.88.99.1 7001
in_web ping -c 1 -W 3 "$addr4"
connect "$addr4" 7000
in_server nft delete table ip forwarded

say "without NAT44 too"
in_server nat64-bpf load vpn0 --nat44 none --guard off
in_web ping -c 1 -W 3 "$addr4"
connect "$addr4" 7000
in_server nat64-bpf load vpn0 --nat44 none --guard on
status 1 in_web ping -c 1 -W 1 "$addr4"
status 1 connect "$addr4" 7000
in_client ping -c 1 -W 2 "$web6"
in_server nat64-bpf load vpn0 --nat44 masquerade

# R-4.4-01: ICMPv4 3/13 answers what is barred, comes back translated, and is switched off by `host = allow`.
say "host = deny"
for target in 192.88.99.1 192.168.240.1 192.88.99.255; do
	was=$(drops host-destination)
	status 1 in_client ping -c 2 -i 1.1 -W 2 "64:ff9b::$target"
	[ "$(grep -c 'Administratively prohibited' "$tmp/out")" = 2 ] || { cat "$tmp/out"; fail "no ICMPv6 1/1 for $target"; }
	equal "$(drops host-destination)" $((was + 2)) "host-destination for $target"
	status 1 in_client timeout 5 bash -c "echo > /dev/tcp/64:ff9b::$target/22"
	grep -qE 'Permission denied|prohibited|No route' "$tmp/err" || { cat "$tmp/err"; fail "not barred"; }
done

# error TARGET: sends an ICMPv6 error about a datagram of TARGET; prints the types of the errors that come back.
error() {
	in_client python3 -c 'import socket, struct, sys
target, own = sys.argv[1], "fd00::2"
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
quote = struct.pack("!IHBB", 6 << 28, 8, 17, 64) + socket.inet_pton(socket.AF_INET6, target)
quote += socket.inet_pton(socket.AF_INET6, own) + struct.pack("!HHHH", 53, 9, 8, 0)
s.sendto(struct.pack("!BBHI", 1, 4, 0, 0) + quote, (target, 0))
s.settimeout(1)
try:
    while (got := s.recv(2000)[0]) > 4:
        pass
    print(got)
except TimeoutError:
    pass' "$1"
}
was=$(drops host-destination)
equal "$(error 64:ff9b::192.88.99.1)" "" "errors that answer an error"
equal "$(drops host-destination)" $((was + 1)) "host-destination for an error"

say "host = allow"
was=$(drops host-destination)
in_server nat64-bpf load vpn0 --host allow
in_client ping -c 2 -i 0.2 -W 2 64:ff9b::192.88.99.1
in_client ping -c 2 -i 0.2 -W 2 64:ff9b::192.168.240.1
equal "$(drops host-destination)" "$was" "host-destination"
