#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pool 192.168.240.0/29] --veth-- web [192.88.99.5]
#
# monitor: bindings and drops as they happen, what was lost; one reader at a time, beside `run`; its ends.
. "${0%/*}/lib.sh"
. "$here/run.inc"
topology tun
status 3 in_server nat64-bpf monitor
status 3 in_server nat64-bpf monitor vpn0
status 2 in_server nat64-bpf monitor a b

# watch NAME [options]: a monitor; $watch is its process. Returns once it follows.
watch() {
	local name=$1

	shift
	start "$name" nsenter --net="/run/netns/$server" --mount="/proc/$holder/ns/mnt" nat64-bpf monitor "$@"
	watch=$!
	until_true 20 grep -q "events follow" "$tmp/$name.log"
}
# seen NAME PYTHON-EXPRESSION: an event e for which it holds, soon.
seen() { until_true 10 some "$1" "$2" || { cat "$tmp/$1.log"; fail "$1: never saw $2"; }; }
some() {
	grep '^{' "$tmp/$1.log" | /usr/bin/python3 -c '
import json, sys
sys.exit(not any(eval(f"({sys.argv[1]})") for e in map(json.loads, sys.stdin)))' "$2"
}
# ends STATUS: of the monitor $watch, by itself or by a signal that was sent.
ends() {
	local got=0

	until_true 20 not_running "$watch"
	wait "$watch" || got=$?
	equal "$got" "$1" "exit status of monitor"
}
not_running() { ! kill -0 "$1" 2>/dev/null || [ "$(cut -d' ' -f3 "/proc/$1/stat")" = Z ]; }

in_server nat64-bpf load vpn0 --pool 192.168.240.0/29
in_client ping -q -c 1 -W 2 "$web6"		# before: not told

say "a binding, a refusal by its reason, a drop with its tuple"
watch json vpn0 -j
client_addr fd00::3
in_client ping -q -c 1 -W 2 -I fd00::3 "$web6"
seen json "e['event'] == 'made' and e['addr6'] == 'fd00::3' and e['addr4'].startswith('192.168.240.')"
! some json "e.get('addr6') == 'fd00::2'" || fail "an event from before the monitor began"
python3 - "$tmp/json.log" <<'EOF2'
import datetime, json, sys
e = next(json.loads(line) for line in open(sys.argv[1]) if line.startswith("{"))
age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(e["time"].replace("Z", "+00:00"))
assert datetime.timedelta(0) <= age < datetime.timedelta(seconds=60), (e["time"], age)
EOF2
in_client python3 - <<'EOF2'
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("fd00::3", 4001))
s.sendto(b"x" * 100, ("64:ff9b::10.0.0.1", 4002))
EOF2
seen json "e['event'] == 'dropped' and e['reason'] == 'private-destination' and e['packet'] == {
	'source': 'fd00::3', 'destination': '64:ff9b::a00:1', 'protocol': 17, 'length': 148, 'sport': 4001, 'dport': 4002}"
# an IPv4 packet for an address that nobody holds, from the server itself
in_server python3 - <<'EOF2'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for last in range(2, 7):
    s.sendto(b"", (f"192.168.240.{last}", 53))
EOF2
seen json "e['event'] == 'dropped' and e['reason'] == 'no-binding' and e['packet']['protocol'] == 17 and
	e['packet']['source'] == '192.168.240.1' and e['packet']['destination'].startswith('192.168.240.')"
for i in 4 5 6 7 8 9; do
	client_addr "fd00::$i"
	in_client ping -q -c 1 -W 1 -I "fd00::$i" "$web6" || true
done
seen json "e['event'] == 'refused' and e['reason'] == 'pool-full' and e['packet']['protocol'] == 58"

say "another one at the same time is refused; both ways of asking"
status 6 in_server nat64-bpf monitor vpn0
grep -q "^error: vpn0: already monitored" "$tmp/err"
status 6 in_server nat64-bpf monitor -j

say "every line fits the schema"
/usr/bin/python3 - "$here/../../docs/schema/event.json" "$tmp/json.log" <<'EOF2'
import json, sys
from jsonschema import Draft202012Validator
check = Draft202012Validator(json.load(open(sys.argv[1])))
lines = [json.loads(line) for line in open(sys.argv[2]) if line.startswith("{")]
assert {e["event"] for e in lines} >= {"made", "dropped", "refused"}, lines
for e in lines:
    check.validate(e)
EOF2
kill -TERM "$watch"
ends 0

if ! emulated; then		# whose clock has not run long enough
	say "leases: taken by another client after min-lease, forgotten after max-lease, released by request"
	in_server nat64-bpf map flush vpn0
	for i in 2 3 4 5 6; do
		printf '192.168.240.%d\tfd00::a%d\t%d\n' "$i" "$i" $(($(date +%s) - 500))
	done > "$tmp/old.map"
	in_server nat64-bpf map import vpn0 "$tmp/old.map"
	in_server nat64-bpf load vpn0 --min-lease 2m --max-lease 1h -q
	watch leases vpn0 -j
	in_client ping -q -c 1 -W 2 -I fd00::2 "$web6"
	seen leases "e['event'] == 'reclaimed' and e['addr6'].startswith('fd00::a') and 500 <= e['idle_s'] < 700"
	in_server nat64-bpf load vpn0 --max-lease 2m -q
	start_run vpn0
	seen leases "e['event'] == 'expired' and e['addr6'].startswith('fd00::a') and 500 <= e['idle_s'] < 700"
	in_server nat64-bpf map del vpn0 fd00::2
	seen leases "e['event'] == 'released' and e['addr6'] == 'fd00::2' and e['idle_s'] < 200"
	equal "$(in_server nat64-bpf map list vpn0 -j | json "d['bindings']")" "[]" "bindings that are left"
	kill "$watch" "$run"
	ends 0
	wait "$run"
	/usr/bin/python3 - "$here/../../docs/schema/event.json" "$tmp/leases.log" <<-'EOF2'
		import json, sys
		from jsonschema import Draft202012Validator
		check = Draft202012Validator(json.load(open(sys.argv[1])))
		for line in open(sys.argv[2]):
		    if line.startswith("{"):
		        check.validate(json.loads(line))
	EOF2
fi

say "text; beside run, which needs no events; ends by Ctrl-C"
start_run vpn0
watch text
in_server nat64-bpf map flush vpn0
in_client ping -q -c 1 -W 2 -I fd00::2 "$web6"
until_true 10 grep -qE 'Z vpn0 made +192\.168\.240\.[2-6] fd00::2$' "$tmp/text.log"
in_client ping -q -c 1 -W 1 -I fd00::2 64:ff9b::10.0.0.1 || true
until_true 10 grep -qE 'Z vpn0 dropped +private-destination: fd00::2 > 64:ff9b::a00:1, icmp, 104 bytes$' "$tmp/text.log"
kill -INT "$watch"
ends 0
kill -TERM "$run"
wait "$run"

say "a reader that goes away ends it at once, one that does not read can be waited for, and it still hears signals"
# shellcheck disable=SC2016,SC2216 # an inner shell, and a reader that does not read
in_server bash -c 'nat64-bpf monitor -q; echo "$?" > "$0/piped"' "$tmp" | sleep 1
equal "$(cat "$tmp/piped")" 0 "exit status when the reader goes away"
mkfifo "$tmp/fifo"
# shellcheck disable=SC2217
sleep 60 < "$tmp/fifo" &		# opens it, and does not read
started+=($!)
nsenter --net="/run/netns/$server" --mount="/proc/$holder/ns/mnt" nat64-bpf monitor vpn0 -j \
	> "$tmp/fifo" 2> "$tmp/slow.log" &
watch=$!
started+=("$watch")
until_true 10 grep -q "events follow" "$tmp/slow.log"
# 64 KiB of the pipe and 256 KiB of the ring: drops are sampled at 100 a second, so bindings fill them
flood() {
	in_client python3 - "$1" <<-'EOF2'
		import socket, struct, sys
		s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
		s.bind(("vpn0", 0x86dd))
		head = bytes.fromhex("6000000000080040") + b"\x11"
		for i in range(int(sys.argv[1])):
		    src = socket.inet_pton(socket.AF_INET6, "fd00::1:0:0")[:12] + struct.pack("!I", i + 1)
		    ip = struct.pack("!IHBB", 6 << 28, 8, 17, 64) + src + socket.inet_pton(socket.AF_INET6, "64:ff9b::192.88.99.5")
		    s.sendto(ip + struct.pack("!HHHH", 1, 2, 8, 1), ("vpn0", 0x86dd))
	EOF2
}
in_server nat64-bpf load vpn0 --pool 10.64.0.0/16 --replace -q
until_true 10 in_server nat64-bpf status vpn0 -q
sleep 2.5				# it follows the maps that were made anew
flood 8000
until_true 20 in_server sh -c "nat64-bpf stats vpn0 | grep -E 'events-lost +[1-9]' > /dev/null"
kill -TERM "$watch"
ends 0

say "what was lost is told, and what is told and what was lost are all"
rm "$tmp/fifo"
mkfifo "$tmp/fifo"
in_server nat64-bpf map flush vpn0
(exec 3< "$tmp/fifo"; until_true 60 test -e "$tmp/read-now"; cat <&3 > "$tmp/late.log") &
started+=($!)
nsenter --net="/run/netns/$server" --mount="/proc/$holder/ns/mnt" nat64-bpf monitor vpn0 -j \
	> "$tmp/fifo" 2> "$tmp/slow.log" &
watch=$!
started+=("$watch")
until_true 10 grep -q "events follow" "$tmp/slow.log"
flood 8000
sleep 1
touch "$tmp/read-now"
seen late "e['event'] == 'lost'"
sleep 1
kill -TERM "$watch"
ends 0
python3 - "$tmp/late.log" <<'EOF2'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
made = sum(e["event"] == "made" for e in events)
lost = sum(e.get("count", 0) for e in events)
print(f"{made} made, {lost} lost")
assert lost > 0 and 7900 <= made + lost <= 8100, (made, lost)
EOF2

say "maps made anew and an instance that comes later are followed; when nothing is loaded any more it ends"
watch all -j
in_server nat64-bpf load vpn0 --pool 10.65.0.0/16 --replace -q
sleep 2.5
flood 1
seen all "e['event'] == 'made' and e['addr4'].startswith('10.65.')"
in_server ip link add vpn1 type veth peer name peer1
in_server ip addr add fd01::1/64 dev vpn1 nodad
in_server ip link set vpn1 up
in_server nat64-bpf load vpn1 --pool 10.66.0.0/16 -q
until_true 10 grep -q "vpn1: events follow" "$tmp/all.log"
in_server nat64-bpf unload vpn0
until_true 10 grep -q "vpn0: was unloaded" "$tmp/all.log"
in_server nat64-bpf unload vpn1
ends 0
