#!/bin/bash
# kinds: veth
#   client [fd00::2] --vpn0-- server [fd00::1 and the link come late] --wan0-- web [192.88.99.5]
#
# At boot an interface exists a moment before its address and its link: load waits for them, without the lock, and
# says for what. It does not wait for an interface that is absent, nor with --wait=0.
. "${0%/*}/lib.sh"
topology "$kind"

# late WHAT COMMAND...: load begins; once it says that it waits for WHAT, COMMAND is run, and load succeeds.
late() {
	local what=$1 pid

	shift
	start load in_server nat64-bpf load vpn0 --wait=60
	pid=$!
	until_true 20 grep -q "^vpn0: waiting for $what of vpn0, 60 s at most$" "$tmp/load.log"
	# shellcheck disable=SC2086 # a command and its words
	[ -z "${meanwhile-}" ] || in_server $meanwhile
	"$@"
	wait "$pid" || fail "load, once there is $what: status $?"
	in_client ping -c 1 -W 2 "$web6" > /dev/null
	in_server nat64-bpf -q unload vpn0
}
address() { ip -n "$server" addr add fd00::1/64 dev vpn0 nodad; }
link_up() { ip -n "$server" link set vpn0 up; }
link_and_address() {
	link_up
	until_true 20 grep -q "waiting for an IPv6 address of vpn0" "$tmp/load.log"
	address
}

ip -n "$server" addr del fd00::1/64 dev vpn0
# another instance is not kept waiting
ip -n "$server" link add other0 type veth peer name other1
ip -n "$server" link set other0 up
ip -n "$server" addr add fd77::1/64 dev other0 nodad
meanwhile="timeout 20 nat64-bpf load other0 --pool 192.168.64.0/20" late "an IPv6 address" address
in_server nat64-bpf -q unload other0

ip -n "$server" link set vpn0 down		# takes the IPv6 address away
late "the link" link_and_address

say "what does not come, what is not waited for"
ip -n "$server" addr del fd00::1/64 dev vpn0
# refused SECONDS COMMAND...: exit status 1, after at least so long.
refused() {
	local least=$1 begun=$SECONDS

	shift
	status 1 "$@"
	[ $((SECONDS - begun)) -ge "$least" ] || fail "$*: does not wait $least s"
}
refused 2 in_server nat64-bpf load vpn0 --wait 3
grep -q "^error: vpn0: " "$tmp/err" || { cat "$tmp/err"; fail "no error after the wait"; }
for args in "vpn0 --wait=0" "vpn9 --wait=60"; do
	# shellcheck disable=SC2086 # two words
	refused 0 in_server timeout 30 nat64-bpf load $args
	! grep -q waiting "$tmp/err" || { cat "$tmp/err"; fail "load $args waits"; }
done
for bad in x -1 86401; do status 2 in_server nat64-bpf load vpn0 "--wait=$bad"; done
