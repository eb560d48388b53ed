#!/bin/bash
# tun-linear.sh with the IPv6 header linear and the TCP header not.
set -- 40
. "${0%/*}/tun-linear.sh"
