#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# An Ethernet-like VPN interface: ping, TCP and UDP, small and large, through load's own set-up alone.
. "${0%/*}/lib.sh"
topology veth
. "$here/basic.inc"
