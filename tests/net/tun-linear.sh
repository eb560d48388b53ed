#!/bin/bash
#   client [fd00::2] --tun, headers not linear-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# A VPN server that tells the kernel a short hdr_len: the IPv6 or TCP header of super-packets lies in page
# fragments. None may leave untranslated, all data must arrive.
# kinds: 20 40
# So many bytes are linear: half of the IPv6 header; all of it, and nothing of TCP.
. "${0%/*}/lib.sh"
topology tun -l "$kind"
. "$here/bulk.inc"
leak_watch
bulk 200000000
leak_none
