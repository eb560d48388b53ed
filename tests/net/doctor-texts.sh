#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf, xdp = generic] --veth-- web [192.88.99.5]
#
# A finding of doctor is looked at early and printed late: its fix is whole still, after many other findings, each of
# which made texts of its own. The suite sanitize sees a text that was freed meanwhile; here it shows as garbage.
# Not in guests: what it looks at is the same on every kernel.
. "${0%/*}/lib.sh"
topology veth
config=$NAT64_BPF_CONF_DIR/vpn0.conf
printf '[nat64]\nmapping = linear\nclients = fd00::/64\nxdp = generic\n' > "$config"
in_server nat64-bpf load vpn0 > "$tmp/load.log"

say "the XDP program is gone, the config has changed, and more is wrong"
in_server ip link set dev vpn0 xdpgeneric off
echo 'mss-clamp = 1000' >> "$config"
in_server sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.vpn0.rp_filter=1
in_server ip -6 route add 64:ff9b::192.88.99.0/120 dev wan0
for format in -q -j; do
	status 7 in_server nat64-bpf "$format" doctor vpn0 --no-dns
	cp "$tmp/out" "$tmp/report$format"
done
json "[f['fix'] for f in d['findings'] if 'XDP program' in f['what']][0]" < "$tmp/report-j" > "$tmp/fix"
grep '^nat64-bpf load vpn0' "$tmp/fix"
grep -F "$(cat "$tmp/fix")" "$tmp/report-q" > /dev/null || { cat "$tmp/report-q"; fail "the text and -j name the same fix"; }
! grep -P '[^\x20-\x7e\t]|\\x[0-9a-f]{2}' "$tmp/report-q" || fail "garbage in a text"
