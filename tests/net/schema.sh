#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# Whatever -j prints fits docs/schema: results in every state, errors too.
# Not in guests: what it looks at is the same on every kernel.
. "${0%/*}/lib.sh"
topology tun

# fits SCHEMA WANTED-STATUS COMMAND...
fits() {
	local schema=$1 want=$2

	shift 2
	status "$want" in_server nat64-bpf "$@"
	valid "$schema" "$tmp/out" "$*"
}

# valid SCHEMA FILE WHAT
valid() {
	/usr/bin/python3 - "$here/../../docs/schema/$1.json" "$2" <<-'CHECK' || fail "$3: does not fit $1.json"
		import json, sys
		from jsonschema import Draft202012Validator
		def once(pairs):
		    keys = [key for key, value in pairs]
		    assert len(keys) == len(set(keys)), f"a key twice: {keys}"
		    return dict(pairs)
		schema, result = (json.load(open(path), object_pairs_hook=once) for path in sys.argv[1:])
		Draft202012Validator.check_schema(schema)
		for fault in Draft202012Validator(schema).iter_errors(result):
		    sys.exit(f"{fault.json_path}: {fault.message}")
	CHECK
}

say "nothing loaded"
fits status 3 status -j
fits status 3 status vpn0 -j
fits error 3 stats vpn0 -j
fits error 3 map list vpn0 -j
fits error 3 monitor -j
fits doctor 0 doctor --no-dns -j
fits doctor 0 doctor vpn0 --no-dns -j
fits change 0 unload vpn0 -j
fits change 0 unload vpn0 -j --dry-run
equal "$(json "d['changed'], d['actions']" < "$tmp/out")" "(False, [])" "nothing to unload"

# would COUNT TEXT: the actions of a dry run, how many of them hold TEXT
would() { equal "$(json "d['changed'] and sum('$2' in line for line in d['actions'])" < "$tmp/out")" "$1" "actions with $2"; }
say "what would be done"
fits change 0 load vpn0 -j --dry-run
would 1 'attach nat64_in'
would 1 'table inet nat64_bpf_vpn0 {'
fits error 1 load vpn7 -j --dry-run

say "loaded, with traffic, bindings and drops"
fits change 0 load vpn0 -j --static "192.168.240.50 fd00::50"
in_client ping -q -c 2 -i 0.2 -W 2 "$web6"
in_client ping -q -c 1 -W 1 64:ff9b::10.0.0.1 || true
fits status 0 status -j
equal "$(json "d['instances'][0]['counters']['drops']" < "$tmp/out")" "{'private-destination': 1}" "drops"
fits stats 0 stats -j
fits stats 0 stats -j --explain

say "stats tells what status tells"
in_client ping -q -c 1 -W 1 64:ff9b::192.88.99.1 || true
status 0 in_server nat64-bpf status -j vpn0
cp "$tmp/out" "$tmp/status"
status 0 in_server nat64-bpf stats -j vpn0
equal "$(json "d['instances'][0]['counters']['drops']" < "$tmp/status")" \
	"{'private-destination': 1, 'host-destination': 1}" "drops of status"
equal "$(json "{word: c['packets'] for word, c in d['instances'][0]['drops'].items() if c['packets']}" < "$tmp/out")" \
	"{'private-destination': 1, 'host-destination': 1}" "drops of stats"
for word in in64 out46 fast64 fast46; do
	equal "$(json "d['instances'][0]['counters']['$word']" < "$tmp/out")" \
		"$(json "d['instances'][0]['counters']['$word']" < "$tmp/status")" "$word of stats and status"
done
status 0 in_server nat64-bpf stats vpn0
sed -n '/^  drops/,$p' "$tmp/out" | grep -E '^  host-destination +1$' > /dev/null
[ "$(grep -cE '^  fast(64|46) ' "$tmp/out")" = 2 ] || fail "no fast path in the text of stats"
status 0 in_server nat64-bpf stats vpn0 --openmetrics
grep -qF 'nat64_drops_total{instance="vpn0",reason="host-destination"} 1' "$tmp/out"
for word in fast64 fast46; do
	grep -qF "nat64_packets_total{instance=\"vpn0\",counter=\"$word\"} " "$tmp/out"
	grep -qF "nat64_bytes_total{instance=\"vpn0\",counter=\"$word\"} " "$tmp/out"
done
fits map-list 0 map list vpn0 -j
equal "$(json "sorted(b['kind'] for b in d['bindings'])" < "$tmp/out")" "['dynamic', 'static']" "kinds"

fits change 0 map add vpn0 -j 192.168.240.60 fd00::60
fits change 0 map del vpn0 -j fd00::60 --dry-run
fits map-lookup 0 map lookup vpn0 -j fd00::2
fits map-lookup 0 map lookup vpn0 -j 192.168.240.50
fits error 1 map lookup vpn0 -j 192.168.240.99
fits map-export 0 map export vpn0 "$tmp/exported" -j
fits change 0 map import vpn0 "$tmp/exported" -j

say "events, each a document of its own; findings"
timeout 20 nsenter --net="/run/netns/$server" --mount="/proc/$holder/ns/mnt" nat64-bpf monitor -j \
	> "$tmp/events" 2> "$tmp/monitor.log" &
started+=($!)
until_true 10 grep -q "events follow" "$tmp/monitor.log"
in_client ping -q -c 1 -W 1 64:ff9b::10.0.0.1 || true
until_true 10 grep -q '"event":"dropped"' "$tmp/events"
while read -r line; do
	echo "$line" > "$tmp/event"
	valid event "$tmp/event" monitor
done < "$tmp/events"
fits doctor 0 doctor --no-dns -j

say "an import"
printf 'tun-device nat64\nipv4-addr 192.168.255.1\nprefix 64:ff9b::/96\ndynamic-pool 192.168.255.0/24\ndata-dir %s\n' \
	"$tmp" > "$tmp/tayga.conf"
printf '192.168.255.77\tfd00::2\t%s\n' "$(date +%s)" > "$tmp/dynamic.map"
fits import-tayga 0 import-tayga "$tmp/tayga.conf" -j
fits import-tayga 0 import-tayga "$tmp/tayga.conf" -j old0 --dry-run
fits import-tayga 0 import-tayga "$tmp/tayga.conf" -j old0
equal "$(json "d['changed'], d['bindings']" < "$tmp/out")" "(True, 1)" "import"
rm "$tmp/dynamic.map"
fits import-tayga 0 import-tayga "$tmp/tayga.conf" -j old1
equal "$(json "d['state'], d['bindings']" < "$tmp/out")" "(None, 0)" "import without bindings"
fits error 1 import-tayga "$tmp/tayga.conf" -j old1
rm "$tmp/conf/old0.conf" "$tmp/conf/old1.conf"

say "what needs nothing loaded"
fits check 0 check vpn0 -j
fits version 0 version -j
hook=$(in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['attach']['hook']")
equal "$(json "d['features']['tcx'], d['features']['bpffs']" < "$tmp/out")" \
	"($([ "$hook" = tcx ] && echo True || echo False), True)" "features"
status 0 in_server setpriv --inh-caps=-all --bounding-set=-all nat64-bpf version -j
valid version "$tmp/out" "version without privileges"
equal "$(json "d['features']['tcx']" < "$tmp/out")" None "TCX without CAP_NET_ADMIN"
status 0 in_server unshare -m sh -c 'umount /sys/fs/bpf && exec nat64-bpf version -j'
equal "$(json "d['features']['bpffs']" < "$tmp/out")" False "bpffs"
fits help 0 help -j
fits help 0 help load -j
fits help 0 load --help -j
equal "$(json "[row['verb'] for row in d['verbs']]" < "$tmp/out")" "['load']" "verbs of load --help"
fits help 0 -hj
fits version 0 -Vj

say "errors"
fits error 2 load vpn0 -j --pool 1.2.3.4
fits error 2 frobnicate -j
fits error 1 load vpn7 -j

say "what would be done to it"
fits change 0 load vpn0 -j --dry-run
equal "$(json "d['changed'], d['actions']" < "$tmp/out")" "(False, [])" "actions of a second load"
fits change 0 load vpn0 -j --dry-run --static "192.168.240.51 fd00::51"
would 1 '# map add vpn0 192.168.240.51 fd00::51'
fits change 0 unload --all -j --dry-run
would 1 'nft delete table inet nat64_bpf_vpn0'

say "degraded"
in_server nft delete table inet nat64_bpf_vpn0
fits status 7 status -j
fits doctor 7 doctor --no-dns -j
fits doctor 7 doctor vpn9 --no-dns -j
fits change 0 unload vpn0 -j
