#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# A pool or a prefix that this host uses already. What the error names as its fix is done, and must work.
# Not in guests: what it looks at is the same on every kernel.
. "${0%/*}/lib.sh"
topology veth
. "$here/refused.inc"
server_ip() { ip -n "$server" "$@"; }
undone() { server_ip "$1" del "${@:3}"; }

# clash TEXT ADD...: `ip ADD` makes a clash, which names a free pool; `ip` with del for add ends it.
clash() {
	local text=$1 pool

	shift
	server_ip "$@"
	quick > "$tmp/before-quick"
	refused 1 "$text" load vpn0
	pool=$(sed -n -E 's/^fix: .*(--pool [0-9.]+\/20),.*/\1/p' "$tmp/words")
	[ -n "$pool" ] || { cat "$tmp/words"; fail "no free pool named"; }
	# shellcheck disable=SC2086 # two words
	in_server nat64-bpf -q load vpn0 $pool > /dev/null
	in_client ping -c 1 -W 2 "$web6" > /dev/null
	in_server nat64-bpf -q unload vpn0 > /dev/null
	quick > "$tmp/quick"
	same_host "$tmp/before-quick" "$tmp/quick"
	undone "$@"
}
# fine ADD...: no clash
fine() {
	server_ip "$@"
	in_server nat64-bpf -q load vpn0 > /dev/null
	in_client ping -c 1 -W 2 "$web6" > /dev/null
	in_server nat64-bpf -q unload vpn0 > /dev/null
	undone "$@"
}

in_server nat64-bpf load vpn0		# makes the seed and the state file
in_server nat64-bpf unload vpn0

say "addresses"
clash 'contains this host.s address 192\.168\.240\.9$' addr add 192.168.240.9/32 dev wan0
clash 'address 192\.168\.255\.254$' addr add 192.168.255.254/30 dev wan0
clash '192\.168\.240\.1' addr add 192.168.240.1/32 dev wan0
clash '192\.168\.240\.2' addr add 192.168.240.2/20 dev vpn0
clash '192\.168\.240\.7' addr add 10.9.9.1 peer 192.168.240.7 dev wan0
say "networks"
clash 'lies inside the connected network 192\.168\.0\.0/16$' addr add 192.168.0.1/16 dev wan0
clash '192\.168\.241\.' addr add 192.168.241.1/24 dev wan0
say "routes"
clash 'contains this host.s route to 192\.168\.240\.0/20$' route add 192.168.240.0/20 via 192.88.99.5
clash 'route to 192\.168\.250\.0/24$' route add 192.168.250.0/24 via 192.88.99.5
clash 'route to 192\.168\.250\.0/24$' route add blackhole 192.168.250.0/24
clash 'route to 192\.168\.250\.0/24$' route add 192.168.250.0/24 via 192.88.99.5 table 100
clash '192\.168\.0\.0/16$' route add 192.168.0.0/16 dev wan0

say "what merely contains the pool is fine"
fine route add default via 192.88.99.5
fine route add default dev wan0
fine route add 192.168.0.0/16 via 192.88.99.5
fine route add unreachable 192.168.0.0/16
fine route add 192.168.0.0/16 via 192.88.99.5 table 100

say "own4 was there: it stays"
server_ip addr add 192.168.240.1/32 dev vpn0
in_server nat64-bpf load vpn0
in_server nat64-bpf unload vpn0
server_ip addr show dev vpn0 | grep 'inet 192\.168\.240\.1/32' > /dev/null
server_ip addr del 192.168.240.1/32 dev vpn0

say "static maps outside the pool"
before
refused 1 '192\.88\.99\.1' load vpn0 --static '192.88.99.1 fd00::2'
server_ip route add 203.0.113.0/24 via 192.88.99.5
server_ip route add 203.0.113.9/32 via 192.88.99.5
before
refused 1 '203\.0\.113\.9' load vpn0 --static '203.0.113.9 fd00::2'
server_ip route del 203.0.113.9/32
in_server nat64-bpf load vpn0 --static '203.0.113.9 fd00::2' --static '192.88.99.50 fd00::3'
in_client ping -c 1 -W 2 "$web6"
in_server nat64-bpf unload vpn0
server_ip route del 203.0.113.0/24
before

# R-5.6-02: the programs run before routing, so such a route is not asked; who made it must hear of it.
say "a native route inside the prefix is a warning that names it"
server_ip -6 route add 64:ff9b::192.88.99.0/120 dev wan0
status 0 in_server nat64-bpf load vpn0
grep -q '^warning: route 64:ff9b::c058:6300/120 lies inside the prefix 64:ff9b::/96$' "$tmp/err"
[ "$(grep -cE '^(warning|why|fix): ' "$tmp/err")" = 3 ]
in_client ping -c 1 -W 2 "$web6"		# translated, as the warning says
in_client ping -c 1 -W 2 "$web6"
in_server nat64-bpf unload vpn0
server_ip -6 route del 64:ff9b::192.88.99.0/120
server_ip -6 route add 64:ff9b::/32 dev wan0
status 0 in_server nat64-bpf load vpn0
if grep -q '^warning' "$tmp/err"; then fail "a warning for a route that only contains the prefix"; fi

say "a second instance on the same interface, a change that needs --replace"
printf '[nat64]\ninterface = vpn0\npool = 10.77.0.0/20\n' > "$tmp/conf/other.conf"
before
refused 1 'nat64-bpf unload vpn0' load other
printf '[nat64]\ninterface = wan0\nclients = fd77::/64\nown6 = fd77::1\n' > "$tmp/conf/other.conf"
refused 1 'in use on this host' load other
refused 1 '--replace' load vpn0 --pool 10.77.0.0/20
refused 1 '--replace' load vpn0 --prefix 64:ff9b:1::/96
refused 1 '--replace' load vpn0 --mapping linear --clients fd00::/120
unchanged
in_client ping -c 1 -W 2 "$web6"
refused_json
