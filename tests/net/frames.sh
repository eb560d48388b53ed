#!/bin/bash
#   client [fd00::2, frames of any kind] --veth-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# Frames that are not plain IPv6 for this host. Priority tags (VLAN 0) of both types, one in the other, are taken off
# and the packet is translated like any other; frames of a VLAN reach the VLAN's interface as they were sent; what came
# for a group of the link or for another station makes no binding, counts as nothing, gets no ICMPv6 error, and leaves
# in no form. Packets are compared whole at the web server, what leaves for it is watched for IPv6.
# R-SYS-15: priority tags and VLANs. R-SYS-16: frames for a group or another station.
. "${0%/*}/lib.sh"
topology veth
. "$here/ends.inc"
# were anything to go on untranslated, it would leave here
ip -n "$server" addr add 2001:db8:1::1/64 dev wan0 nodad
ip -n "$web" addr add 2001:db8:1::8/64 dev eth0 nodad
ip -n "$server" -6 route add default via 2001:db8:1::8
in_server sysctl -qw net.ipv6.conf.all.forwarding=1
vlans=
if ip -n "$server" link add link vpn0 name vpn0.5 type vlan id 5 2> /dev/null; then
	ip -n "$server" link add link vpn0 name vpn0.6 type vlan id 6 protocol 802.1ad
	ip -n "$server" link set vpn0.5 up
	ip -n "$server" link set vpn0.6 up
	vlans=1
else
	say "this kernel has no VLAN interfaces"
fi
in_server nat64-bpf load vpn0
ENDS_SPACE=$server ends frames.py $vlans
