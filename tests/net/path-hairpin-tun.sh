#!/bin/bash
# path-hairpin.sh with a TUN.
set -- tun
. "${0%/*}/path-hairpin.sh"
