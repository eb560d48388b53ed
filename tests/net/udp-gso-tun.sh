#!/bin/bash
# udp-gso.sh with a TUN.
set -- tun
. "${0%/*}/udp-gso.sh"
