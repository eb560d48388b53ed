#!/bin/bash
#   client [fd00::2] --veth, offloads on-- server [nat64-bpf] --veth, offloads on-- web [192.88.99.5]
#
# A gigabyte of TCP each way, every byte compared; then 50 MB with the offloads of all interfaces off.
# R-SYS-13: super-packets keep their kind and checksum state.
. "${0%/*}/lib.sh"
topology veth
. "$here/bulk.inc"
bulk 1000000000
gso_seen
for pair in "$client vpn0" "$server vpn0" "$server wan0" "$web eth0"; do
	# shellcheck disable=SC2086 # two words
	set -- $pair
	ip netns exec "$1" ethtool -K "$2" tso off gso off gro off tx off > /dev/null
done
say "all offloads off"
bulk 50000000
