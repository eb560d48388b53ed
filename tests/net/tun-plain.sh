#!/bin/bash
#   client [fd00::2] --tun without virtio_net_hdr-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# The TUN of a VPN server that knows no offloads: no packet above the MTU, every checksum complete.
. "${0%/*}/lib.sh"
topology tun -p
. "$here/bulk.inc"
bulk 200000000
