#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf run, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# While others flush the ruleset, under run: a download goes on, the server resets nothing, new flows come through, and
# no packet leaves with an address of the pool. The table that sees to this is run's, and goes with it.
. "${0%/*}/lib.sh"
. "$here/run.inc"
topology tun
in_server mount -t tmpfs none "$NAT64_BPF_RUN_DIR"		# as /run is
start_run vpn0
until_true 10 in_server nat64-bpf status vpn0 -q
in_client ping -q -c 1 -W 2 "$web6" > /dev/null
resets() { in_server nstat -asz TcpOutRsts | awk '$1 == "TcpOutRsts" { print $2 }'; }

# The web sends 300 pieces of 1000 bytes, one each 20 ms, and echoes datagrams of whom it knows: the server's address.
cat > "$tmp/web.py" <<'EOF'
import socket, threading, time
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(("192.88.99.5", 7001))
def answer():
    while True:
        data, sender = echo.recvfrom(100)
        if sender[0] == "192.88.99.1":
            echo.sendto(data, sender)
        else:
            print("leaked from", sender[0], flush=True)
threading.Thread(target=answer, daemon=True).start()
listening = socket.create_server(("192.88.99.5", 7000))
print("ready", flush=True)
connection, _ = listening.accept()
for _ in range(300):
    connection.sendall(bytes(1000))
    time.sleep(0.02)
connection.shutdown(socket.SHUT_WR)
connection.recv(1)		# the client has had its last reply
EOF
# The client reads all, and meanwhile opens a flow of a datagram each 5 ms: no reply in five seconds, with a repetition
# each 0.2 s, is one that is stuck.
cat > "$tmp/client.py" <<'EOF'
import socket, sys, threading, time
web, done, flows, stuck = sys.argv[1], threading.Event(), 0, 0
def new_flows():
    global flows, stuck
    while not done.is_set():
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
            one.settimeout(0.2)
            one.connect((web, 7001))
            for _ in range(25):
                try:
                    one.send(b"x")
                    one.recv(10)
                    break
                except OSError:
                    pass
            else:
                stuck += 1
        flows += 1
        time.sleep(0.005)
opener = threading.Thread(target=new_flows)
with socket.create_connection((web, 7000)) as download:
    download.settimeout(30)
    opener.start()
    total = 0
    try:
        while data := download.recv(65536):
            total += len(data)
    finally:
        done.set()
        opener.join()
print("bytes", total, "stuck", stuck, "flows", "many" if flows > 20 else flows)
EOF
start web in_web python3 "$tmp/web.py"
ready web
before=$(resets)
start client in_client python3 "$tmp/client.py" "$web6"
reader=$!

say "five flushes during a download"
sleep 1			# it is under way: 50 of 300 pieces
for _ in 1 2 3 4 5; do
	in_server nft flush ruleset
	until_true 10 in_server nft list table inet nat64_bpf_vpn0
	sleep 0.5
done
wait "$reader" || fail "the download broke"
equal "$(cat "$tmp/client.log")" "bytes 300000 stuck 0 flows many" "the client"
equal "$(grep -c leaked "$tmp/web.log" || true)" 0 "packets with an address of the pool"
equal "$(resets)" "$before" "resets by the server"

say "the table goes with run"
in_server nft list table inet nat64_hold_vpn0 > /dev/null
kill "$run"
wait "$run" 2> /dev/null || true
equal "$(in_server nft list tables)" "table inet nat64_bpf_vpn0" "tables"
