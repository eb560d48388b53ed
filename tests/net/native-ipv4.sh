#!/bin/bash
#   client [fd00::2, 10.8.0.2, 192.88.98.9] --veth or TUN-- server [nat64-bpf, 10.8.0.1] --veth-- web [192.88.99.5]
#
# IPv4 that a client of a dual-stack VPN writes itself. With a source of the pool, or of a static map outside it, it
# goes nowhere and is counted as pool-source; to an address of the pool it reaches no other client; all else goes on
# as before. And an IPv4 exit behind the VPN interface itself (one-armed): it sees the gateway's address, never one of
# the pool. R-SYS-17: what came in by the VPN interface is not for that reason a translated packet.
# kinds: veth tun xdp
. "${0%/*}/lib.sh"
kind=${1:-veth} link=${1:-veth} xdp=off
[ "$kind" != xdp ] || link=veth xdp=generic
topology "$link"
. "$here/ends.inc"
ip -n "$server" addr add 10.8.0.1/24 dev vpn0
ip -n "$client" addr add 10.8.0.2/24 dev vpn0
ip -n "$client" addr add 192.88.98.9/32 dev lo
ip -n "$client" route add 192.168.240.0/20 via 10.8.0.1
ip -n "$client" route add 192.88.99.0/24 via 10.8.0.1 src 10.8.0.2
ip -n "$server" route add default via 10.8.0.2 dev vpn0
ip -n "$web" route add 10.8.0.0/24 via 192.88.99.1
in_server sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.vpn0.send_redirects=0
in_server nat64-bpf -q load vpn0 --static "192.168.240.50 fd00::2" --static "10.77.0.9 fd00::9" --xdp "$xdp"
mac=$(vpn_mac)

seconds=1		# s in which a packet is sent and arrives: python alone takes several under emulation
! emulated || seconds=12

# sends SOURCE TARGET...: a UDP datagram that the client writes in IPv4; nothing with its payload leaves for the web.
sends() {
	start "web-$1" in_web python3 "$here/raw.py" capture eth0 ip "$seconds" "$tmp/web"
	ready "web-$1"
	in_client python3 - "$here" "${mac:-}" "$@" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import raw
mac, source, targets = sys.argv[2], sys.argv[3], sys.argv[4:]
link = raw.Link("vpn0", "ip", bytes.fromhex(mac.replace(":", "")) if mac else None)
for target in targets:
    link.send(raw.ip4(source, target, 17, raw.udp(source, target, 4000, 5000, b"written")))
PY
	wait $!
	[ -e "$tmp/web" ] || fail "no capture"
}
written() { grep -c 7772697474656e "$tmp/web" || true; }

say "a source of the pool"
in64=$(counter in64)
for source in 192.168.240.99 192.168.240.50 192.168.240.1 10.77.0.9; do
	was=$(drops pool-source)
	sends $source 192.88.99.5 10.9.9.9 169.254.169.254 192.168.240.50
	equal "$(written)" 0 "datagrams from $source on the WAN"
	equal "$(drops pool-source)" $((was + 4)) "pool-source, from $source"
done
equal "$(counter in64)" "$in64" "translated packets"

say "a source of its own"
sends 10.8.0.2 192.88.99.5
equal "$(written)" 1 "datagrams on the WAN"
in_client ping -4 -c 1 -W 2 192.88.99.5 > "$tmp/out" || fail "the VPN's own IPv4 does not work"
in_client ping -c 1 -W 2 "$web6" > "$tmp/out" || fail "NAT64 does not work"

say "to another client"
start listen in_client python3 -u -c '
import socket
s = socket.create_server(("fd00::2", 7000), family=socket.AF_INET6)
print("ready")
while True:
    s.accept()[0].sendall(b"hello")'
ready listen
guarded() { in_server nat64-bpf -j stats vpn0 | json "d['instances'][0]['counters']['guarded']['packets']"; }
was=$(guarded)
status 1 in_client ping -4 -I 10.8.0.2 -c 1 -W 1 192.168.240.50
status 1 in_client python3 -c 'import socket
socket.create_connection(("192.168.240.50", 7000), 1.5, ("10.8.0.2", 0))'
[ "$(guarded)" -ge $((was + 2)) ] || fail "guarded: $was, then $(guarded)"

say "an exit behind the VPN interface"
start seen in_client python3 "$here/raw.py" capture vpn0 ip 3 "$tmp/seen"
ready seen
seen=$!
in_client ping -c 2 -i 0.2 -W 2 64:ff9b::192.88.98.9 > "$tmp/out" || fail "the exit behind vpn0 does not work"
wait "$seen"
equal "$(grep -c '^45.\{22\}0a080001c0586209' "$tmp/seen")" 2 "requests from 10.8.0.1"
! grep '^45.\{22\}c0a8f' "$tmp/seen" || fail "with an address of the pool"
in_server nat64-bpf -q unload vpn0
