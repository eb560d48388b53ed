#!/bin/bash
#   client [fd00::2] --tun, checksums completed on the way-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# A VPN whose peer completes checksums: packets without NEEDS_CSUM, so the translator must correct a sum
# that the kernel never touches again.
. "${0%/*}/lib.sh"
topology tun -c
. "$here/bulk.inc"
bulk 50000000
in_server ethtool -K wan0 tx off > /dev/null
in_web ethtool -K eth0 tx off > /dev/null
bulk 50000000
