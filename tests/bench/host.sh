#!/bin/bash
#   client [fd00::2, 10.64.0.2] --tun or veth-- gateway --veth-- web [192.88.99.5]
#
# Throughput on this machine's kernel, for scripts/bench host: the cases take turns, so that what else the machine does
# meets them all. Prints, separated by tabs: link, offload on or off, what, streams, case, round, value (Mbit/s or
# packets/s). It runs before others (nice -10), as do the ends and TAYGA: a busy machine shows in the figures all the same.
#
#   host.sh LINK OFFLOAD ROUNDS MILLISECONDS [CASE...]		LINK: tun or veth; OFFLOAD: on or off; STREAMS: "1 4"
kind=$1 offload=$2 rounds=$3 ms=$4
LIMIT=3600
renice -n -10 $$ > /dev/null
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
shift 4
cases=${*:-forward4 masquerade nat64-slow tayga}
PATH=$build/tests/bench:$PATH

options=()
if [ "$kind" = tun ] && [ "$offload" = off ]; then
	options=(-p -c)		# no virtio_net_hdr: the kernel cuts and completes checksums
fi
topology "$kind" "${options[@]}"
ip -n "$client" addr add 10.64.0.2/24 dev vpn0
ip -n "$client" route add default dev vpn0 via 10.64.0.1
ip -n "$server" addr add 10.64.0.1/24 dev vpn0
ip -n "$web" route add 10.64.0.0/24 via 192.88.99.1
in_server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip -n "$client" link set vpn0 mtu 1420
ip -n "$server" link set vpn0 mtu 1420
if [ "$offload" = off ]; then
	for end in "$client vpn0" "$server vpn0" "$server wan0" "$web eth0"; do
		ip netns exec "${end% *}" ethtool -K "${end#* }" tso off gso off gro off > /dev/null 2>&1 || true
	done
fi
start iperf3 in_web iperf3 -s
until_true 10 in_client iperf3 -c 192.88.99.5 -n 1K --connect-timeout 1000

cat > "$tmp/tayga.conf" <<TAYGA
tun-device nat64
ipv4-addr 192.168.64.1
ipv6-addr fd00:64::1
prefix 64:ff9b::/96
dynamic-pool 192.168.64.0/20
data-dir $tmp
TAYGA

masquerade() {
	in_server nft "table ip plain {
		chain post { type nat hook postrouting priority srcnat; ip saddr $1 oifname wan0 masquerade; }
	}"
}

case_up() {
	target=192.88.99.5
	case $1 in
	forward4)	;;
	masquerade)	masquerade 10.64.0.0/24 ;;
	nat64-*)	target=$web6
		in_server nat64-bpf -q load vpn0 --clients fd00::/64 --wan wan0 --fastpath "$(path "$1")" >&2 ;;
	tayga)	target=$web6
		in_server tayga -c "$tmp/tayga.conf" --mktun > /dev/null 2>&1
		ip -n "$server" link set nat64 up
		ip -n "$server" addr add 192.168.64.1/32 dev nat64
		ip -n "$server" route add 192.168.64.0/20 dev nat64
		ip -n "$server" -6 route add 64:ff9b::/96 dev nat64
		masquerade 192.168.64.0/20
		in_server tayga -c "$tmp/tayga.conf" -p "$tmp/tayga.pid" > /dev/null 2>&1 ;;
	esac
	until_true 10 in_client ping -c 1 -W 1 "$target"
}
path() { if [ "$1" = nat64-fast ]; then echo auto; else echo off; fi; }
case_down() {
	case $1 in
	masquerade)	in_server nft delete table ip plain ;;
	nat64-*)	in_server nat64-bpf -q unload vpn0 >&2 ;;
	tayga)	kill "$(cat "$tmp/tayga.pid")"
		until_true 5 in_server tayga -c "$tmp/tayga.conf" --rmtun
		in_server nft delete table ip plain ;;
	esac
}

# tcp WHAT STREAMS [iperf3 options]: Mbit/s received. Another try where iperf3's own two ends miss each other, which the
# guest's one CPU makes them do.
tcp() {
	local what=$1 streams=$2 try=0

	shift 2
	until in_client timeout 20 iperf3 -c "$target" -J -t "$(((ms + 999) / 1000))" -P "$streams" "$@" > "$tmp/iperf.json"; do
		try=$((try + 1))
		[ "$try" -lt 4 ] || { cat "$tmp/iperf.json" >&2; return 1; }
		sleep 1
	done
	result "$what" "$streams" "$(json "'%.1f' % (d['end']['sum_received']['bits_per_second'] / 1e6)" \
		< "$tmp/iperf.json")"
}
udp() {
	local what=$1 streams=$2 value

	shift 2
	port=$((port + 10))
	value=$(timeout 60 pps "$@" -t "$ms" -n "$streams" "$client" "$web" "$target" 192.88.99.5 "$port")
	result "$what" "$streams" "$value"
}
result() { printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$kind" "$offload" "$1" "$2" "$case" "$round" "$3"; }

port=6000
for ((round = 1; round <= rounds; round++)); do
	for case in $cases; do
		echo "bench: $kind, offload $offload, round $round of $rounds: $case" >&2
		case_up "$case"
		for streams in ${STREAMS:-1 4}; do
			tcp tcp-up "$streams"
			tcp tcp-down "$streams" -R
			if [ "$offload" = on ] && ! emulated; then
				udp udp-up "$streams"
				udp udp-down "$streams" -d
			fi
		done
		case_down "$case"
	done
done
