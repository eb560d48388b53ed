#!/bin/bash
#   client [fd00::2] --veth, packets from a TX_RING-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# Packets of which only the Ethernet header is linear: all are translated, none reaches the server's IPv6
# stack as it is. The datagrams are compared at the web server.
# R-SYS-13: packets in pieces.
. "${0%/*}/lib.sh"
topology veth
. "$here/bulk.inc"
leak_watch
mac=$(in_server cat /sys/class/net/vpn0/address)
count=5000
for bytes in 0 1 20 100 1200; do
	start "web-$bytes" in_web python3 -c '
import socket, sys
port, count, size = map(int, sys.argv[1:])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
s.bind(("192.88.99.5", port))
s.settimeout(5)
print("ready", flush=True)
good = bad = 0
try:
    while good + bad < count:
        data = s.recv(65536)
        n = data[0] if data else 0
        if data == bytes((n + i) & 255 for i in range(size)):
            good += 1
        else:
            bad += 1
except socket.timeout:
    pass
print("result", good, bad)
' $((6000 + bytes)) $count "$bytes"
	ready "web-$bytes"
	in_client txring vpn0 "$mac" fd00::2 "$web6" $((6000 + bytes)) $count "$bytes"
	until_true 20 grep -q result "$tmp/web-$bytes.log"
	equal "$(sed -n 's/^result //p' "$tmp/web-$bytes.log")" "$count 0" "datagrams of $bytes bytes"
	say "$bytes bytes: $count datagrams"
done
leak_none
