#!/bin/bash
#   client [fd00::2] --tun, GSO and partial checksums-- server [nat64-bpf] --veth, offloads on-- web [192.88.99.5]
#
# A gigabyte of TCP each way through a TUN as a VPN server makes it, every byte compared.
. "${0%/*}/lib.sh"
topology tun
. "$here/bulk.inc"
bulk 1000000000
gso_seen
