#!/bin/bash
# A client whose only IPv6 address is a ULA goes to IPv4 though DNS64 gave its name an address of the NAT64.
#
# Software  glibc of Debian 12 (libc6 2.36-9+deb12u14), getaddrinfo() as called by getent ahosts
# Source    RFC 6724, section 6, rule 5, and section 2.1 (table of labels); gai.conf(5)
# Expected  IPv6 first: the route to 64:ff9b::/96 leads into the VPN, and IPv6 is preferred where it works.
# Seen      The label of 64:ff9b::/96 is that of global addresses; a ULA has another, an IPv4 address and its
#           source have the same. So IPv4 comes first: a client that has an IPv4 default route besides sends
#           around the VPN what should go through it. "precedence" lines in gai.conf do not help, as rule 6
#           comes after rule 5. Help: no IPv4 default route on the client, a global address for it (all that
#           is seen below), or the whole table of labels in gai.conf with the prefix under the ULA's label.
# Output
#	ULA and IPv4: 192.0.2.80 64:ff9b::c000:250
#	ULA and IPv4, precedence 64:ff9b::/96 100: 192.0.2.80 64:ff9b::c000:250
#	ULA and IPv4, label of 64:ff9b::/96 that of ULAs: 64:ff9b::c000:250 192.0.2.80
#	ULA, no IPv4 default route: 64:ff9b::c000:250 192.0.2.80
#	global address and IPv4: 64:ff9b::c000:250 192.0.2.80
# Exit status: 0 as described, 1 changed, 2 cannot be run here.
set -euo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
packages="libc6=2.36-9+deb12u14 libc-bin=2.36-9+deb12u14"
programs=""

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

# The folder /etc of this mount namespace only: names come from its hosts file, there is no DNS.
mount -t tmpfs etc /etc
echo "multi on" > /etc/host.conf
echo "hosts: files" > /etc/nsswitch.conf
printf '%s web.example\n' 192.0.2.80 64:ff9b::192.0.2.80 > /etc/hosts

ip link add vpn0 type veth peer name peer0
ip link set peer0 up
ip link set vpn0 up

# Addresses of the client: the IPv6 network as given, an IPv4 address, and an IPv4 default route if asked for.
client() { # NETWORK6 IPV4_ROUTE
	ip addr flush dev vpn0
	ip -6 addr add "$1"2/64 dev vpn0 nodad
	ip -6 route replace 64:ff9b::/96 via "$1"1
	ip addr add 10.0.0.2/24 dev vpn0
	[ "$2" = no ] || ip route add default via 10.0.0.1
}

# The order of addresses that a program gets, by the loader and the C library of the package.
order() {
	local loader

	loader=$(find "$work"/root -name 'ld-linux*.so.*' | head -n 1)
	"$loader" --library-path "${loader%/*}" "$work/root/usr/bin/getent" ahosts web.example |
		sed -n 's/ *STREAM.*//p' | paste -sd ' '
}

client fd00:: yes
see "ULA and IPv4" "192.0.2.80 64:ff9b::c000:250" "$(order)"

echo "precedence 64:ff9b::/96 100" > /etc/gai.conf
see "ULA and IPv4, precedence 64:ff9b::/96 100" "192.0.2.80 64:ff9b::c000:250" "$(order)"

# One line replaces the whole table, so the defaults are repeated.
cat > /etc/gai.conf <<'GAI'
label ::1/128       0
label ::/0          1
label 2002::/16     2
label ::/96         3
label ::ffff:0:0/96 4
label fec0::/10     5
label fc00::/7      6
label 2001:0::/32   7
label 64:ff9b::/96  6
GAI
see "ULA and IPv4, label of 64:ff9b::/96 that of ULAs" "64:ff9b::c000:250 192.0.2.80" "$(order)"

rm /etc/gai.conf
client fd00:: no
see "ULA, no IPv4 default route" "64:ff9b::c000:250 192.0.2.80" "$(order)"

client 2001:db8:: yes
see "global address and IPv4" "64:ff9b::c000:250 192.0.2.80" "$(order)"
exit "$changed"
