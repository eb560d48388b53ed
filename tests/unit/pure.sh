#!/bin/bash
# The pure modules see no map, packet or netlink: their sources name no header of libbpf, libmnl or libnftables, at
# any depth, and their objects call none of their functions.
#
#   pure.sh CC ARCHIVE INCLUDE_DIR SOURCE...
set -euo pipefail
cc=$1 archive=$2 include=$3
shift 3
status=0
for source; do
	if "$cc" -M -D_GNU_SOURCE -I"$include" "$source" | grep -E '/(bpf|libmnl|nftables|xdp)/'; then
		echo "$source includes what is above it"
		status=1
	fi
done
if nm -u "$archive" | grep -E ' U (bpf_|libbpf_|mnl_|nft_|xdp_)'; then
	echo "$archive calls what is above it"
	status=1
fi
exit "$status"
