#!/bin/bash
#   client [fd00::2] --tun or veth-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# UDP GSO (UDP_SEGMENT) both ways: every datagram arrives with its boundaries and data, also where the
# server has to cut and to checksum by itself.
# kinds: veth tun
. "${0%/*}/lib.sh"
topology "$kind"
in_server nat64-bpf load vpn0
serve
count=4000
if emulated; then
	count=400
fi
datagrams() {
	in_client xfer udp-up "$web6" 5000 $count 1200 40
	sleep 0.5
	equal "$(in_client xfer udp-report "$web6" 5000)" "$count 0" "$1: datagrams up"
	equal "$(in_client xfer udp-down "$web6" 5000 $count 1200 40)" "$count 0" "$1: datagrams down"
	say "$1: $count datagrams each way"
}
datagrams "offloads on"
in_server ethtool -K wan0 tx-udp-segmentation off tx off > /dev/null
in_server ethtool -K vpn0 tx-udp-segmentation off tx off > /dev/null 2>&1 || true
datagrams "the server segments"
in_server ethtool -K wan0 rx-udp-gro-forwarding on gro on > /dev/null
datagrams "the server aggregates"
