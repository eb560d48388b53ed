#!/bin/bash
# A pin that is made under `ip netns exec` is reported as made, and gone with the command.
#
# Software  bpftool 7.1.0 (7.1.0+6.1.192-3) and iproute2 6.1.0 (6.1.0-3) of Debian 12; Linux 6.1.192, 6.12.117, 6.18.44
# Source    ip-netns(8), exec, which does not say that /sys is mounted anew; bpftool(8), --nomount
# Expected  `ip netns exec NAME bpftool map create /sys/fs/bpf/M ...` pins in the host's bpffs, in another network
#           namespace: files are no matter of network namespaces. So a VPN's server in a namespace loads its BPF
#           programs by it.
# Seen      exec mounts a /sys of the namespace's devices, which hides the bpffs under the old one: pins made outside
#           are not seen inside. bpftool finds no bpffs there, mounts one, pins in it and exits with 0; that mount
#           is the command's own and goes with it, pin and map. Help: enter the network namespace alone, by
#           `nsenter --net=/run/netns/NAME`.
# Output
#	exit status of bpftool outside: 0
#	pinned outside, seen outside: yes
#	pinned outside, seen under ip netns exec: no
#	exit status of bpftool under ip netns exec: 0
#	pinned under ip netns exec, seen outside: no
#	pinned under ip netns exec, seen under the next one: no
#	its map still there: no
#	exit status of bpftool under nsenter --net: 0
#	pinned under nsenter --net, seen outside: yes
# Exit status: 0 as described, 1 changed, 2 cannot be run here.
set -euo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
packages="iproute2=6.1.0-3 libbpf1=1:1.1.2-0+deb12u1 libelf1 libbsd0 libmd0 libmnl0 libxtables12
	bpftool=7.1.0+6.1.192-3 libelf1 libcap2 zlib1g"
programs="ip bpftool"

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

# A bpffs of this mount namespace at the usual place: the host's is neither seen nor changed.
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs run /run
ip netns add vpn

create() { # NAME [COMMAND...], which bpftool runs under: pins a map of one entry; prints the exit status
	local name=$1 status=0

	shift
	"$@" bpftool map create "/sys/fs/bpf/$name" type array key 4 value 4 entries 1 name "$name" \
		> /dev/null 2>&1 || status=$?
	echo "$status"
}

seen() { # NAME [COMMAND...]
	local name=$1

	shift
	if "$@" bpftool map show pinned "/sys/fs/bpf/$name" > /dev/null 2>&1; then
		echo yes
	else
		echo no
	fi
}

see "exit status of bpftool outside" 0 "$(create outside)"
see "pinned outside, seen outside" yes "$(seen outside)"
see "pinned outside, seen under ip netns exec" no "$(seen outside ip netns exec vpn)"

see "exit status of bpftool under ip netns exec" 0 "$(create by_exec ip netns exec vpn)"
see "pinned under ip netns exec, seen outside" no "$(seen by_exec)"
see "pinned under ip netns exec, seen under the next one" no "$(seen by_exec ip netns exec vpn)"
there=yes
for _ in {1..50}; do		# the kernel frees it after the mount
	bpftool map show | grep -q "name by_exec " || { there=no; break; }
	sleep 0.1
done
see "its map still there" no "$there"

see "exit status of bpftool under nsenter --net" 0 "$(create by_nsenter nsenter --net=/run/netns/vpn)"
see "pinned under nsenter --net, seen outside" yes "$(seen by_nsenter)"
exit "$changed"
