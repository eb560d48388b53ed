#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf, system calls that fail from one on] --veth-- web [192.88.99.5]
#
# Errors that last, as of a full /run, a host without processes or without memory: a change that fails leaves what runs
# as it is, to the last rule and route. For load, map add and run; unload works all the same.
# Not in guests: what it looks at is the same on every kernel.
LIMIT=300
. "${0%/*}/lib.sh"
topology veth
. "$here/inject.inc"
small=$tmp/small
mkdir "$small"
in_server mount -t tmpfs -o size=64k none "$small"
export NAT64_BPF_RUN_DIR=$small/run
fill() { in_server dd if=/dev/zero of="$small/fill" bs=1k 2> /dev/null || true; }
# The host without what differs by itself: order of objects in the table, counters.
state() {
	host_state | sed '/^== nft/,/^== sysctl/{/^\t*\(packets\|counter\|}\|$\)/d}' | sort
	in_server sh -c "cd $small/run && for f in vpn0.undo vpn0.conf .host.undo; do echo \$f; cat \$f; done; ls -A"
	in_server nat64-bpf -j map list vpn0 | json "sorted((b['addr4'], b['addr6'], b['kind']) for b in d['bindings'])"
}
in_server nat64-bpf -q load vpn0 > /dev/null
in_client ping -c 1 -W 2 "$web6"
state > "$tmp/loaded"
# as_before WHAT: translates, whole, and the host is exactly as it was
as_before() {
	up "$*"
	state > "$tmp/now"
	diff -u "$tmp/loaded" "$tmp/now" || fail "$*: the host is not as it was"
}
# lasting CALL N ERROR WORDS...: from the Nth CALL on each fails, in the processes of libnftables too
lasting() {
	local call=$1 n=$2 error=$3

	shift 3
	got=0
	in_server strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:error=$error:when=$n+" \
		nat64-bpf "$@" > "$tmp/out" 2> "$tmp/err" || got=$?
}
# begin: anew, as after a change that went through since what failed was not needed.
begin() {
	in_server nat64-bpf -q unload vpn0 > /dev/null
	rm -f "$tmp/state/vpn0.map"
	in_server nat64-bpf -q load vpn0 > /dev/null
	in_client ping -c 1 -W 2 "$web6" > /dev/null
	state > "$tmp/loaded"
}
# shellcheck disable=SC2034 # by name, below
change=(load vpn0 --tos-46 zero --min-lease 3h --own4 192.168.240.7 --static "203.0.113.9 fd00::9")
# shellcheck disable=SC2034
add=(map add vpn0 203.0.113.9 fd00::9)

say "a full run folder"
fill
for words in change add; do
	declare -n what=$words
	got=0
	in_server nat64-bpf "${what[@]}" > "$tmp/out" 2> "$tmp/err" || got=$?
	equal "$got" 1 "status of ${what[*]}"
	grep -q "No space left" "$tmp/err" || { cat "$tmp/err"; fail "${what[*]}: says something else"; }
	in_server rm "$small/fill"
	as_before "${what[*]}"
	fill
done
in_server nat64-bpf -q unload vpn0 > /dev/null
in_server rm "$small/fill"
equal "$(in_server find "$small/run" -type f ! -name lock)" "" "files after an unload with a full run folder"
equal "$(in_server ip route show proto 64)" "" "routes after it"
in_server nat64-bpf -q load vpn0 > /dev/null
in_client ping -c 1 -W 2 "$web6"
state > "$tmp/loaded"

say "each kind of call fails from one on"
failed=0 number=0
for words in change add; do
	declare -n what=$words
	for kind in link:ENOSPC fsync:ENOSPC clone:EAGAIN mmap:ENOMEM rename:EIO sendmsg:ENOBUFS; do
		call=${kind%:*}
		in_server strace -f -qq -o "$tmp/trace" -e "trace=$call" nat64-bpf -q "${what[@]}" > /dev/null
		begin
		count=$(grep -c "$call(" "$tmp/trace" || true)
		step=$((count / 4 + 1))
		for n in $(seq 1 $step "$count"); do
			# without memory the program does not begin
			[ "$call" != mmap ] || [ "$n" -gt $((count / 3)) ] || continue
			number=$((number + 1))
			lasting "$call" "$n" "${kind#*:}" "${what[@]}"
			case $got in
			0)	begin ;;
			1 | 4 | 5 | 6 | 127) failed=$((failed + 1)) ;;
			*)	cat "$tmp/err"; fail "${what[*]}, $kind from $n: status $got" ;;
			esac
			as_before "${what[*]}, $kind from $n on, status $got"
		done
	done
done
say "$failed failed of $number"
[ "$failed" -ge 20 ] || fail "too few failed"

say "run: the interface gets another MTU while the run folder is full"
in_server nat64-bpf -q unload vpn0 > /dev/null
start run nsenter --net="/run/netns/$server" --mount="/proc/$holder/ns/mnt" nat64-bpf run vpn0
until_true 20 in_server nat64-bpf -q status vpn0
fill
ip -n "$server" link set vpn0 mtu 1400
until_true 20 grep -q "No space left" "$tmp/run.log"
in_client ping -c 1 -W 2 "$web6"
in_server rm "$small/fill"
until_true 30 sh -c "ip -n $server route show proto 64 | grep 'mtu 1372'"
until_true 5 in_server nat64-bpf -q status vpn0
