#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, imported from TAYGA] --veth-- web [192.88.99.5]
#
# tayga.conf of each kind that its manual page allows: imported, checked, loaded, running.
# Not in guests: what it looks at is the same on every kernel.
LIMIT=170
. "${0%/*}/lib.sh"
topology tun
tayga() { in_server nat64-bpf import-tayga "$@"; }
# kind NAME: imports $tmp/NAME.tayga, adds interface and clients, checks, loads; the client reaches the web.
kind() {
	say "$1"
	tayga "$tmp/$1.tayga" "$1"
	sed -i 's/^\[nat64\]$/[nat64]\ninterface = vpn0/' "$tmp/conf/$1.conf"
	grep -q '^clients' "$tmp/conf/$1.conf" || sed -i 's/^\[nat64\]$/[nat64]\nclients = fd00::\/64/' "$tmp/conf/$1.conf"
	in_server nat64-bpf check "$1"
	in_server nat64-bpf load "$1"
	in_client ping -c 1 -W 2 "$2"
	equal "$(in_server nat64-bpf map lookup "$1" fd00::2 -j | json "d['addr4']")" "${3:-$(in_server nat64-bpf map lookup "$1" fd00::2 -j | json "d['addr4']")}" "address"
}
down() { in_server nat64-bpf unload "$1"; }

mkdir "$tmp/data"
now=$(date +%s)
cat > "$tmp/dynamic.tayga" <<END
# a dynamic pool, kept
tun-device nat64
ipv4-addr 192.168.255.1
prefix 64:ff9b::/96
dynamic-pool 192.168.255.0/24
data-dir $tmp/data
strict-frag-hdr on
END
printf '###\n### TAYGA dynamic map database\n###\n\n192.168.255.77\tfd00::2\t%s\n192.168.255.78\tfd00::3\t%s\n192.168.9.9\tfd00::4\t%s\n' \
	"$now" "$now" "$now" > "$tmp/data/dynamic.map"
kind dynamic "$web6" 192.168.255.77
equal "$(in_server nat64-bpf map lookup dynamic fd00::3 -j | json "d['addr4'], d['kind']")" "('192.168.255.78', 'dynamic')" "kept binding"

say "overwrites nothing"
cp "$tmp/conf/dynamic.conf" "$tmp/before"
status 1 tayga "$tmp/dynamic.tayga" dynamic
grep -q "import-tayga overwrites no file" "$tmp/err"
cmp "$tmp/conf/dynamic.conf" "$tmp/before"
down dynamic
rm "$tmp/conf/dynamic.conf"
cp "$tmp/state/dynamic.map" "$tmp/before"
status 1 tayga "$tmp/dynamic.tayga" dynamic
cmp "$tmp/state/dynamic.map" "$tmp/before"
[ ! -e "$tmp/conf/dynamic.conf" ] || fail "half imported"
say "a dry run writes nothing, no NAME prints"
tayga "$tmp/dynamic.tayga" other --dry-run | grep '^pool = 192.168.255.0/24$' > /dev/null
[ ! -e "$tmp/conf/other.conf" ] || fail "written by a dry run"
tayga "$tmp/dynamic.tayga" | grep '^pool = 192.168.255.0/24$' > /dev/null
tayga "$tmp/dynamic.tayga" -j | json "d['text'].count('pool = 192.168.255.0/24')" | grep -x 1 > /dev/null

cat > "$tmp/static.tayga" <<END
# maps only, inside and outside the pool
tun-device nat64
ipv4-addr 192.168.255.1
ipv6-addr fd00::1
prefix 2001:db8:64::/96
dynamic-pool 192.168.255.0/24
map 192.168.5.42 fd00::2
map 192.168.255.9 fd00::9
END
kind static 2001:db8:64::192.88.99.5 192.168.5.42
down static

cat > "$tmp/nopool.tayga" <<END
# no dynamic pool, a map of networks
tun-device nat64
ipv4-addr 10.7.0.1
prefix 64:ff9b::/96
map 10.7.0.2/31 fd00::2/127
END
kind nopool "$web6" 10.7.0.2
down nopool

cat > "$tmp/noprefix.tayga" <<END
# no prefix: all by maps
tun-device nat64
ipv4-addr 192.168.255.1
ipv6-addr fd01::1
map 192.168.5.2 fd00::2
END
kind noprefix "$web6" 192.168.5.2
down noprefix

cat > "$tmp/later.tayga" <<END
# of later versions; a web server of private networks is allowed
tun-device nat64
ipv4-addr 192.168.255.1
prefix 64:ff9b::/96
wkpf-strict no
dynamic-pool 192.168.255.0/31
map-file maps
data-dir $tmp/data
udp-cksum-mode calc
log drop reject
offlink-mtu 1300
tun-up yes
tun-ip 192.168.255.254/24
tun-route 64:ff9b::/96
END
echo "map 192.168.5.3 fd00::2" > "$tmp/data/maps"
kind later "$web6" 192.168.5.3
down later

say "what TAYGA refuses is refused, with its line"
printf 'tun-device nat64\nipv4-addr 1.2.3\n' > "$tmp/bad.tayga"
status 2 tayga "$tmp/bad.tayga"
grep -q "bad.tayga:2: ipv4-addr" "$tmp/err"
status 2 tayga "$tmp/nowhere.tayga"
