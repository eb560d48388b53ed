#!/bin/bash
#   client [fd00::2, 10.64.0.2] --vpn0-- gateway --wan0-- web [192.88.99.5, fd01::5]
#
# The cases of scripts/bench icount, one after the other in one boot of a guest with VM_ICOUNT=1; prints the
# lines of hop.c. Each case has ports of its own, so that no connection of an earlier one answers.
#
#   icount.sh [quick|open] [CASE...]	open: only what opening a flow costs
set -euo pipefail
[ -e /.inside ] || { echo "icount.sh: to be run by scripts/bench, in a guest" >&2; exit 2; }
build=${NAT64_BUILD:-$PWD/build}
export PATH=$build/user:$build/tests/bench:$build/tests/net:$PATH
flow_counts="1 64 4096 65536" sizes="64 1200" rounds=24
open=()
case ${1-} in
quick)	flow_counts="64" sizes="64" rounds=12
	shift ;;
open)	flow_counts="8192" sizes="64" rounds=12 open=(-o)
	shift ;;
esac
cases=${*:-drop floor forward4 forward6 masquerade flowtable tayga nat64-slow nat64-fast}

gateway() { ip netns exec g "$@"; }

for space in c g w; do
	ip netns add $space
	ip netns exec $space sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.router_solicitations=0
	ip -n $space link set lo up
done
# Far ends have the gateway's MAC addresses crosswise: so they take frames that tc passes on unchanged.
ip -n c link add vpn0 address 02:00:00:00:00:02 type veth peer name vpn0 address 02:00:00:00:00:01 netns g
ip -n g link add wan0 address 02:00:00:00:00:02 type veth peer name eth0 address 02:00:00:00:00:01 netns w
ip -n c addr add fd00::2/64 dev vpn0
ip -n c addr add 10.64.0.2/24 dev vpn0
ip -n g addr add fd00::1/64 dev vpn0
ip -n g addr add 10.64.0.1/24 dev vpn0
ip -n g addr add 192.88.99.1/24 dev wan0
ip -n g addr add fd01::1/64 dev wan0
ip -n w addr add 192.88.99.5/24 dev eth0
ip -n w addr add fd01::5/64 dev eth0
for end in "c vpn0" "g vpn0" "g wan0" "w eth0"; do ip -n "${end% *}" link set "${end#* }" up; done
ip -n c route add default via 10.64.0.1
ip -n c -6 route add default via fd00::1
ip -n w route add 10.64.0.0/24 via 192.88.99.1		# for the case without NAT
ip -n w -6 route add fd00::/64 via fd01::1
gateway sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
modprobe nf_conntrack
echo 131072 > /sys/module/nf_conntrack/parameters/hashsize
sysctl -qw net.netfilter.nf_conntrack_max=1000000
sysctl -qw net.ipv4.udp_mem="1000000 1000000 1000000"	# pages: each of 65,536 sockets keeps one
# Permanent neighbours: else a case meets them in one state or the other, 110 instructions apart.
while read -r space dev number addrs; do
	for addr in $addrs; do
		ip -n "$space" neigh replace "$addr" lladdr 02:00:00:00:00:0"$number" dev "$dev" nud permanent
	done
done <<-NEIGHBOURS
	c vpn0 1 10.64.0.1 fd00::1
	g vpn0 2 10.64.0.2 fd00::2
	g wan0 1 192.88.99.5 fd01::5
	w eth0 2 192.88.99.1 fd01::1
NEIGHBOURS
ip netns exec c ping -q -c 1 192.88.99.5 > /dev/null
ip netns exec c ping -q -c 1 fd01::5 > /dev/null

wanted() {
	case " $cases " in
	*" ${1%[46]*} "* | *" $1 "*) ;;
	*)	return 1 ;;
	esac
}

# Packets of a socket over veth have 2 bytes of room in front, those of a driver 64 and more (NET_SKB_PAD). An MPLS
# label put on and taken off again makes the web server's like a driver's; in every case, so it costs none of them
# more. HEADROOM=no: without.
if [ "${HEADROOM-}" != no ]; then
	ip netns exec w tc qdisc add dev eth0 clsact
	ip netns exec w tc filter add dev eth0 egress protocol ip matchall action mpls push protocol mpls_uc label 16 \
		pipe action mpls pop protocol ip
fi

port=1000 section=1
# hops CASE TARGET SERVER BACK [hop options]: all sizes and numbers of flows.
hops() {
	local case=$1 target=$2 server=$3 back=$4 bytes flows

	wanted "$case" || return 0
	shift 4
	[ "${case#drop}" != "$case" ] || set -- "$@" "${open[@]}"
	for bytes in $sizes; do
		for flows in $flow_counts; do
			port=$((port + 10))
			echo "bench: $case, $bytes bytes, $flows flows" >&2
			if [ -e /out/profile ]; then
				set -- "$@" -m $section
			fi
			hop "$@" -r $rounds -l "$bytes" -n "$flows" "$case" c w "$target" "$server" "$back" $port
			[ ! -e /out/profile ] || profiled "$case" $section
			section=$((section + 2 + ${#open[@]}))
		done
	done
}
# For scripts/bench profile: which section is which, the names of addresses, and the source lines of the programs.
profiled() {
	echo "$2 $1" >> /out/profile/sections
	case $1 in
	nat64-*)
		cp /proc/kallsyms /out/profile/symbols
		lines nat64 > "/out/profile/$1.lines" ;;
	esac
}

# What sending alone costs, both families.
gateway nft 'table netdev sink {
	chain up { type filter hook ingress device vpn0 priority -500; policy drop; }
	chain down { type filter hook ingress device wan0 priority -500; policy drop; }
}'
all=$flow_counts flow_counts=64
hops drop4 192.88.99.5 192.88.99.5 192.88.99.1 -d
hops drop6 fd01::5 fd01::5 fd00::2 -d
gateway nft delete table netdev sink

# The floor: from veth to veth without a stack between, by tc; what sends and receives is in every case.
redirect() {
	gateway tc qdisc add dev "$1" clsact
	gateway tc filter add dev "$1" ingress protocol ip matchall action mirred egress redirect dev "$2"
}
redirect vpn0 wan0
redirect wan0 vpn0
hops floor 192.88.99.5 192.88.99.5 -
flow_counts=$all
gateway tc qdisc del dev vpn0 clsact
gateway tc qdisc del dev wan0 clsact

hops forward4 192.88.99.5 192.88.99.5 -
hops forward6 fd01::5 fd01::5 -
gateway nft 'table ip plain {
	chain post { type nat hook postrouting priority srcnat; ip saddr 10.64.0.0/24 oifname wan0 masquerade; }
}'
hops masquerade 192.88.99.5 192.88.99.5 -
gateway nft 'table ip plain {
	flowtable ft { hook ingress priority filter; devices = { vpn0, wan0 }; }
	chain forward { type filter hook forward priority filter; ct state established flow add @ft; }
}'
hops flowtable 192.88.99.5 192.88.99.5 -
gateway nft delete table ip plain

if wanted tayga && command -v tayga > /dev/null; then
	mkdir -p /tmp/tayga
	cat > /tmp/tayga.conf <<-TAYGA
		tun-device nat64
		ipv4-addr 192.168.64.1
		ipv6-addr fd00:64::1
		prefix 64:ff9b::/96
		dynamic-pool 192.168.64.0/20
		data-dir /tmp/tayga
	TAYGA
	gateway tayga -c /tmp/tayga.conf --mktun >&2
	ip -n g link set nat64 up
	ip -n g addr add 192.168.64.1/32 dev nat64
	ip -n g route add 192.168.64.0/20 dev nat64
	ip -n g -6 route add 64:ff9b::/96 dev nat64
	gateway nft 'table ip plain {
		chain post { type nat hook postrouting priority srcnat; ip saddr 192.168.64.0/20 masquerade; }
	}'
	gateway tayga -c /tmp/tayga.conf -p /tmp/tayga.pid
	sleep 1
	hops tayga 64:ff9b::192.88.99.5 192.88.99.5 - -b 256
	kill "$(cat /tmp/tayga.pid)"
	sleep 1
	gateway tayga -c /tmp/tayga.conf --rmtun >&2
	gateway nft delete table ip plain
fi

if command -v nat64-bpf > /dev/null; then
	ip netns exec g sh -c 'mount -t bpf bpf /sys/fs/bpf && touch /tmp/mounted && exec sleep 86400' &
	holder=$!
	until [ -e /tmp/mounted ]; do sleep 0.2; done
	ours() { nsenter --net=/run/netns/g --mount=/proc/$holder/ns/mnt nat64-bpf "$@"; }
	for path in off auto; do
		case $path in off) case=nat64-slow ;; auto) case=nat64-fast ;; esac
		wanted "$case" || continue
		ours load vpn0 --clients fd00::/64 --wan wan0 --fastpath $path >&2
		ours status -j > "/out/status-$case.json"
		hops "$case" 64:ff9b::192.88.99.5 192.88.99.5 -
		ours unload vpn0 >&2
	done

	# XDP. With complete checksums, as a network card hands packets up: XDP leaves open ones to TC. Their sum is
	# part of what sending costs, so that is measured anew.
	ip netns exec c ethtool -K vpn0 tx off > /dev/null
	gateway nft 'table netdev sink {
		chain up { type filter hook ingress device vpn0 priority -500; policy drop; }
		chain down { type filter hook ingress device wan0 priority -500; policy drop; }
	}'
	all=$flow_counts flow_counts=64
	hops drop6s fd01::5 fd01::5 fd00::2 -d
	flow_counts=$all
	gateway nft delete table netdev sink
	for mode in off pass native generic; do
		case $mode in
		off)	case=nat64-tc xdp=off ;;
		pass)	case=nat64-xdppass xdp=off	# what XDP costs on this device, whatever it does
			gateway env LIBXDP_SKIP_DISPATCHER=1 xdppass attach vpn0 ;;
		native)	case=nat64-xdp xdp=native ;;
		generic) case=nat64-xdpgen xdp=generic ;;
		esac
		ours load vpn0 --clients fd00::/64 --fastpath off --xdp "$xdp" >&2
		ours status -j > "/out/status-$case.json"
		hops "$case" 64:ff9b::192.88.99.5 192.88.99.5 -
		ours unload vpn0 >&2
		[ $mode != pass ] || ip -n g link set vpn0 xdp off
	done
	kill $holder
fi
