#!/bin/bash
# path-mtu.sh: streams over a TUN.
set -- tun streams
. "${0%/*}/path-mtu.sh"
