#!/bin/bash
# `nft flush ruleset` makes the host itself reset NATed TCP connections, unless another table keeps the hooks.
#
# Software  nftables 1.0.6 (1.0.6-2+deb12u2) and conntrack 1.4.7 of Debian 12; Linux 6.1.192, 6.12.117 and 6.18.44
# Source    RFC 9293, 3.10.7.1 (a segment for no connection); linux/netfilter/nf_tables.h, NFT_TABLE_F_OWNER, which is
#           `flags owner` of nft and not in its manual
# Expected  The flow's entry and its NAT stay in conntrack, as `conntrack -L` shows: established connections go on, and
#           the rules matter to new ones only.
# Seen      With the last rule that needs conntrack go the hooks of conntrack and NAT in that network namespace.
#           The next packet of a download keeps the gateway's own address, is delivered to the gateway, and its TCP
#           replies with RST: the server's end is dead, however soon the rules come back. The entry is still listed.
#           Help: a small table of another owner holds the hooks, one empty chain of type nat and one rule with ct. With
#           `flags owner` the flush of others leaves it alone; the same holds for `systemctl reload nftables`,
#           which begins with that flush. It lasts as long as the process that made it.
# Output
#	flush, then the server sends: Connection reset by peer
#	RST segments of the gateway: 1
#	conntrack entries: 1
#	the same with a table of another owner: received
#	RST segments of the gateway: 0
#	conntrack entries: 1
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

#   client [192.0.2.2] --veth-- this namespace, masquerade --veth-- server [198.51.100.2]
mount -t tmpfs run /run
for name in client server; do
	ip netns add "$name"
	ip link add "$name" type veth peer name eth0 netns "$name"
	ip link set "$name" up
	ip -n "$name" link set eth0 up
done
ip addr add 192.0.2.1/24 dev client
ip addr add 198.51.100.1/24 dev server
ip -n client addr add 192.0.2.2/24 dev eth0
ip -n server addr add 198.51.100.2/24 dev eth0
ip -n client route add default via 192.0.2.1
sysctl -qw net.ipv4.ip_forward=1

# One connection: the server sends a byte, the rules are flushed, the server sends until it arrives or fails.
cat > connection.py <<'PY'
import ctypes, os, socket, subprocess, time

def inside(namespace):
    if ctypes.CDLL(None).setns(os.open(namespace, os.O_RDONLY), 0x40000000):
        raise SystemExit("cannot enter " + namespace)


inside("/run/netns/server")
listening = socket.create_server(("198.51.100.2", 7000))
inside("/run/netns/client")
client = socket.create_connection(("198.51.100.2", 7000), timeout=5)
server, _ = listening.accept()
server.sendall(b"1")
client.recv(1)
inside("/proc/%d/ns/net" % os.getppid())
subprocess.run(["nft", "flush", "ruleset"], check=True)
try:
    server.sendall(b"2")
    for _ in range(50):
        time.sleep(0.1)
        server.send(b"")
        error = server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        try:
            if client.recv(1, socket.MSG_DONTWAIT):
                print("received")
                break
        except BlockingIOError:
            pass
    else:
        print("nothing arrives")
except OSError as error:
    print(error.strerror)
PY
run() { # WHAT DESCRIBED RST
	local before after

	nft -f - <<-'NFT'
		table ip nat {
			chain post {
				type nat hook postrouting priority srcnat
				oifname "server" masquerade
			}
		}
	NFT
	conntrack -F 2> /dev/null
	before=$(resets)
	see "$1" "$2" "$(python3 connection.py)"
	after=$(resets)
	see "RST segments of the gateway" "$3" "$((after - before))"
	see "conntrack entries" 1 "$(conntrack -C)"
}

# TCP's OutRsts of this namespace: the last but one of the values in the second line.
resets() {
	awk '$1 == "Tcp:" && !names { for (i = 2; i <= NF; i++) if ($i == "OutRsts") names = i; next }
		$1 == "Tcp:" { print $names }' /proc/net/snmp
}

run "flush, then the server sends" "Connection reset by peer" 1

# The table is its process's: an interactive nft that waits for the end of its input.
mkfifo owner
nft -i < owner > owner.log 2>&1 &
exec 3> owner
cat >&3 <<'NFT'
add table ip keep { flags owner; }
add chain ip keep post { type nat hook postrouting priority 200; }
add chain ip keep any
add rule ip keep any ct state new
NFT
for _ in {1..50}; do
	nft list table ip keep 2> /dev/null | grep "ct state new" > /dev/null && break
	sleep 0.1
done
run "the same with a table of another owner" "received" 0
exec 3>&-
wait
exit "$changed"
