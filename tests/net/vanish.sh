#!/bin/bash
#   client [fd00::2] --veth, deleted and made again-- server [nat64-bpf] --veth-- web [192.88.99.5]
#
# The interface vanishes under a loaded instance: status says waiting, unload cleans up, and once it is back a
# load brings all back, with or without an unload before.
. "${0%/*}/lib.sh"
topology veth
# The link as topology made it, or gone; with a new ifindex and MAC each time.
back() {
	ip -n "$client" link add vpn0 type veth peer name vpn0 netns "$server"
	addresses
}
addresses() {
	ip -n "$client" addr add fd00::2/64 dev vpn0 nodad
	ip -n "$server" addr add fd00::1/64 dev vpn0 nodad
	ip -n "$client" link set vpn0 up
	ip -n "$server" link set vpn0 up
	ip -n "$client" route add default via fd00::1 dev vpn0
	until_true 10 in_client ping -c 1 -W 1 fd00::1
}
binding() { in_server nat64-bpf -j map list vpn0 | json "[(b['addr4'], b['addr6']) for b in d['bindings']]"; }
gone() { ip -n "$server" link del vpn0; }

gone
host_state > "$tmp/without"
back
in_server nat64-bpf load vpn0
in_client ping -c 1 -W 2 "$web6"
first=$(binding)
gone
say "waiting"
status 7 in_server nat64-bpf -j status vpn0
equal "$(json "d['instances'][0]['state'], d['instances'][0]['interface']['ifindex']" < "$tmp/out")" "('waiting', 0)" status
equal "$(json "d['instances'][0]['interface']['type']" < "$tmp/out")" l2 "type of an Ethernet interface that is gone"
status 7 in_server nat64-bpf -q status
status 7 in_server nat64-bpf status vpn0
grep -q 'waiting' "$tmp/out"
status 1 in_server nat64-bpf load vpn0
equal "$(binding)" "$first" "bindings of a waiting instance"
status 7 in_server nat64-bpf -q status

say "unload cleans up"
in_server nat64-bpf unload vpn0
host_state > "$tmp/after"
same_host "$tmp/without" "$tmp/after"
equal "$(find "$tmp/run" -type f ! -name lock)" "" "files in the run folder"

say "back, and loaded anew"
back
in_server nat64-bpf load vpn0
in_client ping -c 1 -W 2 "$web6"
equal "$(binding)" "$first" "bindings after an unload"

say "gone and back without an unload"
gone
back
status 7 in_server nat64-bpf -q status vpn0
in_server nat64-bpf load vpn0
in_client ping -c 1 -W 2 "$web6"
in_server nat64-bpf -q status vpn0
equal "$(binding)" "$first" "bindings after a load over a waiting instance"

say "back as a TUN, which has no Ethernet header"
gone
start tunpipe tunpipe "$client" "$server" vpn0
tunpipe=$!
ready tunpipe
addresses
in_server nat64-bpf load vpn0
in_client ping -c 1 -W 2 "$web6"
equal "$(in_server nat64-bpf -j status vpn0 | json "d['instances'][0]['interface']['type']")" l3 type
in_server nat64-bpf unload vpn0
kill $tunpipe
until_true 10 sh -c "! ip -n $server link show vpn0"
host_state > "$tmp/after"
same_host "$tmp/without" "$tmp/after"
