#!/bin/bash
# The pure rooms see no map, packet or netlink: their sources name no header of libbpf, libmnl or libnftables, at
# any depth, and their objects call none of their functions.
#
#   pure.sh CC TOP ARCHIVE|SOURCE...
set -euo pipefail
cc=$1 top=$2		# the compiler with its options
shift 2
status=0
for file; do
	case $file in
	*.a)	if nm -u "$file" | grep -E ' U (bpf_|libbpf_|mnl_|nft_|xdp_)'; then
			echo "$file calls what is above it"
			status=1
		fi ;;
	*)	if $cc -M -D_GNU_SOURCE -I"$top/include" -I"$top/user/base" -I"$top/user/config" "$file" | sed "s|$top/||g" |
			grep -E '/(bpf|libmnl|nftables|xdp)/'; then
			echo "$file includes what is above it"
			status=1
		fi ;;
	esac
done
exit "$status"
