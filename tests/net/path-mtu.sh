#!/bin/bash
#   client [fd00::2] --veth or tun, 1500, 1420, 1280-- server [nat64-bpf, masquerade]
#                                                         --veth, 1500, 1300, 1000, 576-- web [192.88.99.5]
#
# Every pair of MTUs: nothing that may be fragmented is lost, everything that may not is answered (veth, tun);
# TCP passes with and without the MSS clamp (tcp, tcp-tun).
# R-4.1-08: what has DF clear arrives in fragments that fit.
# kinds: veth tun tcp tcp-tun
. "${0%/*}/lib.sh"
. "$here/ends.inc"
case $kind in
*tun)	topology tun ;;
*)	topology veth ;;
esac
no_limits "$server" "$client" "$web"
pairs=(1500/1500 1500/1300 1500/1000 1500/576 1420/1500 1420/1300 1420/1000 1420/576 1280/1500 1280/1300 1280/1000 1280/576)
if emulated; then
	pairs=(1500/1300 1420/1500 1280/576)
fi
for pair in "${pairs[@]}"; do
	mtu "${pair%/*}" "${pair#*/}"
	in_server nat64-bpf load vpn0 --mss-clamp auto > "$tmp/load.log"
	if [[ $kind != tcp* ]]; then
		# what each side learned of the path before is no help
		in_client ip -6 route flush cache
		in_web ip route flush cache
		ends path_mtu.py datagrams "${pair%/*}" "${pair#*/}"
		continue
	fi
	for clamp in auto off; do
		in_server nat64-bpf load vpn0 --mss-clamp $clamp > "$tmp/load.log"
		in_client ip -6 route flush cache
		in_web ip route flush cache
		ends path_mtu.py streams 200000 "VPN ${pair%/*}, WAN ${pair#*/}, mss-clamp = $clamp, TCP"
	done
done
