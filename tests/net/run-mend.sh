#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf run, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# run puts back what others take away: the nftables table within 100 ms, route, address, forwarding; it ends when the
# instance is unloaded. What it heard and did itself must not keep it busy.
. "${0%/*}/lib.sh"
. "$here/run.inc"
topology tun

# mended LIMIT-MS CHECK COMMAND...: runs the command in the server, which takes something away, and waits for CHECK, a
# shell command, to succeed; prints ms, fails above the limit.
mended() {
	in_server python3 - "$@" <<'EOF'
import subprocess, sys, time
limit, check, breaks = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
subprocess.run(breaks, check=True)
begin = time.monotonic()
while subprocess.run(["sh", "-c", check], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
    if time.monotonic() - begin > 10:
        sys.exit(f"not mended in 10 s: {check}")
took = (time.monotonic() - begin) * 1000
print(f"mended after {took:.0f} ms: {check}")
sys.exit(took > limit)
EOF
}

in_server mount -t tmpfs none "$NAT64_BPF_RUN_DIR"		# as /run is
slow=1
emulated && slow=20
start_run vpn0
until_true 10 in_server nat64-bpf status vpn0 -q
in_client ping -q -c 1 -W 2 "$web6"

say "nft flushed, ten times: its table is back within 100 ms"
for _ in 1 2 3 4 5 6 7 8 9 10; do
	mended $((100 * slow)) "nft list table inet nat64_bpf_vpn0" \
		nft flush ruleset
	until_true 2 in_server nat64-bpf status vpn0 -q
done
in_client ping -q -c 1 -W 2 "$web6"

say "a part of the table deleted"
mended $((100 * slow)) "nft list chain inet nat64_bpf_vpn0 nat | grep masquerade" \
	nft flush chain inet nat64_bpf_vpn0 nat
in_client ping -q -c 1 -W 2 "$web6"

say "route, address and forwarding taken away"
mended $((500 * slow)) "ip route show dev vpn0 | grep '192.168.240.0/20 .*src 192.168.240.1 mtu 1392'" \
	ip route del 192.168.240.0/20 dev vpn0
mended $((500 * slow)) "ip route show dev vpn0 | grep '192.168.240.0/20 .*src 192.168.240.1 mtu 1392'" \
	ip addr del 192.168.240.1/32 dev vpn0
in_server ip addr show dev vpn0 | grep -q 192.168.240.1/32
mended $((500 * slow)) "grep 1 /proc/sys/net/ipv4/ip_forward" \
	sysctl -qw net.ipv4.ip_forward=0
in_client ping -q -c 1 -W 2 "$web6"

say "another MTU of the interface: the route follows"
mended $((500 * slow)) "ip route show dev vpn0 | grep 'mtu 1272'" \
	ip link set vpn0 mtu 1300
mended $((500 * slow)) "ip route show dev vpn0 | grep 'mtu 1392'" \
	ip link set vpn0 mtu 1420

say "the interface down and up"
in_server ip link set vpn0 down
until_true 5 grep -q "waiting: vpn0: interface is down" "$tmp/run.log"
in_server ip link set vpn0 up
until_true 5 in_server nat64-bpf status vpn0 -q
in_server ip addr add fd00::1/64 dev vpn0 nodad 2> /dev/null || true
until_true 5 in_client ping -q -c 1 -W 1 "$web6"

say "rules of others change: no look after look without end"
in_server nft add table inet mine
sleep 1
before=$(awk '{ print $14 + $15 }' "/proc/$run/stat")
sleep 2
after=$(awk '{ print $14 + $15 }' "/proc/$run/stat")
[ $((after - before)) -le $((5 * slow)) ] || fail "run took $((after - before)) hundredths of a second in 2 s of rest"

say "unloaded by somebody: run ends and leaves it so"
in_server nat64-bpf unload vpn0
wait "$run"
grep -q "was unloaded" "$tmp/run.log"
status 3 in_server nat64-bpf status vpn0 -q
