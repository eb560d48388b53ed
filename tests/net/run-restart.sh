#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf run, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# A VPN that restarts: its interface goes and comes back, with another ifindex, under another name too. run waits for
# it, brings all of it back, and each client has the address it had.
. "${0%/*}/lib.sh"
. "$here/run.inc"
topology tun
cat > "$tmp/conf/vpn.conf" <<'EOF'
[nat64]
interface = vpn*
clients = fd00::/64
static = 192.168.240.50 fd00::50
static = 203.0.113.50 fd00::51
EOF

tunpipe=${started[1]}		# the first is the holder of the mount namespace
vpn_down() {
	kill "$tunpipe"
	wait "$tunpipe" 2> /dev/null || true
}
# vpn_up NAME: as a VPN server does, step by step
vpn_up() {
	start tunpipe tunpipe "$client" "$server" "$1"
	tunpipe=$!
	ready tunpipe
	ip -n "$client" addr add fd00::2/64 dev "$1" nodad
	ip -n "$client" link set "$1" up
	ip -n "$client" route add default via fd00::1 dev "$1"
	ip -n "$server" addr add fd00::1/64 dev "$1" nodad
	ip -n "$server" link set "$1" up
}
address() { in_server nat64-bpf map list vpn -j | json "[b['addr4'] for b in d['bindings'] if b['addr6'] == 'fd00::2'][0]"; }

serve
say "absent at the start: it waits, and does not fail"
vpn_down
start_run vpn
until_true 5 grep -q "vpn: waiting" "$tmp/run.log"
kill -0 "$run"
vpn_up vpn0
until_true 5 in_server nat64-bpf status vpn -q
until_true 5 in_client ping -q -c 1 -W 1 "$web6"
first=$(address)

for name in vpn0 vpn0 vpn1 vpn0; do
	say "gone, and back as $name"
	vpn_down
	until_true 5 bash -c "nsenter --net=/run/netns/$server --mount=/proc/$holder/ns/mnt \
		nat64-bpf status vpn | grep '^vpn: waiting' > /dev/null"
	vpn_up "$name"
	until_true 5 in_server nat64-bpf status vpn -q
	until_true 5 in_client ping -q -c 1 -W 1 "$web6"
	equal "$(address)" "$first" "address of the client"
	in_server ip route show dev "$name" | grep > /dev/null "^192.168.240.0/20 proto 64" || fail "no route of the pool"
	in_server ip route show dev "$name" | grep > /dev/null "^203.0.113.50 proto 64" || fail "no route of the static map"
	in_server nat64-bpf map list vpn | grep > /dev/null "203.0.113.50.*fd00::51" || fail "no static map"
	in_client xfer tcp-down "$web6" 5000 200000
done

say "nothing is left at the end"
kill -TERM "$run"
wait "$run"
in_server nat64-bpf unload vpn
in_server ip route show table all | grep "proto 64" && fail "a route is left"
in_server sh -c "! test -e /sys/fs/bpf/nat64-bpf" || fail "pins are left"
