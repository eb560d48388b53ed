#!/bin/bash
. "${0%/*}/lib.sh"
topology veth
in_server nat64-bpf -q load vpn0 > /dev/null
cp "$build/user/nat64-bpf" "$tmp/nat64-bpf"	# he cannot enter the folder of the other
chmod 755 "$tmp" "$tmp/nat64-bpf"
caps=-all,+dac_override,+bpf,+net_admin
with=(env PATH="$tmp:$PATH" setpriv --reuid=65534 --regid=65534 --clear-groups "--inh-caps=$caps" "--ambient-caps=$caps")
in_server "${with[@]}" nat64-bpf status vpn0
in_server "${with[@]}" strace -f nat64-bpf status vpn0 2>&1 | grep -E "EPERM|EACC|nftables|ip_forward"
in_server "${with[@]}" nft list tables
exit 0
