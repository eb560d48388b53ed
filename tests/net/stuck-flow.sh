#!/bin/bash
# kinds: veth
#   client [fd00::2] --vpn0-- server [nat64-bpf; its table is taken away for a moment] --wan0-- web [192.88.99.5]
#
# A flow whose first packet falls into the gap of a firewall reload, and which goes on sending, works once the table is
# back: by load, by run. So does one that began with nat44 = none. Another firewall's `ct state` keeps conntrack on.
. "${0%/*}/lib.sh"
topology "$kind"
serve_udp() {
	in_web python3 -u -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.88.99.5", 9000))
print("ready")
while True:
    data, who = s.recvfrom(99)
    try:
        s.sendto(data, who)
    except OSError:
        pass'
}
start serve serve_udp
ready serve
# begin PORT: a flow from one port, ten datagrams a second, 60 s at most; prints "back" with each reply.
begin() {
	start "flow$1" in_client timeout 60 python3 -u -c 'import socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", int(sys.argv[1])))
s.settimeout(0.1)
while True:
    s.sendto(b"q", ("64:ff9b::192.88.99.5", 9000))
    print("sent")
    try:
        s.recv(99)
        print("back")
        time.sleep(0.1)
    except TimeoutError:
        pass' "$1"
	until_true 10 grep -q sent "$tmp/flow$1.log"
}
back() { until_true 10 grep -q back "$tmp/flow$1.log"; }
# known PORT: conntrack has an entry of that flow
known() { in_server conntrack -L -p udp --orig-port-src "$1" 2> /dev/null | grep "sport=$1 " > /dev/null; }
cat > "$tmp/firewall" <<'END'
flush ruleset
table inet filter {
	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state established,related accept
	}
}
END
in_server nat64-bpf load vpn0
begin 40000
back 40000

say "load"
in_server nft -f "$tmp/firewall"
begin 40001
until_true 10 known 40001
! grep -q back "$tmp/flow40001.log" || fail "no gap: a flow has NAT without the table"
in_server nat64-bpf load vpn0
back 40001

say "nat44 = none until now"
in_server nat64-bpf load vpn0 --nat44 none
begin 40002
until_true 10 known 40002
in_server nat64-bpf load vpn0 --nat44 masquerade
back 40002

say "run"
in_server nat64-bpf unload vpn0
in_server nft -f "$tmp/firewall"
start run in_server nat64-bpf run vpn0
until_true 20 in_server nat64-bpf -q status vpn0
port=41000
for _ in 1 2 3 4 5; do
	in_server nft -f "$tmp/firewall" &
	reload=$!
	for _ in 1 2 3 4; do
		begin "$port"
		port=$((port + 1))
	done
	wait "$reload"
done
while [ "$port" -gt 41000 ]; do
	port=$((port - 1))
	back "$port"
done
