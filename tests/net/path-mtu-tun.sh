#!/bin/bash
# path-mtu.sh: datagrams over a TUN.
set -- tun datagrams
. "${0%/*}/path-mtu.sh"
