#!/bin/bash
# Reloading an nftables table whose text has not changed gives its running flows the kernel's timeouts back.
#
# Software  nftables 1.0.6 (1.0.6-2+deb12u2) and conntrack 1.4.7 of Debian 12; Linux 6.1.192, 6.12.117 and 6.18.44
# Source    nft(8), ct timeout; nf_conntrack_tcp_timeout_established of the kernel, 432,000 s
# Expected  A `ct timeout` object that is in use cannot be deleted (nft says busy, indeed), and a table that is deleted
#           and made again in one transaction, object and rule as before, leaves flows with the timeout they had.
# Seen      Busy is said of rules only. When the table goes, flows lose the object, and their next packet
#           sets them to 5 days. The new object of the same name does not take them over, nor does a rule without
#           `ct state new`: it is not applied to flows that conntrack has confirmed. An address of a pool whose
#           owner changes after hours is then still named by flows of the former owner.
#           Help: reload the chains and leave the object where it is (below); or let conntrack forget the flows.
# Output
#	new flow: 600
#	deletion of the object alone: Device or resource busy
#	chains made anew, object kept: 600
#	table made anew in one transaction: 432000
#	rule for packets of any state: 432000
#	a second flow: 600
# Exit status: 0 as described, 1 changed, 2 cannot be run here.
set -euo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
packages="nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11=1.2.4-2 libmnl0 libjansson4 libgmp10 libedit2
	libbsd0 libmd0 libtinfo6 libxtables12
	conntrack=1:1.4.7-1+b2 libnetfilter-conntrack3 libnfnetlink0"
programs="nft conntrack"

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
mkfifo to from

# A connection over the loopback for each line that is a port: a byte each way, on a new line of the same port again.
cat > talk.py <<'PY'
import socket, sys

pairs = {}
for line in sys.stdin:
    port = int(line)
    if port not in pairs:
        server = socket.create_server(("127.0.0.1", port))
        client = socket.create_connection(("127.0.0.1", port))
        pairs[port] = client, server.accept()[0]
    client, server = pairs[port]
    client.sendall(b"1")
    server.recv(1)
    server.sendall(b"2")
    client.recv(1)
    print("done", flush=True)
PY
python3 talk.py < to > from &
exec 3> to 4< from

# The timeout of a connection after a byte each way, to the next hundred seconds as some have passed. The last
# byte's acknowledgement may come later, and the entry waits 300 s for it: so it is asked again, for 3 seconds at most.
timeout_of() { # PORT DESCRIBED
	local seconds=0 i

	echo "$1" >&3
	read -r -t 10 -u 4
	for ((i = 0; i < 30 && (seconds + 99) / 100 * 100 != $2; i++)); do
		sleep 0.1
		seconds=$(conntrack -L -p tcp --dport "$1" 2> /dev/null | awk '$4 == "ESTABLISHED" { print $3 }')
	done
	echo $(((seconds + 99) / 100 * 100))
}

table='
	ct timeout short {
		protocol tcp
		l3proto ip
		policy = { established : 600 }
	}
	chain out {
		type filter hook output priority mangle
		ct state new meta l4proto tcp ct timeout set "short"
	}'

# Keeps conntrack at work while the other table is made anew.
nft 'add table ip keep { chain post { type nat hook postrouting priority srcnat; }; chain any { ct state new; }; }'

nft "table ip t { $table
}"
see "new flow" 600 "$(timeout_of 7001 600)"
see "deletion of the object alone" "Device or resource busy" \
	"$(nft delete ct timeout ip t short 2>&1 | sed -n 's/.*rule: //p')"

nft "delete chain ip t out
table ip t { $table
}"
see "chains made anew, object kept" 600 "$(timeout_of 7001 600)"

nft "delete table ip t
table ip t { $table
}"
see "table made anew in one transaction" 432000 "$(timeout_of 7001 432000)"

nft insert rule ip t out meta l4proto tcp ct timeout set short
see "rule for packets of any state" 432000 "$(timeout_of 7001 432000)"
see "a second flow" 600 "$(timeout_of 7002 600)"
exec 3>&-
exit "$changed"
