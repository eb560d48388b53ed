#!/bin/bash
# path-vectors.sh with a TUN.
set -- tun
. "${0%/*}/path-vectors.sh"
