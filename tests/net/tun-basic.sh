#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# A TUN as a VPN server makes it: ping, TCP and UDP, small and large, through load's own set-up alone.
. "${0%/*}/lib.sh"
topology tun
. "$here/basic.inc"
