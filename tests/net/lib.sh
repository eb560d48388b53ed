# shellcheck shell=bash disable=SC2016,SC2034 # inner shells; variables for those who source this
# What every namespace test begins with. Sourced; then `topology tun` or `topology veth` builds
#
#   client [fd00::2] --vpn0-- server [fd00::1, pool 192.168.240.0/20, 192.88.99.1] --wan0-- web [192.88.99.5]
#
# out of three namespaces of its own, whose names nobody else has. The server has a mount namespace with a
# bpffs that lives as long as the test. Everything goes away at the end, whatever happens; a test ends
# after LIMIT seconds (default 170; eight times that under emulation).
#
# At the end of a pipe `grep > /dev/null`, never `grep -q`: that does not read on after a match, what writes line by
# line (ip, nft, conntrack) then dies by SIGPIPE, and by pipefail a match counts as none.
#
# A line `# kinds: veth tun` of a script names what $kind may be, the script's argument: it is a test of its own for each.
# The first is taken where there is no argument.
#
# Exit status: 0 passed, 1 failed, 77 skipped.

if [ -z "${NAT64_TEST-}" ]; then
	LIMIT=${LIMIT:-170}
	[ ! -e /.inside ] || LIMIT=$((LIMIT * 8))
	NAT64_TEST=1 exec timeout -k 5 "$LIMIT" bash "$0" "$@"
fi
set -euo pipefail
kinds=$(sed -n 's/^# kinds: //p' "$0")
kind=${1:-${kinds%% *}}
case " $kinds " in
"  " | *" $kind "*) ;;
*)	echo "usage: $0 [${kinds// /|}]" >&2
	exit 2 ;;
esac
# the distribution's own programs first: a shim in front of python3 costs more than many a test
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH LC_ALL=C.UTF-8

here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
build=${NAT64_BUILD:-$here/../../build}
build=$(cd "$build" && pwd)
tools=$build/tests/net
PATH=$build/user:$tools:$PATH

id=n64-$$
client=$id-c server=$id-s web=$id-w
tmp=$(mktemp -d "${TMPDIR:-/tmp}/nat64-XXXXXX")
started=()			# processes to end, by id
spaces=()			# namespaces to delete
holder=""			# process that holds the server's mount namespace

export NAT64_BPF_STATE_DIR=$tmp/state NAT64_BPF_CONF_DIR=$tmp/conf NAT64_BPF_RUN_DIR=$tmp/run
mkdir "$tmp/state" "$tmp/conf" "$tmp/run"

say() { echo "-- $*"; }
skip() { echo "skip: $*"; exit 77; }
fail() { echo "not as it should be: $*"; exit 1; }

at_end() {
	local status=$? pid space

	trap - EXIT ERR
	set +e
	if [ "$status" != 0 ] && [ "$status" != 77 ]; then
		echo "== failed with status $status; the server:"
		if [ -n "$holder" ]; then
			in_server timeout 10 nat64-bpf status 2>&1 | tail -n 40
			in_server ip addr 2>&1 | grep -E 'inet|mtu'
			in_server ip route
			in_server timeout 10 nft list ruleset
		fi
		for log in "$tmp"/*.log; do
			[ -s "$log" ] && echo "== ${log##*/}" && tail -n 20 "$log"
		done
	fi
	for pid in "${started[@]}"; do kill "$pid"; done 2>/dev/null
	for pid in "${started[@]}"; do wait "$pid"; done 2>/dev/null
	for space in "${spaces[@]}"; do
		ip netns pids "$space" 2>/dev/null | xargs -r kill -9 2>/dev/null
		ip netns del "$space" 2>/dev/null
	done
	rm -rf "$tmp"
	exit "$status"
}
trap at_end EXIT
trap 'echo "line $LINENO: $BASH_COMMAND: status $?"' ERR
trap 'exit 143' TERM INT HUP

# in_client COMMAND..., in_server COMMAND..., in_web COMMAND...
in_client() { ip netns exec "$client" "$@"; }
in_web() { ip netns exec "$web" "$@"; }
in_server() { nsenter --net="/run/netns/$server" --mount="/proc/$holder/ns/mnt" "$@"; }

# start NAME COMMAND...: in the background until the end; NAME.log holds what it says. $! is its process.
start() {
	local name=$1

	shift
	: > "$tmp/$name.log"		# at once: nobody is to find what one of that name said before
	"$@" > "$tmp/$name.log" 2>&1 < /dev/null &
	started+=($!)
}

# until_true SECONDS COMMAND...: repeats the command until it succeeds; in a guest eight times as long.
until_true() {
	local limit=$((SECONDS + $1 * ($(emulated && echo 8 || echo 1))))

	shift
	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$limit" ] || { echo "never succeeded: $*"; return 1; }
		sleep 0.1
	done
}
ready() { until_true "${2:-30}" grep -q "^ready" "$tmp/$1.log"; }

# A namespace with quiet IPv6: no duplicate address detection, no router advertisements.
space() {
	ip netns add "$1"
	spaces+=("$1")
	ip netns exec "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0
	ip -n "$1" link set lo up
}

hold_server() {
	ip netns exec "$server" sh -c 'mount -t bpf bpf /sys/fs/bpf && echo ready && exec sleep 3600' \
		> "$tmp/holder.log" 2>&1 < /dev/null &
	holder=$!
	started+=("$holder")
	ready holder
}

# topology tun|veth [tunpipe options]
topology() {
	local kind=$1

	shift
	space "$client"
	space "$server"
	space "$web"
	hold_server
	case $kind in
	tun)	start tunpipe tunpipe "$@" "$client" "$server" vpn0
		ready tunpipe
		# a burst of datagrams waits there for tunpipe
		ip -n "$client" link set vpn0 txqueuelen 20000
		ip -n "$server" link set vpn0 txqueuelen 20000
		ip -n "$server" addr add 169.254.77.1/32 dev vpn0 ;;	# as vpn-rs does
	veth)	ip -n "$client" link add vpn0 type veth peer name vpn0 netns "$server" ;;
	esac
	ip -n "$server" link add wan0 type veth peer name eth0 netns "$web"
	ip -n "$client" addr add fd00::2/64 dev vpn0 nodad
	ip -n "$server" addr add fd00::1/64 dev vpn0 nodad
	ip -n "$server" addr add 192.88.99.1/24 dev wan0
	ip -n "$web" addr add 192.88.99.5/24 dev eth0
	ip -n "$client" link set vpn0 up
	ip -n "$server" link set vpn0 up
	ip -n "$server" link set wan0 up
	ip -n "$web" link set eth0 up
	ip -n "$client" route add default via fd00::1 dev vpn0
	until_true 10 in_client ping -c 1 -W 1 fd00::1
	until_true 10 in_server ping -c 1 -W 1 192.88.99.5
}

# client_addr ADDRESS...: more addresses of the client. That they are local the kernel makes known to its routes a moment
# after `ip addr add`, by a work queue: a reply that comes before is lost.
client_addr() {
	local addr

	for addr; do
		ip -n "$client" addr add "$addr/64" dev vpn0 nodad
		until_true 10 is_local "$addr"
	done
}
is_local() { ip -n "$client" -6 route show table local | grep "^local $1 " > /dev/null; }

# The server's address as the client sees it.
web6=64:ff9b::192.88.99.5

# How many kernel releases are slower here: 1 on a machine, more under emulation.
emulated() { [ -e /.inside ]; }

# Whether how fast the product is says nothing here: under emulation, or built with sanitizers.
slowed() { emulated || [ -n "${NAT64_SLOW-}" ]; }

# serve: xfer in web, on port 5000.
serve() {
	start serve in_web xfer serve 192.88.99.5 5000
	ready serve
}

# json PYTHON-EXPRESSION: evaluates it with `d`, the JSON on stdin.
json() { python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

# Value of a counter, or drop reason, of the instance: counter in64, drops spoofed-source.
counter() {
	in_server nat64-bpf status -j "${2:-vpn0}" | json "d['instances'][0]['counters']['$1']['packets']"
}
drops() {
	in_server nat64-bpf status -j "${2:-vpn0}" | json "d['instances'][0]['counters']['drops'].get('$1', 0)"
}

# equal GOT WANTED WHAT
equal() { [ "$1" = "$2" ] || fail "$3: got '$1', want '$2'"; }

# status WANTED COMMAND...: runs it, its exit status must be WANTED. Output in $tmp/out and $tmp/err.
status() {
	local want=$1 got=0

	shift
	"$@" > "$tmp/out" 2> "$tmp/err" || got=$?
	[ "$got" = "$want" ] || { cat "$tmp/out" "$tmp/err"; fail "$*: exit status $got, want $want"; }
}

# All that load may change in the server's namespace, without counters and ages.
host_state() {
	in_server sh -c '
		echo "== links";	ip -d link | sed -E "s/qlen [0-9]+//"
		echo "== addresses"; ip addr | grep -vE "valid_lft"
		echo "== rules";	ip rule; ip -6 rule
		echo "== routes";	ip route show table all; ip -6 route show table all
		echo "== neighbours"; ip neigh show nud permanent; ip neigh show proxy
		echo "== tc";		tc qdisc show; for i in $(ls /sys/class/net); do
						for d in ingress egress root; do echo "$i $d"; tc filter show dev $i $d; done
					done 2>&1
		echo "== bpf net";	bpftool net show; python3 "$1/raw.py" tcx
		echo "== bpffs";	find /sys/fs/bpf
		echo "== nft";		nft -s list ruleset
		echo "== sysctl";	sysctl -a -r "^net\.(ipv4|ipv6)" 2>/dev/null |
					grep -vE "random|\.(hostname|boot_id|uuid)|stat_refresh|_mem =|cpu_|nf_conntrack_count"
		' state "$here" | grep -vE '^ +link/ether' | sed -E 's/ (used|age|expires|cache) [0-9a-z\/]+//g; s/ (id|jited|tag) [0-9a-f]+//g; s/:\[[0-9]+\]//g'
}

# same_host BEFORE AFTER: files of host_state.
same_host() {
	diff -u "$1" "$2" || fail "the host is not as it was"
}
