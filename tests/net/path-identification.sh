#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf, masquerade] --veth-- web [192.88.99.5]
#
# IPv4 Identifications of packets that may be fragmented differ from one to the next (RFC 7915, 5.1; RFC
# 6864), and fragments of both kinds, in order and reversed, are put together at the other end.
# kinds: veth tun
. "${0%/*}/lib.sh"
. "$here/ends.inc"
topology "$kind"
no_limits "$server" "$web"
in_server nat64-bpf load vpn0
ends path_identification.py "$(vpn_mac)"
