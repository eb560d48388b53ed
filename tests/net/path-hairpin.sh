#!/bin/bash
#   clients [fd00::2, fd00::3] --veth or tun-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# Client to client through the pool, RFC 7757 section 4: barred by default, both ways and with ICMP errors where
# it is allowed, by the well-known prefix and another.
# kinds: veth tun
. "${0%/*}/lib.sh"
. "$here/ends.inc"
topology "$kind"
no_limits "$server" "$client"
mtu 1420 1500
client_addr fd00::3
statics=(--static "192.168.240.2 fd00::2" --static "192.168.240.3 fd00::3")
in_server nat64-bpf load vpn0 "${statics[@]}"
ends path_hairpin.py denied 64:ff9b::
in_server nat64-bpf load vpn0 --hairpin allow --private allow "${statics[@]}"
ends path_hairpin.py allowed 64:ff9b:: 1420
in_server nat64-bpf load vpn0 --replace --prefix 64:ff9b:1::/96 --private deny --hairpin allow "${statics[@]}"
ends path_hairpin.py allowed 64:ff9b:1:: 1420
in_server nat64-bpf load vpn0 --hairpin deny
ends path_hairpin.py denied 64:ff9b:1::
