#!/bin/bash
#   client [fd00::2, ::3, fd00:1::2; any MAC address] --veth-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web
#
# Frames on Ethernet compared whole, byte by byte, as they reach the client's end: the first reply has the address of
# the neighbour layer, those that follow the same one, from the client's slot, until it is 100 ticks old (bpf/link.h).
# No frame to the new owner of an address goes to the old one.
# Not in guests by default: it takes long under emulation.
. "${0%/*}/lib.sh"
topology veth
. "$here/ends.inc"
export ENDS_SPACE=$server
client_addr fd00::3 fd00:1::2
ip -n "$server" -6 route add fd00:1::/64 dev vpn0
ends neighbour_frames.py
