#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pool 192.168.240.0/24] --veth-- web [192.88.99.5]
#
# The state file: a full disk, a folder that cannot be written, damage, entries that do not fit, clocks that jumped. The
# old file stays whole, no wrong binding is made, what is left out is said.
# Not in guests: what it looks at is the same on every kernel.
LIMIT=170
. "${0%/*}/lib.sh"
topology tun
map() { in_server nat64-bpf map "$@"; }
bindings() { map list vpn0 -j | json "sorted((b['addr4'], b['addr6'], b['kind']) for b in d['bindings'])"; }
load() { in_server nat64-bpf load vpn0 --pool 192.168.240.0/24 --max-lease 1d "$@" 2> "$tmp/err"; }
unload() { in_server nat64-bpf unload vpn0; }
state=$tmp/state/vpn0.map
now=$(date +%s)

say "what fits is taken over: not what is reserved, outside, too old, of no client, or there already"
cat > "$state" <<END
192.168.240.7	fd00::7	$now
192.168.240.0	fd00::10	$now
192.168.240.1	fd00::11	$now
192.168.240.255	fd00::12	$now
192.168.241.5	fd00::13	$now
10.0.0.1	fd00::14	$now
192.168.240.8	fd00::8	$((now - 90000))
192.168.240.9	fd00::9	$((now + 86400 * 365))
192.168.240.10	fd00::7	$((now - 10))
192.168.240.7	fd00::15	$((now - 20))
192.168.240.11	64:ff9b::1	$now
192.168.240.12	2001:db8::1	$now
192.168.240.13	fd00::1	$now
# static 192.168.240.14 2001:db8::2
not a line
192.168.240.16	fd00::16	17
192.168.240.15	fd00::15
END
printf '192.168.240.17\tfd00::1' >> "$state"		# cut
load
grep -q "vpn0.map:15: not a binding: .not a line" "$tmp/err"
equal "$(bindings)" "[('192.168.240.14', '2001:db8::2', 'static'), ('192.168.240.15', 'fd00::15', 'dynamic'), ('192.168.240.7', 'fd00::7', 'dynamic'), ('192.168.240.9', 'fd00::9', 'dynamic')]" bindings
grep -q "vpn0.map: left out 12 entries that are too old or do not fit" "$tmp/err" || { cat "$tmp/err"; fail "no note"; }
equal "$(map list vpn0 -j | json "[b['idle_s'] < 60 for b in d['bindings'] if b['addr6'] == 'fd00::9']")" "[True]" "a date in the future"
unload
equal "$(tail -n 1 "$state" | cut -c 1-8)" "# crc32 " "the last line"
equal "$(stat -c %a "$state")" 600 "mode of the state file"

say "damaged: set aside as a whole, one warning, its static map is counted"
load
before=$(bindings)
unload
cp "$state" "$tmp/good"
sed -i 's/fd00::9/fd00::8/' "$state"
load
equal "$(bindings)" "[]" "bindings of a damaged file"
equal "$(grep -c "^warning" "$tmp/err")" 1 "warnings"
grep -q "1 static maps in it are not restored" "$tmp/err"
grep -q "fix: .*map import vpn0 $state.bad" "$tmp/err"
[ -e "$state.bad" ] || fail "not set aside"
say "map import takes it, once it is right; twice is once; by - from standard input"
status 0 map import vpn0 "$tmp/good" -j
equal "$(json "d['changed']" < "$tmp/out")" True "import"
equal "$(bindings)" "$before" "bindings after import"
status 0 map import vpn0 "$tmp/good" -j
equal "$(json "d['changed']" < "$tmp/out")" False "import again"
map flush vpn0
map import vpn0 - < "$tmp/good"
equal "$(bindings)" "$before" "bindings after import of standard input"
say "a bad line, or one that is held: named, and nothing is changed"
cp "$state" "$tmp/saved"
printf '192.168.240.20 fd00::20\n192.168.240.21 fd00::\n192.168.240.300 fd00::22\n' > "$tmp/bad"
status 2 map import vpn0 "$tmp/bad"
grep -q "bad:3: not a binding" "$tmp/err"
printf '192.168.240.20 fd00::20\n192.168.240.7 fd00::21\n' > "$tmp/bad"
status 1 map import vpn0 "$tmp/bad"
grep -q "bad:2: 192.168.240.7 fd00::21: refused" "$tmp/err"
grep -q "fd00::7 holds it (dynamic" "$tmp/err"
equal "$(bindings)" "$before" "bindings after a bad import"
cmp "$state" "$tmp/saved"
map import vpn0 "$tmp/bad" --replace --dry-run | grep "map del vpn0 192.168.240.7 fd00::7" > /dev/null
equal "$(bindings)" "$before" "bindings after a dry run"
map import vpn0 "$tmp/bad" --replace
equal "$(map lookup vpn0 192.168.240.7 -j | json "d['addr6']")" fd00::21 "replaced"

say "what makes an address wait longer than min-lease goes over unload, load and --replace; not over a reboot"
flags() { in_server bpftool -j map dump pinned /sys/fs/bpf/nat64-bpf/vpn0/nat64_slots | json "[d[i]['formatted']['value']['flags'] for i in (40, 41, 42, 43)]"; }
unload
cp "$state" "$tmp/saved"
cat > "$state" <<END
192.168.240.40	fd00::40	$now
# flows replied
192.168.240.41	fd00::41	$now
# flows replied long
192.168.240.42	fd00::42	$now
192.168.240.43	fd00::43	$((now - $(cut -d. -f1 /proc/uptime) - 1000))
END
load
equal "$(flags)" "[0, 1, 3, 0]" "flags of the state file"
unload
load
equal "$(flags)" "[0, 1, 3, 0]" "flags after unload and load"
in_server nat64-bpf load vpn0 --pool 192.168.240.0/23 --max-lease 1d --replace
equal "$(flags)" "[0, 1, 3, 0]" "flags after --replace"
unload
cp "$tmp/saved" "$state"
load

say "as docs/guides/failover.md copies bindings: addresses that changed hands meanwhile"
map flush vpn0
first="192.168.240.20\tfd00::20\t$(date +%s)\n192.168.240.21\tfd00::21\t$(date +%s)\n"
second="192.168.240.20\tfd00::21\t$(date +%s)\n192.168.240.21\tfd00::22\t$(date +%s)\n"
recipe=$(sed -n 's/.* nat64-bpf \(map import vpn -[a-z -]*\)`.*/\1/p' "$here/../../docs/guides/failover.md")
for lines in "$first" "$second" "$second"; do
	printf '%b' "$lines" > "$tmp/other"
	# shellcheck disable=SC2086 # words
	status 0 in_server nat64-bpf ${recipe/ vpn / vpn0 } < "$tmp/other"
done
equal "$(bindings | grep -o "'192.168.240.2[01]', '[^']*'" | xargs)" "192.168.240.20, fd00::21 192.168.240.21, fd00::22" "copied"

say "export: to standard output and a file, not over the state file"
map export vpn0 > "$tmp/one"
map export vpn0 "$tmp/two"
diff <(grep -o '^192.*fd00::[0-9]*' "$tmp/one") <(grep -o '^192.*fd00::[0-9]*' "$tmp/two")
cp "$state" "$tmp/saved"
status 2 map export vpn0 "$state"
ln -s "$state" "$tmp/link"
status 2 map export vpn0 "$tmp/link"
cmp "$state" "$tmp/saved"
mv "$state" "$tmp/aside"
status 2 map export vpn0 "$tmp/../${tmp##*/}/state/vpn0.map"	# where it would be
mv "$tmp/aside" "$state"

say "export: a device is written to, a link stays, no folder is made"
mknod "$tmp/full" c 1 7
status 1 map export vpn0 "$tmp/full"
[ -c "$tmp/full" ] || fail "the device is none any more"
ln -s "$tmp/two" "$tmp/to-two"
: > "$tmp/two"
map export vpn0 "$tmp/to-two"
[ -L "$tmp/to-two" ] || fail "the link is none any more"
diff <(grep -o '^192.*fd00::[0-9]*' "$tmp/one") <(grep -o '^192.*fd00::[0-9]*' "$tmp/two")
status 1 map export vpn0 "$tmp/absent/file"
[ ! -e "$tmp/absent" ] || fail "a folder was made"
unload

say "a full disk: every verb fails, says so, and changes nothing; unload goes down all the same"
mkdir "$tmp/small"
in_server mount -t tmpfs -o size=16k tmpfs "$tmp/small"
load --state "$tmp/small/vpn0.map"
map add vpn0 192.168.240.30 fd00::30
in_server cp "$tmp/small/vpn0.map" "$tmp/saved"
in_server dd if=/dev/zero of="$tmp/small/fill" bs=4k count=64 2> "$tmp/dd.log" || :
before=$(bindings)
for verb in "add vpn0 192.168.240.31 fd00::31" "del vpn0 fd00::30" "import vpn0 $tmp/good"; do
	# shellcheck disable=SC2086 # words
	status 1 map $verb
	grep -q "No space left" "$tmp/err"
	grep -q "the old file is unchanged" "$tmp/err"
	equal "$(bindings)" "$before" "bindings after map $verb"
	in_server cmp "$tmp/small/vpn0.map" "$tmp/saved"
done
status 1 unload
grep -q "No space left" "$tmp/err"
status 3 map list vpn0
in_server cmp "$tmp/small/vpn0.map" "$tmp/saved"
in_server rm "$tmp/small/fill"
load --state "$tmp/small/vpn0.map"
equal "$(bindings)" "$before" "bindings from the old file"

say "a folder that cannot be written"
in_server mount -o remount,ro "$tmp/small"
status 1 map add vpn0 192.168.240.31 fd00::31
grep -q "Read-only file system" "$tmp/err"
equal "$(bindings)" "$before" "bindings after a refusal"
status 1 unload
load --state "$tmp/small/vpn0.map"
equal "$(bindings)" "$before" "bindings from a read-only folder"
unload || :
