#!/bin/bash
# path-identification.sh with a TUN.
set -- tun
. "${0%/*}/path-identification.sh"
