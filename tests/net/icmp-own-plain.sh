#!/bin/bash
# icmp-own.sh with a TUN without virtio_net_hdr.
set -- tun -p
. "${0%/*}/icmp-own.sh"
