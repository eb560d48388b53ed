#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# Bindings by hand: add, del, flush, lookup, list, with traffic; what is refused, and why; nothing by --dry-run.
# R-SYS-06: bindings survive unload and load. R-7757-3.1-01: a map is bijective, what contradicts it is refused.
# Not in guests: what it looks at is the same on every kernel.
LIMIT=170
. "${0%/*}/lib.sh"
topology tun
map() { in_server nat64-bpf map "$@"; }
state=$tmp/state/vpn0.map
bindings() { map list vpn0 -j | json "sorted((b['addr4'], b['addr6'], b['kind']) for b in d['bindings'])"; }
# refused STATUS REASON FIX COMMAND...: three parts, and nothing changed.
refused() {
	local want=$1 why=$2 fix=$3 before

	shift 3
	before=$(bindings)
	status "$want" "$@"
	grep -q "^why: .*$why" "$tmp/err" || { cat "$tmp/err"; fail "$*: no reason '$why'"; }
	grep -q "^fix: .*$fix" "$tmp/err" || { cat "$tmp/err"; fail "$*: no fix '$fix'"; }
	equal "$(bindings)" "$before" "bindings after a refusal"
}
flows() { in_server conntrack -L -s "$1" 2> /dev/null | wc -l; }

say "nothing is loaded"
status 3 map list vpn0
status 3 map add vpn0 192.168.240.50 fd00::50
in_server nat64-bpf load vpn0

say "a static map works at once, both ways, and is saved"
status 0 map add vpn0 192.168.240.50 fd00::2 -j
equal "$(json "d['changed']" < "$tmp/out")" True "changed"
in_client ping -c 1 -W 2 "$web6"
grep -q '^# static 192.168.240.50 fd00::2$' "$state"
equal "$(bindings)" "[('192.168.240.50', 'fd00::2', 'static')]" "bindings"
status 0 map add vpn0 192.168.240.50 fd00::2 -j
equal "$(json "d['changed']" < "$tmp/out")" False "changed, the second time"
equal "$(map lookup vpn0 fd00::2 -j | json "d['addr4'], d['kind'], d['idle_s']")" "('192.168.240.50', 'static', None)" lookup
equal "$(map lookup vpn0 192.168.240.50)" "192.168.240.50  fd00::2  static" lookup
[ "$(flows 192.168.240.50)" -gt 0 ] || fail "no flow of the static map"

say "del ends its flows; what is not there is no error"
map del vpn0 fd00::2
equal "$(flows 192.168.240.50)" 0 "flows after del"
equal "$(bindings)" "[]" "bindings after del"
! grep -q '^# static' "$state" || fail "still in the state file"
status 0 map del vpn0 fd00::2 -j
equal "$(json "d['changed']" < "$tmp/out")" False "del of nothing"
status 1 map lookup vpn0 fd00::2
status 1 map lookup vpn0 192.168.240.50 -j
equal "$(json "d['error']['exit']" < "$tmp/out")" 1 "error of a miss"

say "a dynamic binding stands in the way until --replace"
in_client ping -c 1 -W 2 "$web6"
dynamic=$(map lookup vpn0 fd00::2 -j | json "d['addr4']")
refused 1 "fd00::2 holds it (dynamic" --replace map add vpn0 "$dynamic" fd00::77
refused 1 "holds $dynamic (dynamic" --replace map add vpn0 192.168.240.50 fd00::2
cp "$state" "$tmp/before" 2> /dev/null || : > "$tmp/before"
before=$(bindings)
map add vpn0 "$dynamic" fd00::77 --replace --dry-run > "$tmp/plan"
grep -q "^# map del vpn0 $dynamic fd00::2$" "$tmp/plan"
grep -q "^conntrack -D -s $dynamic$" "$tmp/plan"
grep -q "^# map add vpn0 $dynamic fd00::77$" "$tmp/plan"
equal "$(bindings)" "$before" "bindings after a dry run"
cmp -s "$state" "$tmp/before" || fail "a dry run wrote the state file"
map add vpn0 "$dynamic" fd00::77 --replace
equal "$(bindings)" "[('$dynamic', 'fd00::77', 'static')]" "after --replace"
equal "$(flows "$dynamic")" 0 "flows after --replace"
in_client ping -c 1 -W 2 "$web6"
say "a client that moves: its dynamic binding becomes another address, for good"
map add vpn0 192.168.240.60 fd00::2 --replace
in_client ping -c 1 -W 2 "$web6"
equal "$(map lookup vpn0 fd00::2 -j | json "d['addr4']")" 192.168.240.60 "moved"
map del vpn0 192.168.240.60
in_client ping -c 1 -W 2 "$web6"
dynamic=$(map lookup vpn0 fd00::2 -j | json "d['addr4']")
map add vpn0 "$dynamic" fd00::2
in_client ping -c 1 -W 2 "$web6"
equal "$(map lookup vpn0 fd00::2 -j | json "d['addr4'], d['kind']")" "('$dynamic', 'static')" "the same, now static"

say "what can never be"
refused 2 "network or broadcast" "another IPv4" map add vpn0 192.168.240.0 fd00::9
refused 2 "network or broadcast" "another IPv4" map add vpn0 192.168.255.255 fd00::9
refused 2 "own4" "another IPv4" map add vpn0 192.168.240.1 fd00::9
refused 2 "own6" "client's own" map add vpn0 192.168.240.9 fd00::1
# R-6052-3.1-03
refused 2 "inside the prefix" "client's own" map add vpn0 192.168.240.9 64:ff9b::1
refused 2 "not unicast" "client's own" map add vpn0 192.168.240.9 ff02::1
refused 2 "not a usable host" "another IPv4" map add vpn0 224.0.0.1 fd00::9
refused 2 "not a usable host" "another IPv4" map add vpn0 240.0.0.5 fd00::9
refused 1 "(static map)" "map del vpn0 $dynamic" map add vpn0 "$dynamic" fd00::9 --replace
refused 2 "neither an IPv4 nor" "give one" map add vpn0 192.168.240.256 fd00::9
refused 2 "comes first" "map add" map add vpn0 fd00::9 192.168.240.9
refused 2 "missing argument" "NAME V4 V6" map add vpn0 192.168.240.9
refused 2 "no such option" "map list NAME" map list vpn0 --replace
status 2 map ad vpn0 192.168.240.9 fd00::9
grep -q "did you mean: nat64-bpf map add" "$tmp/err"

say "flush: dynamic bindings and their flows, not the static ones"
client_addr fd00::3
in_client ping -c 1 -W 2 -I fd00::3 "$web6"
dynamic=$(map lookup vpn0 fd00::3 -j | json "d['addr4']")
[ "$(flows "$dynamic")" -gt 0 ] || fail "no flow of the dynamic binding"
map flush vpn0 --dry-run -j > "$tmp/plan"
equal "$(json "d['changed'], len(d['actions'])" < "$tmp/plan")" "(True, 2)" "dry run of flush"
map flush vpn0
equal "$(bindings | grep -c dynamic || true)" 0 "dynamic bindings after flush"
equal "$(flows "$dynamic")" 0 "flows after flush"
equal "$(map list vpn0 | sed 1d | wc -l)" 2 "static maps after flush"
in_client ping -c 1 -W 2 -I fd00::3 "$web6"

say "a static map of the settings; load shows it first"
# plan WANTED WORDS...: what a load would do, and does not
plan() {
	local want=$1 was

	shift
	was=$(bindings)
	equal "$(in_server nat64-bpf load vpn0 --dry-run "$@")" "$want" "a dry run with $*"
	equal "$(bindings)" "$was" "bindings after a dry run with $*"
}
plan "# map add vpn0 192.168.241.1 fd00::100" --static "192.168.241.1 fd00::100"
in_server nat64-bpf load vpn0 --static "192.168.241.1 fd00::100"
plan ""
plan $'# map del vpn0 192.168.241.1 fd00::100\nconntrack -D -s 192.168.241.1\n# map add vpn0 192.168.241.1 fd00::101' \
	--static "192.168.241.1 fd00::101"
plan "# map nat64_config: write the settings
# map add vpn0 192.168.241.2 fd00::102" --tos-46 zero --static "192.168.241.1 fd00::100" --static "192.168.241.2 fd00::102"
status 1 in_server nat64-bpf load vpn0 --dry-run --static "192.168.241.1 fd00::100" --static "192.168.241.2 fd00::77"
grep -q "^error: vpn0: static = 192.168.241.2 fd00::77: refused$" "$tmp/err"
refused 1 "(static map)" "static = 192.168.241.1 fd00::100" map add vpn0 192.168.241.1 fd00::101 --replace
status 0 map del vpn0 fd00::100
grep -q "next load restores this map" "$tmp/err"
plan "# map add vpn0 192.168.241.1 fd00::100"
in_server nat64-bpf load vpn0
equal "$(map lookup vpn0 fd00::100 -j | json "d['addr4']")" 192.168.241.1 "made again"
! grep -q fd00::100 "$state" || fail "a static map of the settings is in the state file"

say "all of it survives unload and load"
map list vpn0 -j | json "sorted((b['addr4'], b['addr6'], b['kind']) for b in d['bindings'])" > "$tmp/before"
in_server nat64-bpf unload vpn0
in_server nat64-bpf load vpn0 --static "192.168.241.1 fd00::100"
equal "$(bindings)" "$(cat "$tmp/before")" "bindings after unload and load"

say "two at once: the lock"
adding=()
block=192.168.242		# or another where the seed has put nobody
for i in 243 244 245; do
	bindings | grep -F "'$block." > /dev/null || break
	block=192.168.$i
done
for i in {2..21}; do
	map add vpn0 "$block.$i" "fd00::2:$i" > /dev/null &
	adding+=($!)
done
wait "${adding[@]}"
equal "$(bindings | grep -o 'fd00::2:[0-9]*' | wc -l)" 20 "added in parallel"
equal "$(grep -c "^# static $block" "$state")" 20 "saved in parallel"
adding=()
for i in {1..10}; do
	map export vpn0 "$tmp/exported" > /dev/null &
	adding+=($!)
done
for i in "${adding[@]}"; do
	wait "$i" || fail "an export in parallel: status $?"
done
equal "$(grep -vc '^#' "$tmp/exported")" "$(bindings | grep -o "'dynamic'" | wc -l)" "dynamic bindings exported in parallel"
tail -n 1 "$tmp/exported" | grep '^# crc32 ' > /dev/null || fail "exported in parallel: cut"
equal "$(find "$tmp" -name '*nat64-bpf-new')" "" "temporary files"
