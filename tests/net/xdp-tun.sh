#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# A TUN has no Ethernet header, which XDP expects: native and generic are refused, auto is TC.
. "${0%/*}/lib.sh"
topology tun
. "$here/refused.inc"
in_server nat64-bpf -q load vpn0 > /dev/null		# makes the seed and the state file
in_server nat64-bpf -q unload vpn0 > /dev/null
before
refused 1 'TUN and WireGuard interfaces have no native XDP' load vpn0 --xdp native
refused 1 'no Ethernet header' load vpn0 --xdp generic
refused_json
unchanged
host_state > "$tmp/before"
in_server nat64-bpf load vpn0 --xdp auto
in_client ping -c 1 -W 2 "$web6"
equal "$(in_server nat64-bpf -j status vpn0 |
	json "[d['instances'][0]['attach'][k] for k in ('xdp', 'why')]")" \
	"['none', 'an interface without an Ethernet header (TUN, WireGuard) has no native XDP']" "status"
in_server nat64-bpf -q status vpn0
in_server nat64-bpf unload vpn0
host_state > "$tmp/after"
same_host "$tmp/before" "$tmp/after"
