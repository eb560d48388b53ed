#!/bin/bash
# fastpath.sh with a TUN.
set -- tun
. "${0%/*}/fastpath.sh"
