#!/bin/bash
# undo.sh with a TUN.
set -- tun
. "${0%/*}/undo.sh"
