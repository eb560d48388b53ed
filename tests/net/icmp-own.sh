#!/bin/bash
#   client [fd00::2, fd00::3] --veth, offloads on-- server [nat64-bpf] --veth-- web [192.88.99.5, 10.9.9.5]
#
# The translator's own ICMPv6 errors about packets whose checksum is open or that are super-packets: right as
# the client's kernel sees them, so that a socket fails at once; limited in number; switched off.
# kinds: veth tun plain checksummed
# A TUN whose writer leaves checksums open (tun), one without virtio_net_hdr (plain), and one whose peer completes
# checksums, errors' quotes included, and so verifies them (checksummed).
. "${0%/*}/lib.sh"
. "$here/ends.inc"
case $kind in
plain)		topology tun -p ;;
checksummed)	topology tun -c ;;
*)		topology "$kind" ;;
esac
no_limits "$server" "$web"
client_addr fd00::3
ip -n "$web" addr add 10.9.9.5/32 dev lo
ip -n "$server" route add 10.9.9.5/32 via 192.88.99.5
in_server nat64-bpf load vpn0
if [ "$kind" = veth ]; then
	ends icmp_own.py errors "$(vpn_mac)"
	say "the same, the server completes checksums on the way back"
	in_server ethtool -K vpn0 tx off > /dev/null
fi
ends icmp_own.py errors "$(vpn_mac)"
ends icmp_own.py limits

say "a refused ping gets the error too, unless echo-errors = off"
# refused: how many errors ping of a private target reports
refused() { in_client ping -6 -c 1 -W 2 64:ff9b::10.9.9.5 2>&1 | grep -c "prohibited" || true; }
in_server nat64-bpf load vpn0 --icmp-errors on > /dev/null
equal "$(refused)" 1 "an error about a refused ping"
in_server nat64-bpf load vpn0 --echo-errors off > /dev/null
before=$(drops private-destination)
equal "$(refused)" 0 "an error about a refused ping with echo-errors = off"
equal "$(drops private-destination)" $((before + 1)) "the ping is dropped and counted all the same"
in_server nat64-bpf load vpn0 --echo-errors on > /dev/null
equal "$(refused)" 1 "an error about a refused ping, switched on again"
