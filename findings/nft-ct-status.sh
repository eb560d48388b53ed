#!/bin/bash
# In nftables `ct status != snat` is true of flows that have source NAT.
#
# Software  nftables 1.0.6 (1.0.6-2+deb12u2) of Debian 12; Linux 6.1.192, 6.12.117 and 6.18.44
# Source    nft(8), conntrack types: ct_status is a bit mask; how != compares masks is not said
# Expected  `ct status snat` is true of flows with source NAT, so `ct status != snat` is true of all others: a rule
#           that counts or refuses what leaves without NAT.
# Seen      `ct status snat` asks for the bit, as `ct status & snat != 0`; with != the whole mask is compared, and
#           a flow has other bits as well (confirmed, seen-reply ...). So both are true of the same packet, and
#           `ct status == snat`, seldom written, is true of none. The opposite of `ct status snat` is
#           `ct status & snat == 0`, which nft lists as `ct status ! snat`.
# Output
#	ct status snat: 3 of 3 packets
#	ct status != snat: 3 of 3 packets
#	ct status == snat: 0 of 3 packets
#	ct status & snat == 0: 0 of 3 packets
#	it is listed as: ct status ! snat
# Exit status: 0 as described, 1 changed, 2 cannot be run here.
set -euo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
packages="nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11=1.2.4-2 libmnl0 libjansson4 libgmp10 libedit2
	libbsd0 libmd0 libtinfo6 libxtables12"
programs="nft"

# Outside: unpacks the packages into a temporary folder, wraps their programs, and goes on in namespaces of its own.
if [ "${1-}" != inside ]; then
	[ "$(id -u)" = 0 ] || { echo "cannot run: needs root, for its namespaces" >&2; exit 2; }
	self=$(realpath "$0")
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	cd "$work"
	# shellcheck disable=SC2086 # a list
	apt-get -qq -o APT::Sandbox::User=root download $packages || exit 2
	for deb in *.deb; do dpkg-deb -x "$deb" root; done
	mkdir bin
	for program in $programs; do
		path=$(find "$work/root" -type f -path "*bin/$program" | head -n 1)
		libraries=$(find "$work/root" -type d -path '*lib/*-linux-gnu' | paste -sd :)
		printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$libraries" "$path" > "bin/$program"
		chmod 755 "bin/$program"
	done
	status=0
	timeout -k 5 60 unshare -m -n "$self" inside "$work" || status=$?
	exit "$status"
fi

work=$2
cd "$work"
PATH=$work/bin:$PATH
changed=0

# Compares what is seen with what this finding describes.
see() { # WHAT DESCRIBED SEEN
	echo "$1: $3"
	if [ "$2" != "$3" ]; then
		echo "changed: $1: described is $2" >&2
		changed=1
	fi
}

ip link set lo up
nft -f - <<'NFT'
table ip t {
	counter is { }
	counter is_not { }
	counter equal { }
	counter no_bit { }
	chain nat {
		type nat hook postrouting priority srcnat
		ip daddr 127.0.0.2 snat to 127.0.0.3
	}
	chain after {
		type filter hook postrouting priority srcnat + 10
		ip daddr 127.0.0.2 udp dport 9 jump count
	}
	chain count {
		ct status snat counter name is
		ct status != snat counter name is_not
		ct status == snat counter name equal
		ct status & snat == 0 counter name no_bit
	}
}
NFT

# Three flows of a packet each: the NAT is decided by the time that the second chain sees it.
for _ in 1 2 3; do
	echo x > /dev/udp/127.0.0.2/9
done

packets() { # COUNTER
	echo "$(nft list counter ip t "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p') of 3 packets"
}
see "ct status snat" "3 of 3 packets" "$(packets is)"
see "ct status != snat" "3 of 3 packets" "$(packets is_not)"
see "ct status == snat" "0 of 3 packets" "$(packets equal)"
see "ct status & snat == 0" "0 of 3 packets" "$(packets no_bit)"
see "it is listed as" "ct status ! snat" \
	"$(nft list chain ip t count | sed -n 's/^\t*\(.*\) counter name "no_bit"/\1/p')"
exit "$changed"
