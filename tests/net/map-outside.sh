#!/bin/bash
#   client [fd00::2] --vpn0-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# Static maps whose IPv4 address lies outside the pool: route, nft rules and traffic, by `map add` and by the settings;
# all of it goes away again; a second load keeps it; what is in use on the host is refused.
# On an Ethernet-like interface the route goes through the placeholder neighbour.
# kinds: tun veth
LIMIT=170
. "${0%/*}/lib.sh"
topology "$kind"
map() { in_server nat64-bpf map "$@"; }
routes() { in_server ip -o route show proto 64 | awk '{ print $1 }' | sort | tr '\n' ' '; }
elements() { in_server nft -j list set inet nat64_bpf_vpn0 pool4 2> /dev/null | grep -o '10\.9\.[0-9.]*' | sort | tr '\n' ' '; }
# seen_as ADDRESS: what the client sends is translated to that address, then source-NATed, and the answer comes back.
seen_as() {
	in_client ping -c 1 -W 2 "$web6"
	in_server conntrack -L -s "$1" 2> /dev/null | grep "dst=192.88.99.1 " > /dev/null || fail "no source NAT of $1"
}

say "map add: route, table, traffic"
in_server nat64-bpf load vpn0
equal "$(routes)" "192.168.240.0/20 " "routes before"
map add vpn0 10.9.0.7 fd00::2 --dry-run > "$tmp/plan"
grep -q "^ip route replace 10.9.0.7/32 .*dev vpn0.* proto 64 mtu .* src 192.168.240.1$" "$tmp/plan"
grep -q "10.9.0.7" "$tmp/plan"
equal "$(routes)" "192.168.240.0/20 " "routes after a dry run"
map add vpn0 10.9.0.7 fd00::2
equal "$(routes)" "10.9.0.7 192.168.240.0/20 " "routes"
equal "$(elements)" "10.9.0.7 " "addresses in the table"
map del vpn0 10.9.0.7 --dry-run > "$tmp/plan"
grep -q "^ip route del 10.9.0.7/32 dev vpn0 proto 64$" "$tmp/plan"
equal "$(grep -c "10\.9\.0\.7" "$tmp/plan")" 3 "lines with the address in a dry run of del: binding, flows and route"
equal "$(grep -c "^nft -f" "$tmp/plan")" 1 "tables in a dry run of del"
equal "$(routes)" "10.9.0.7 192.168.240.0/20 " "routes after a dry run of del"
seen_as 10.9.0.7
serve
in_client xfer tcp-up "$web6" 5000 300000
in_client xfer tcp-down "$web6" 5000 300000
equal "$(in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['state']")" translating state
grep -q "^route 10.9.0.7/32" "$tmp/run/vpn0.undo"

say "a second load keeps it"
in_server nat64-bpf load vpn0 -j > "$tmp/out"
equal "$(json "d['changed']" < "$tmp/out")" False "second load"
equal "$(routes)" "10.9.0.7 192.168.240.0/20 " "routes after a second load"
in_server nat64-bpf load vpn0 --min-lease 3h
equal "$(elements)" "10.9.0.7 " "addresses in the table after a change"
seen_as 10.9.0.7

say "the guard holds for it: nobody outside reaches the client unasked"
ip -n "$web" route add 10.9.0.7 via 192.88.99.1
status 1 in_web ping -c 2 -i 0.2 -W 1 10.9.0.7

say "a killed process leaves a route: the next change takes it away"
in_server ip route add 10.9.0.99/32 dev vpn0 proto 64
map add vpn0 10.9.0.8 fd00::8
equal "$(routes)" "10.9.0.7 10.9.0.8 192.168.240.0/20 " "routes after the next change"

say "in use on this host: refused, nothing is left of it"
in_server ip route add 10.9.1.1/32 via 192.88.99.5
status 1 map add vpn0 10.9.1.1 fd00::9
grep -q "this host.s route" "$tmp/err"
equal "$(map list vpn0 | grep -c fd00::9 || true)" 0 "bindings after a refusal"
equal "$(routes)" "10.9.0.7 10.9.0.8 192.168.240.0/20 " "routes after a refusal"
status 1 map add vpn0 192.88.99.1 fd00::9
grep -q "this host.s address" "$tmp/err"

say "del takes route and rule away, and ends the flows"
map del vpn0 10.9.0.7
equal "$(routes)" "10.9.0.8 192.168.240.0/20 " "routes after del"
equal "$(elements)" "10.9.0.8 " "addresses in the table after del"
equal "$(in_server conntrack -L -s 10.9.0.7 2> /dev/null | wc -l)" 0 "flows after del"
map del vpn0 fd00::8
equal "$(routes)" "192.168.240.0/20 " "routes after the last del"
equal "$(elements)" "" "addresses in the table after the last del"

say "from the settings"
in_server nat64-bpf load vpn0 --static "10.9.0.7 fd00::2"
seen_as 10.9.0.7
in_server nat64-bpf load vpn0 --static "10.9.0.6 fd00::2"
equal "$(routes)" "10.9.0.6 192.168.240.0/20 " "routes after a change of the settings"
equal "$(elements)" "10.9.0.6 " "addresses in the table after a change of the settings"
seen_as 10.9.0.6

say "saved, and there again after unload and load"
map add vpn0 10.9.0.8 fd00::8
in_server nat64-bpf unload vpn0
equal "$(routes)" "" "routes after unload"
in_server nat64-bpf load vpn0
equal "$(routes)" "10.9.0.8 192.168.240.0/20 " "routes from the state file"
equal "$(elements)" "10.9.0.8 " "addresses in the table from the state file"
in_server nat64-bpf unload vpn0

say "in whatever order they came: nothing is left to be done after a load"
in_server nat64-bpf load vpn0
map add vpn0 10.9.0.9 fd00::9
in_server nat64-bpf load vpn0 --static "10.9.0.7 fd00::7"
equal "$(in_server nat64-bpf load vpn0 --dry-run)" "" "to be done after map add, then a static line"
in_server nat64-bpf load vpn0 --static "10.9.0.7 fd00::7" --static "10.9.0.6 fd00::6"
equal "$(in_server nat64-bpf load vpn0 --dry-run)" "" "to be done after two static lines"
equal "$(elements)" "10.9.0.6 10.9.0.7 10.9.0.8 10.9.0.9 " "addresses in the table"
in_server nat64-bpf load vpn0 --static "10.9.0.7 fd00::7" --static "10.9.0.6 fd00::6" --static "10.9.0.9 fd00::9" --dry-run > "$tmp/dry"
equal "$(grep -c "10.9.0.9, 10.9.0.9" "$tmp/dry" || true)" 0 "an address that \`map add\` and the settings name"
in_server nat64-bpf unload vpn0
