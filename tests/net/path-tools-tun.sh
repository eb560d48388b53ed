#!/bin/bash
# path-tools.sh with a TUN.
set -- tun
. "${0%/*}/path-tools.sh"
