#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pools of /30 to /12] --veth-- web [192.88.99.5]
#
# Pools of every size: a /30 has one address for clients, a /12 a million; how long load, list and save take.
# Not in guests: what it looks at is the same on every kernel.
LIMIT=170
. "${0%/*}/lib.sh"
topology tun
map() { in_server nat64-bpf map "$@"; }
ms() {	# WHAT LIMIT COMMAND...: it may take LIMIT milliseconds of CPU, and ten times that by the clock: others work here too
	local what=$1 limit=$2 TIMEFORMAT='%R %U %S' took cpu

	shift 2
	{ time "$@" > "$tmp/out" 2> "$tmp/err"; } 2> "$tmp/time" || { cat "$tmp/err"; fail "$what"; }
	read -r took cpu < <(awk '{ printf "%d %d\n", $1 * 1000, ($2 + $3) * 1000 }' "$tmp/time")
	say "$what: $took ms, of them $cpu ms CPU"
	emulated || [ "$cpu" -le "$limit" ] || fail "$what took $cpu ms of CPU, more than $limit"
	emulated || [ "$took" -le $((limit * 10)) ] || fail "$what took $took ms, more than $((limit * 10))"
}

say "/30: one client, no more"
in_server nat64-bpf load vpn0 --pool 10.99.0.0/30
client_addr fd00::3
in_client ping -c 1 -W 2 -I fd00::2 "$web6"
equal "$(map list vpn0 -j | json "[b['addr4'] for b in d['bindings']]")" "['10.99.0.2']" "binding in a /30"
status 1 in_client ping -c 1 -W 1 -I fd00::3 "$web6"
in_server nat64-bpf unload vpn0
rm "$tmp/state/vpn0.map"

say "/12: a million"
ms "load of a /12" 1000 in_server nat64-bpf load vpn0 --pool 10.0.0.0/12
in_client ping -c 1 -W 2 "$web6"
equal "$(in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['pool']['size']")" 1048573 "size of a /12"
ms "second load of a /12" 1000 in_server nat64-bpf load vpn0
ms "map add in a /12" 1000 map add vpn0 10.15.0.1 fd00::f:1
say "memory of the maps of a /12, KiB: $(in_server bpftool -j map show | json "sum(m.get('bytes_memlock', 0) for m in d if m.get('name', '').startswith('nat64')) // 1024")"

say "65,536 bindings"
# in the part of the pool where the client of above is not: its address is by the hash of a random seed
part=1
! map list vpn0 -j | json "[b['addr4'] for b in d['bindings']]" | grep "'10\.1\." > /dev/null || part=2
python3 - "$tmp/many" $part <<'END'
import sys, time
now = int(time.time())
with open(sys.argv[1], "w") as f:
    for i in range(65536):
        f.write(f"10.{sys.argv[2]}.{i // 256}.{i % 256}\tfd00::1:{i:x}\t{now}\n")
END
ms "import of 65,536" 5000 map import vpn0 "$tmp/many"
ms "map list -j of 65,536" 300 map list vpn0 -j
equal "$(json "len([b for b in d['bindings'] if b['addr4'].startswith('10.$part.')])" < "$tmp/out")" 65536 "bindings"
ms "unload, which saves 65,536" 2000 in_server nat64-bpf unload vpn0
ms "load, which restores 65,536" 2000 in_server nat64-bpf load vpn0 --pool 10.0.0.0/12
map flush vpn0
equal "$(map list vpn0 | sed 1d | wc -l)" 1 "after flush"
