#!/bin/bash
# Two DNS64 resolvers differ in the names that they know themselves: BIND synthesises for them, unbound does not.
#
# Software  unbound 1.17.1-2+deb12u4 and BIND 9.18.49 (1:9.18.49-1~deb12u3) of Debian 12, no network behind them
# Source    RFC 6147 (DNS64), RFC 7050 and RFC 8880 (ipv4only.arpa); unbound.conf(5); BIND's manual, dns64
# Expected  With DNS64 for all clients, each name that has an IPv4 address only gets an IPv6 address; and as RFC 8880
#           wants ipv4only.arpa served by the DNS64 itself, both resolvers do so or neither.
# Seen      unbound replies from local-data before its dns64 module is asked: a name given as A has no AAAA, so VPN
#           clients without IPv4 cannot reach it. ipv4only.arpa is asked of the servers above, and fails while these
#           cannot be reached: clients then find no prefix. BIND synthesises for its own zones, and has ipv4only.arpa
#           built in as soon as dns64 is configured: its reply proves nothing about the way to other servers.
#           Help for unbound: AAAA records in local-data, for names of one's own and for ipv4only.arpa.
# Output
#	unbound, local-data A only: NOERROR, no address
#	unbound, ipv4only.arpa: SERVFAIL, no address
#	unbound, local-data A and AAAA: NOERROR, 64:ff9b::c000:206
#	unbound, ipv4only.arpa by local-data AAAA: NOERROR, 64:ff9b::c000:aa 64:ff9b::c000:ab
#	BIND, own zone, A only: NOERROR, 64:ff9b::c000:205
#	BIND, ipv4only.arpa: NOERROR, 64:ff9b::c000:aa 64:ff9b::c000:ab
# Exit status: 0 as described, 1 changed, 2 cannot be run here.
set -euo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
packages="unbound=1.17.1-2+deb12u4 bind9=1:9.18.49-1~deb12u3 bind9-libs=1:9.18.49-1~deb12u3
	bind9-dnsutils=1:9.18.49-1~deb12u3 libevent-2.1-7 libexpat1 libpython3.11 libprotobuf-c1 libnghttp2-14 libssl3
	libuv1 libjson-c5 libxml2 libicu72 libfstrm0 liblmdb0 libmaxminddb0 libjemalloc2 libidn2-0 libunistring2"
programs="unbound named dig"

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
	timeout -k 5 90 unshare -m -n "$self" inside "$work" || status=$?
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
for address in 127.0.0.2 127.0.0.3 127.0.0.4; do
	ip addr add "$address/32" dev lo
done
chmod 1777 "$work"

# A resolver on an address: nothing but the network of this namespace, whose only interface is the loopback.
unbound_start() { # ADDRESS, more lines on standard input
	{
		cat <<-CONF
			server:
			 interface: $1
			 do-daemonize: no
			 chroot: ""
			 username: ""
			 pidfile: ""
			 use-syslog: no
			 directory: "$work"
			 module-config: "dns64 iterator"
			 dns64-prefix: 64:ff9b::/96
		CONF
		cat
		printf 'remote-control:\n control-enable: no\n'
	} > "unbound-$1.conf"
	unbound -c "unbound-$1.conf" 2> "unbound-$1.log" &
	started+=("$!")
}

bind_start() { # ADDRESS
	cat > named.conf <<-CONF
		options {
		 directory "$work"; listen-on { $1; }; listen-on-v6 { none; }; pid-file none; session-keyfile none;
		 dnssec-validation no; dns64 64:ff9b::/96 { clients { any; }; };
		};
		controls { };
		zone "home.example" { type primary; file "home.zone"; };
	CONF
	cat > home.zone <<-'ZONE'
		$TTL 60
		@	SOA	ns.home.example. admin.home.example. 1 60 60 60 60
		@	NS	ns.home.example.
		ns	A	192.0.2.1
		nas	A	192.0.2.5
	ZONE
	named -g -c named.conf 2> named.log &
	started+=("$!")
}

# Status and addresses of the AAAA records of a name.
ask() { # SERVER NAME
	local addresses

	dig +noall +comments +answer +tries=1 +time=8 AAAA "$2" "@$1" > reply 2>&1 || true
	addresses=$(sed -n 's/.*\tAAAA\t//p' reply | sort | paste -sd ' ')
	echo "$(sed -n 's/.*status: \([A-Z]*\),.*/\1/p' reply), ${addresses:-no address}"
}

# Waits, 10 seconds at most, until a server replies at all.
ready() { # SERVER
	local i

	for i in {1..50}; do
		dig +tries=1 +time=1 SOA home.example "@$1" 2> /dev/null | grep -q status: && return 0
		sleep 0.2
	done
	echo "cannot run: no reply of $1 after $i tries" >&2
	exit 2
}

started=()
trap 'kill "${started[@]}" 2> /dev/null || true; wait' EXIT
unbound_start 127.0.0.2 <<'CONF'
 local-zone: "home.example." static
 local-data: "nas.home.example. A 192.0.2.5"
CONF
unbound_start 127.0.0.3 <<'CONF'
 local-zone: "home.example." static
 local-data: "web.home.example. A 192.0.2.6"
 local-data: "web.home.example. AAAA 64:ff9b::192.0.2.6"
 local-zone: "ipv4only.arpa." static
 local-data: "ipv4only.arpa. A 192.0.0.170"
 local-data: "ipv4only.arpa. A 192.0.0.171"
 local-data: "ipv4only.arpa. AAAA 64:ff9b::192.0.0.170"
 local-data: "ipv4only.arpa. AAAA 64:ff9b::192.0.0.171"
CONF
bind_start 127.0.0.4
for address in 127.0.0.2 127.0.0.3 127.0.0.4; do
	ready "$address"
done

see "unbound, local-data A only" "NOERROR, no address" "$(ask 127.0.0.2 nas.home.example)"
see "unbound, ipv4only.arpa" "SERVFAIL, no address" "$(ask 127.0.0.2 ipv4only.arpa)"
see "unbound, local-data A and AAAA" "NOERROR, 64:ff9b::c000:206" "$(ask 127.0.0.3 web.home.example)"
see "unbound, ipv4only.arpa by local-data AAAA" "NOERROR, 64:ff9b::c000:aa 64:ff9b::c000:ab" \
	"$(ask 127.0.0.3 ipv4only.arpa)"
see "BIND, own zone, A only" "NOERROR, 64:ff9b::c000:205" "$(ask 127.0.0.4 nas.home.example)"
see "BIND, ipv4only.arpa" "NOERROR, 64:ff9b::c000:aa 64:ff9b::c000:ab" "$(ask 127.0.0.4 ipv4only.arpa)"
exit "$changed"
