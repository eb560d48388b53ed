#!/bin/bash
# undo.sh with a TUN.
# Not in guests by default: it takes long under emulation.
set -- tun
. "${0%/*}/undo.sh"
