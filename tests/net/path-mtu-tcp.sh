#!/bin/bash
# path-mtu.sh: streams over a veth.
set -- veth streams
. "${0%/*}/path-mtu.sh"
