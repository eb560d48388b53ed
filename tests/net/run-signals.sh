#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf run, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# The life of run: ready, saves, writes the log, re-reads its config, gives up privileges; killed or ended, traffic does
# not notice, and the next one goes on.
# Not in guests: what it looks at is the same on every kernel.
. "${0%/*}/lib.sh"
. "$here/run.inc"
topology tun
cat > "$tmp/conf/vpn0.conf" <<EOF
[nat64]
log = $tmp/assigned.json
EOF
slow=1
slowed && slow=8

# What the service manager hears, a line each.
start manager python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("ready", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)' "$tmp/notify"
ready manager
export NOTIFY_SOCKET=$tmp/notify
LATER=$tmp/later LD_PRELOAD=$tools/liblater.so start_run vpn0
until_true 10 grep -q "READY=1" "$tmp/manager.log"
grep -q "STATUS=translating" "$tmp/manager.log"
# a call that takes no lock is not held up, and one that takes it neither
in_server timeout 5 nat64-bpf load vpn0

say "privileges: three capabilities, and no more by execve"
python3 - "$run" <<'EOF'
import sys
status = dict(line.rstrip("\n").split(":\t") for line in open(f"/proc/{sys.argv[1]}/status") if ":\t" in line)
want = 1 << 12 | 1 << 38 | 1 << 39		# CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF
for which in ("CapEff", "CapPrm", "CapBnd"):
    assert int(status[which], 16) == want, (which, status[which])
assert status["NoNewPrivs"] == "1"
EOF

say "a new binding is saved about 1 s later"
[ ! -e "$tmp/state/vpn0.map" ] || fail "saved before there was anything"
in_client ping -q -c 1 -W 10 "$web6"
begin=$EPOCHREALTIME
until_true 10 grep -q "fd00::2" "$tmp/state/vpn0.map"
awk "BEGIN { t = $EPOCHREALTIME - $begin; print \"saved after\", t, \"s\"; exit t > 1.6 * $slow }"

say "the log of assignments, exactly"
until_true 5 test -s "$tmp/assigned.json"
addr4=$(in_server nat64-bpf map list vpn0 -j | json "d['bindings'][0]['addr4']")
python3 - "$tmp/assigned.json" "$addr4" <<'EOF'
import re, sys
lines = open(sys.argv[1]).read().splitlines()
assert len(lines) == 1, lines
assert re.fullmatch(r'\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ","event":"assigned","instance":"vpn0",'
                    rf'"addr4":"{sys.argv[2]}","addr6":"fd00::2","kind":"dynamic"\}}', lines[0]), lines[0]
EOF

say "kinds: a static map, and a binding that becomes one; who held it"
at() { in_server nat64-bpf map lookup vpn0 "$1" --at "$(date -u +%FT%TZ)" -j | json "d['$2']"; }
in_server nat64-bpf map add vpn0 192.168.240.50 fd00::50
in_server nat64-bpf map add vpn0 "$addr4" fd00::2
until_true 5 grep -q '"addr6":"fd00::50","kind":"static"}' "$tmp/assigned.json"
until_true 5 grep -q '"addr6":"fd00::2","kind":"static"}' "$tmp/assigned.json"
! grep -q released "$tmp/assigned.json" || fail "a binding that became static was released"
equal "$(at 192.168.240.50 kind)" static "kind of a static map"
equal "$(at fd00::2 kind)" static "kind of a binding that became a static map"
in_server nat64-bpf map lookup vpn0 fd00::50 --at "$(date -u +%FT%TZ)" | grep '  static  from ' > /dev/null
in_server nat64-bpf map del vpn0 fd00::50
in_server nat64-bpf map del vpn0 fd00::2
until_true 5 grep -q '"event":"released".*"addr6":"fd00::2"}' "$tmp/assigned.json"
in_client ping -q -c 1 -W 10 "$web6"
again() { tail -n 1 "$tmp/assigned.json" | grep '"addr6":"fd00::2","kind":"dynamic"}'; }
until_true 5 again
equal "$(at fd00::2 kind)" dynamic "kind of a binding"

say "what a verb takes away at once is logged all the same"
for ((i = 0; i < 5; i++)); do
	in_server nat64-bpf map add vpn0 192.168.240.9$i fd00::9$i
	in_server nat64-bpf map del vpn0 fd00::9$i
done
for ((i = 0; i < 5; i++)); do
	for event in assigned released; do
		equal "$(grep -c "\"event\":\"$event\".*\"fd00::9$i\"" "$tmp/assigned.json")" 1 "$event fd00::9$i"
	done
done

say "logrotate: the file is moved away, the next one begins with what holds; SIGHUP does it, too"
mv "$tmp/assigned.json" "$tmp/assigned.json.1"
client_addr fd00::3
in_client ping -q -c 1 -W 10 -I fd00::3 "$web6"
until_true 5 grep -q '"addr6":"fd00::3"' "$tmp/assigned.json"
grep -q '"addr6":"fd00::2"' "$tmp/assigned.json"
mv "$tmp/assigned.json" "$tmp/assigned.json.2"
kill -HUP "$run"
until_true 5 grep -q '"addr6":"fd00::3"' "$tmp/assigned.json"
until_true 5 grep -q "RELOADING=1" "$tmp/manager.log"

say "SIGHUP: the config is read again, a bad one is refused and the old one stays"
sed -i '$ a tos-46 = zero' "$tmp/conf/vpn0.conf"
kill -HUP "$run"
until_true 5 grep -q "tos-46 = zero" "$tmp/run/vpn0.conf"
sed -i '$ a nonsense = 1' "$tmp/conf/vpn0.conf"
kill -HUP "$run"
until_true 5 grep -q "nonsense" "$tmp/run.log"
until_true 5 in_server nat64-bpf status vpn0 -q
sed -i '/nonsense/d' "$tmp/conf/vpn0.conf"
kill -0 "$run"

say "hours with traffic, but no change: saved, for the times of last use"
saved() { stat -c %i-%Y "$tmp/state/vpn0.map"; }
until_true 15 grep -q "fd00::3" "$tmp/state/vpn0.map"		# the last change
was=$(saved)
in_client ping -q -c 1 -W 10 "$web6"
sleep 2
equal "$(saved)" "$was" "the state file, seconds later"
touch "$tmp/later"
until_true 10 bash -c "[ \$(stat -c %i-%Y $tmp/state/vpn0.map) != $was ]"

say "another run of the instance: refused, and says whose it is"
status 6 in_server timeout 20 nat64-bpf run vpn0
grep "^why: already running as process $run" "$tmp/err" > /dev/null
grep "^fix: leave it running; kill -HUP $run makes it read its settings again" "$tmp/err" > /dev/null
grep "^error: vpn0: cannot run" "$tmp/err" > /dev/null
kill -0 "$run"

say "killed with -9 under traffic: nothing is lost; the next run goes on"
for map in "192.168.240.77 fd00::77" "10.9.0.7 fd00::78" "10.9.0.8 fd00::79"; do
	# shellcheck disable=SC2086 # words
	in_server nat64-bpf map add vpn0 $map
done
in_client ping -q -i 0.02 -c 100 -W 10 "$web6" > "$tmp/ping.log" &
ping=$!
sleep 0.5
kill -9 "$run"
wait "$run" 2> /dev/null || true
wait "$ping"
grep -q " 0% packet loss" "$tmp/ping.log"
in_server nat64-bpf map del vpn0 fd00::77
in_server nat64-bpf map del vpn0 fd00::79
told() { grep -c "^{.*\"event\":\"$1\".*\"addr6\":\"$2\"[^{]*}\$" "$tmp/assigned.json" || true; }
all_told() {
	local client

	for client in 2 77 78 79; do echo "$(told assigned fd00::$client)$(told released fd00::$client)"; done | xargs
}
equal "$(all_told)" "10 10 10 10" "told before the next run"
printf '{"time":"2026' >> "$tmp/assigned.json"		# cut off by a full disk
start_run vpn0
until_true 10 grep -q "vpn0: translating" "$tmp/run.log"
in_client ping -q -c 1 -W 10 "$web6"
equal "$(in_server nat64-bpf map list vpn0 -j | json "[b['addr4'] for b in d['bindings'] if b['addr6'] == 'fd00::2'][0]")" \
	"$addr4" "address of the client"
say "the log goes on: what ended meanwhile is told, what goes on is not again"
until_true 5 grep -q '^{.*"event":"released".*"fd00::77"' "$tmp/assigned.json"
equal "$(all_told)" "10 11 10 11" "told after it"

say "whoever saves while run waits for the lock has saved what is newer"
client_addr fd00::6
exec 8> "$tmp/run/lock"
flock 8
in_client ping -q -c 1 -W 10 -I fd00::6 "$web6"
until_true 20 test -e "$tmp/state/vpn0.map.run"
inode() { stat -c %i "$tmp/state/vpn0.map"; }
first=$(inode)
for ((i = 0; i < 20; i++)); do		# ext4 gives a number that is free to the next file
	echo "# newer $i" > "$tmp/state/newer"
	mv "$tmp/state/newer" "$tmp/state/vpn0.map"
	[ "$(inode)" != "$first" ] || break
done
echo "the first number again after $i files, 20: never"
cp "$tmp/state/vpn0.map" "$tmp/newest"
exec 8>&-
until_true 10 sh -c "! test -e $tmp/state/vpn0.map.run"
cmp "$tmp/newest" "$tmp/state/vpn0.map"

say "SIGTERM: saved, and the datapath stays"
client_addr fd00::4
in_client ping -q -c 1 -W 10 -I fd00::4 "$web6"
kill -TERM "$run"
wait "$run"
grep -q "fd00::4" "$tmp/state/vpn0.map"
grep -q "STOPPING=1" "$tmp/manager.log"
in_client ping -q -c 1 -W 10 "$web6"

say "a full disk: said once, and mended when there is room"
in_server mount -t tmpfs -o size=4k none "$tmp/state"
in_server sh -c "yes > $tmp/state/full" 2> /dev/null || true
start_run vpn0 --unload
until_true 10 grep -q "vpn0: translating" "$tmp/run.log"
client_addr fd00::5
in_client ping -q -c 1 -W 10 -I fd00::5 "$web6"
until_true 10 grep -q "cannot save the bindings" "$tmp/run.log"
in_client ping -q -c 1 -W 10 "$web6"
in_server rm "$tmp/state/full"
in_server umount "$tmp/state"
until_true 25 grep -q "saved again" "$tmp/run.log"
equal "$(grep -c "cannot save the bindings" "$tmp/run.log")" 1 "how often the full disk was said"

say "SIGTERM with --unload takes it down"
kill -TERM "$run"
wait "$run"
status 3 in_server nat64-bpf status vpn0 -q
in_server sh -c "! test -e /sys/fs/bpf/nat64-bpf" || fail "pins are left"
status 2 in_server nat64-bpf run no/such/file.conf
