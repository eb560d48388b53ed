#!/bin/bash
# kinds: veth
#   a user namespace of its own, as an unprivileged container has: root there has every capability, but bpf() is
#   denied; [vpn0 fd00::1 --veth-- c0]
#
# EPERM is told from absence: load, run and doctor say that a container's root is not enough, in one error. Doctor does
# not advise another kernel. In the first user namespace a denied bpf() is said to be the work of a sandbox.
. "${0%/*}/lib.sh"
space "$server"
hold_server
chmod 755 "$tmp"
# contained COMMAND: with folders of its own, in fresh network and mount namespaces.
contained() {
	in_server unshare -Urnm bash -c 'mount -t tmpfs none /mnt && mkdir /mnt/state /mnt/conf /mnt/run
		export NAT64_BPF_STATE_DIR=/mnt/state NAT64_BPF_CONF_DIR=/mnt/conf NAT64_BPF_RUN_DIR=/mnt/run
		ip link add vpn0 type veth peer name c0; ip link set vpn0 up
		ip addr add fd00::1/64 dev vpn0 nodad; echo 1 > /proc/sys/net/ipv4/ip_forward
		'"$1"
}
contained true || skip "no user namespaces here"

for verb in load run unload; do
	status 4 contained "nat64-bpf $verb vpn0"
	equal "$(grep -c '^error' "$tmp/err")" 1 "errors of $verb for one cause"
	grep -q '^why: this is root of a user namespace' "$tmp/err" || { cat "$tmp/err"; fail "$verb does not say why"; }
	grep -q '^fix: run nat64-bpf on the host' "$tmp/err" || { cat "$tmp/err"; fail "$verb does not say what helps"; }
done
contained 'nat64-bpf load vpn0; nft list tables; ip route; ip -4 addr show dev vpn0' > "$tmp/left" 2> /dev/null || true
equal "$(cat "$tmp/left")" "" "what a refused load left"

status 7 contained "nat64-bpf doctor vpn0 --no-dns"
grep -qE '^  failure +capabilities .*user namespace' "$tmp/out" || { cat "$tmp/out"; fail "doctor does not say why"; }
! grep -q CONFIG_ "$tmp/out" || { cat "$tmp/out"; fail "doctor advises another kernel"; }
grep -qE '^  skipped +kernel ' "$tmp/out" || { cat "$tmp/out"; fail "what could not be asked is not skipped"; }

say "denied by a sandbox"
command -v strace > /dev/null || skip "no strace"
in_server strace -qq -o /dev/null -e trace=bpf true 2> /dev/null || skip "strace cannot trace here"
status 4 in_server strace -qq -o /dev/null -e trace=bpf -e inject=bpf:error=EPERM nat64-bpf load vpn0
equal "$(grep -c '^error' "$tmp/err")" 1 "errors for a denied bpf()"
grep -q '^why: .*yet bpf() is denied' "$tmp/err" || { cat "$tmp/err"; fail "load does not say that bpf() is denied"; }
