#!/bin/bash
#   client [fd00::2] --veth, by many names-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# Linux takes almost any name for an interface. Each is served through a config file, or by its own name where that
# can be an instance's: traffic, the nft table's name, nothing executed, the host as it was.
# shellcheck disable=SC2016 # hostile names are meant as they stand
# Not in guests: what it looks at is the same on every kernel.
. "${0%/*}/lib.sh"
topology veth
. "$here/refused.inc"
mkdir "$tmp/cwd"
cd "$tmp/cwd"			# where a name that is executed would leave its file
now=vpn0
rename() {
	ip -n "$server" link set dev "$now" down
	ip -n "$server" link set dev "$now" name "$1"
	ip -n "$server" link set dev "$1" up
	ip -n "$server" addr replace fd00::1/64 dev "$1" nodad
	now=$1
	until_true 10 in_client ping -c 1 -W 1 fd00::1
}
tables() { in_server nft -j list tables | json "[i['table']['name'] for i in d['nftables'] if 'table' in i]"; }
devices() { in_server nat64-bpf -j status "$1" | json "d['instances'][0]['interface']['name']"; }
# served INSTANCE: loaded, and all that is said of it is right
served() {
	in_server nat64-bpf -q load "$1" > /dev/null
	in_client ping -q -c 1 -W 2 "$web6" > /dev/null || in_client ping -q -c 2 -W 2 "$web6" > /dev/null ||
		fail "$now: no answer"
	equal "$(tables)" "['nat64_bpf_$1']" "$now: tables"
	equal "$(devices "$1")" "$now" "name in status"
	in_server ip -j route show 192.168.240.0/20 | json "d[0]['dev']" > "$tmp/dev"
	equal "$(cat "$tmp/dev")" "$now" "interface of the route"
	in_server nat64-bpf -q load "$1" --dry-run > "$tmp/dry"
	[ ! -s "$tmp/dry" ] || { cat "$tmp/dry"; fail "$now: a second load would change something"; }
	in_server nat64-bpf -q unload "$1" > /dev/null
	rm "$tmp/state/$1.map"
	quick > "$tmp/quick"
	same_host "$tmp/before-quick" "$tmp/quick"
	equal "$(ls)" "" "$now: files that something made"
}

in_server nat64-bpf -q load vpn0 > /dev/null
in_server nat64-bpf -q unload vpn0 > /dev/null
rm "$tmp/state/vpn0.map"

say "through a config file"
while read -r name; do
	rename "$name"
	before
	printf '[nat64]\ninterface = %s\n' "$name" > "$tmp/conf/vpn.conf"
	served vpn
	[ "$name" = -x ] || [ "$name" = 1 ] || refused 2 'instance' load -- "$name"
done <<'NAMES'
a";list
x$(>pwned)
x`>pwned`
a';>pwned;'
}{flush
a\"b\
$HOME|&
a#b=c
vpn@0!1
été
NAMES
equal "$now" "été" "names that were tried"
unchanged

say "one that begins with a dash, one that is a number"
for name in -x 1; do
	rename "$name"
	before
	printf '[nat64]\ninterface = %s\n' "$name" > "$tmp/conf/vpn.conf"
	served vpn
done

say "the number of the interface itself, and that of another"
index=$(in_server cat /sys/class/net/1/ifindex)
rename "$index"
printf '[nat64]\ninterface = %s\n' "$index" > "$tmp/conf/vpn.conf"
before
served vpn
rename vpn0
ip -n "$server" link set dev wan0 down
ip -n "$server" link set dev wan0 name "$index"
printf '[nat64]\ninterface = vpn0\n' > "$tmp/conf/vpn.conf"
before
refused 1 "another interface is named $index" load vpn
ip -n "$server" link set dev "$index" name wan0
ip -n "$server" link set dev wan0 up
until_true 10 in_server ping -c 1 -W 1 192.88.99.5

say "by its own name"
for name in abcdefghijklmno vpn.0.1 VPN_1-b 0 64; do
	rename "$name"
	before
	served "$name"
done

say "a name that is a pattern: served where the pattern fits it, else refused; one with a comma is refused"
rename 'v*n'
printf '[nat64]\ninterface = v*n\n' > "$tmp/conf/vpn.conf"
before
served vpn
unchanged
rename 'v[0]'
printf '[nat64]\ninterface = v[0]\n' > "$tmp/conf/vpn.conf"
before
refused 1 'no interface matches it' load vpn
printf '[nat64]\ninterface = vpn,0\n' > "$tmp/conf/vpn.conf"
refused 2 'comma' load vpn
unchanged
refused_json
