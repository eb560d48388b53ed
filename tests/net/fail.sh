#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf, system calls that fail] --veth-- web [192.88.99.5]
#
# A load that fails half-way undoes itself: exit status, words, the host as it was. Over a running instance the
# old one goes on translating, with its settings and bindings.
# Not in guests: what it looks at is the same on every kernel.
. "${0%/*}/lib.sh"
kind=${1:-veth}
topology "$kind"
. "$here/inject.inc"
loads=24 changes=10 replaces=10
if emulated; then
	loads=4 changes=2 replaces=2
fi
in_server nat64-bpf load vpn0
in_server nat64-bpf unload vpn0
host_state > "$tmp/before"
quick > "$tmp/before-quick"
points $loads load vpn0 > "$tmp/load"
in_client ping -c 1 -W 2 "$web6"
points $changes load vpn0 --tos-46 zero > "$tmp/change"
points $replaces load vpn0 --replace --pool 192.168.240.0/21 > "$tmp/replace"
in_server nat64-bpf unload vpn0
failed=0 number=0
# The error that a call would have.
errno() {
	case $1 in
	bpf | sendto | sendmsg)		echo EPERM ;;
	mkdir | write)			echo ENOSPC ;;
	*)				echo EIO ;;
	esac
}
# 0 is fine where what failed was not needed
failing() {
	number=$((number + 1))
	case $got in
	0)	return 1 ;;
	1 | 4 | 5)
		[ "$(grep -c '^error: ' "$tmp/err")" -ge 1 ] || { cat "$tmp/err"; fail "$*: no words"; }
		failed=$((failed + 1)) ;;
	*)	cat "$tmp/err"; fail "$*: status $got" ;;
	esac
}

say "a fresh load"
while read -r call n <&3; do
	inject "$call" "$n" "error=$(errno "$call")" load vpn0
	if ! failing "load, $call $n"; then
		up "load, $call $n"
		in_server nat64-bpf -q unload vpn0 > /dev/null
	fi
	quickly_same "load, $call $n, status $got"
done 3< "$tmp/load"
say "$failed failed of $number"
[ "$failed" -ge 3 ] || [ "$number" -lt 6 ] || fail "too few failed"

say "the process of libnftables fails, or ends without a word, as the library makes it do without memory"
for what in error=EPERM error=ENOBUFS signal=KILL; do
	got=0		# sendmsg is what carries a transaction: nat64-bpf itself has none
	in_server strace -f -qq -o /dev/null -e trace=sendmsg -e "inject=sendmsg:$what:when=1" \
		nat64-bpf load vpn0 > "$tmp/out" 2> "$tmp/err" || got=$?
	failing "load, sendmsg $what" || fail "load, sendmsg $what: no failure"
	grep -q '^error: vpn0: cannot \(apply\|change\) ' "$tmp/err" || { cat "$tmp/err"; fail "fails elsewhere"; }
	quickly_same "load, sendmsg $what, status $got"
done

say "no room in the run folder"
# shellcheck disable=SC2016 # for the shell within
full='mount -t tmpfs -o size=4k none "$1" && mkdir "$1/run" && head -c 4096 /dev/zero > "$1/run/lock"
	NAT64_BPF_RUN_DIR=$1/run nat64-bpf load vpn0'
mkdir "$tmp/full"
status 1 in_server unshare -m sh -c "$full" full "$tmp/full"
grep -q 'No space left' "$tmp/err" || { cat "$tmp/err"; fail "says something else"; }
grep -q '^fix: free disk space there' "$tmp/err" || { cat "$tmp/err"; fail "no fix"; }
quick | grep -v /full > "$tmp/quick"
same_host "$tmp/before-quick" "$tmp/quick"
host_state > "$tmp/after"
same_host "$tmp/before" "$tmp/after"

say "over a running instance: a change in place"
in_server nat64-bpf load vpn0
in_client ping -c 1 -W 2 "$web6"
binding() { in_server nat64-bpf -j map list vpn0 | json "[(b['addr4'], b['addr6']) for b in d['bindings']]"; }
was=$(binding)
pool() { in_server nat64-bpf -j status vpn0 | json "d['instances'][0]['pool']['prefix']"; }
# The old instance is there, whole, with its settings: a load without options has nothing to do.
old_one() {
	up "$*"
	in_server nat64-bpf -j load vpn0 > "$tmp/out"
	grep -q '"changed":false' "$tmp/out" || fail "$*: the old instance is not as it was"
	grep -q "^$1" <<< "$(in_server cat "$tmp/run/vpn0.conf")" && fail "$*: the new setting is remembered"
	equal "$(pool)" 192.168.240.0/20 "$*: pool"
	equal "$(binding)" "$was" "$*: bindings"
}
failed=0
while read -r call n <&3; do
	inject "$call" "$n" "error=$(errno "$call")" load vpn0 --tos-46 zero
	if failing "change, $call $n"; then
		old_one "tos-46 = zero" "change, $call $n"
	else
		up "change, $call $n"
		in_server nat64-bpf -q load vpn0 --tos-46 copy > /dev/null
	fi
done 3< "$tmp/change"

say "over a running instance: another pool"
while read -r call n <&3; do
	inject "$call" "$n" "error=$(errno "$call")" load vpn0 --replace --pool 192.168.240.0/21
	if failing "replace, $call $n"; then
		old_one "pool = 192.168.240.0/21" "replace, $call $n"
	else
		up "replace, $call $n"
		in_server nat64-bpf -q unload vpn0 > /dev/null
		rm -f "$tmp/state/vpn0.map"
		in_server nat64-bpf -q load vpn0 > /dev/null
		in_client ping -c 1 -W 2 "$web6" > /dev/null
	fi
done 3< "$tmp/replace"
[ "$failed" -ge 3 ] || [ "$number" -lt 12 ] || fail "too few failed"
say "$failed failed over a running instance"
in_server nat64-bpf unload vpn0
host_state > "$tmp/after"
same_host "$tmp/before" "$tmp/after"
