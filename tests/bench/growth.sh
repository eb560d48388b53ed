#!/bin/bash
# What pool size and bindings cost: the programs by test run, and `nat64-bpf load` as a whole. Run by scripts/bench
# growth in a guest with VM_ICOUNT=1; prints the lines of runs.c, each after prefix length and bindings asked for.
#
#   growth.sh [quick]
set -euo pipefail
[ -e /.inside ] || { echo "growth.sh: to be run by scripts/bench, in a guest" >&2; exit 2; }
build=${NAT64_BUILD:-$PWD/build}
shapes="24:1 24:253 20:1 20:4096 12:1 12:4096 12:65536"
[ "${1-}" != quick ] || shapes="24:1 20:4096 12:65536"

ip netns add g
ip -n g link add vpn0 type veth peer name peer0
ip -n g addr add fd00::1/64 dev vpn0 nodad
ip -n g link set peer0 up
ip -n g link set vpn0 up
# Programs and maps in 1 ns an instruction; the guest's clock also runs while the kernel waits (RCU).
# shellcheck disable=SC2016 # for the inner shell
ip netns exec g sh -c 'mount -t bpf bpf /sys/fs/bpf && for length in first 24 20 12; do
	case $length in
	12)	pool=10.0.0.0/12 ;;
	first)	pool=192.168.240.0/24 ;;	# loads modules of the kernel too: not measured
	*)	pool=192.168.240.0/$length ;;
	esac
	echo "bench: load with a pool /$length" >&2
	start=$(date +%s%N)
	"$1" -q load vpn0 --pool $pool --clients fd00::/64 --fastpath off
	end=$(date +%s%N)
	[ $length = first ] || printf "%s\t1\tgrowth\tproduct load\t%s\t%s\t%s\n" $length $((end - start)) $((end - start)) $((end - start))
	"$1" -q unload vpn0
done' growth "$build/user/nat64-bpf"
for shape in $shapes; do
	length=${shape%:*} bindings=${shape#*:}
	echo "bench: pool /$length, $bindings bindings" >&2
	"$build/tests/runs" growth "$length" "$bindings" | sed "s/^/$length\t$bindings\t/"
done
