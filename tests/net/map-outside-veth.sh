#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# map-outside.sh on an Ethernet-like interface: the route goes through the placeholder neighbour.
exec "${0%/*}/map-outside.sh" veth
