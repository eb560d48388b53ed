#!/bin/bash
# The nftables table does to packets what docs/design.md, decisions 11, 12, 16 and 18 say. IPv4 only: pool
# addresses on the client stand for what the translator would send.
#
#   client [192.168.240.2, .3] --vpn0-- server [192.168.240.1; 192.88.99.1] --wan0-- web [192.88.99.5, knows the pool]
# kinds: own shared
# R-6146-4-01: an address is held for at least as long as any conntrack entry of its flows lives.
LIMIT=${LIMIT:-175}
. "${0%/*}/lib.sh"
topology veth
[ "$kind" = own ] || export NFT_SHARED=1
PATH=$tools/../net-lib:$PATH
pool=192.168.240.0/20
table() { in_server nft-table apply vpn0 $pool "$@"; }
count_of() { in_server nft-table counts | awk -v name="$1" '$1 == name { print $2 }'; }
client_asks() { in_client python3 "$here/nft-table.py" ask "$@"; }
web_asks() { in_web python3 "$here/nft-table.py" ask "$@"; }

in_server sysctl -qw net.ipv4.ip_forward=1
ip -n "$server" addr add 192.168.240.1/32 dev vpn0
ip -n "$server" route add $pool dev vpn0 src 192.168.240.1
ip -n "$client" addr add 192.168.240.2/32 dev vpn0
ip -n "$client" addr add 192.168.240.3/32 dev vpn0
ip -n "$client" route add 192.168.240.1 dev vpn0 src 192.168.240.2
ip -n "$client" route add default via 192.168.240.1 dev vpn0 src 192.168.240.2
ip -n "$web" route add $pool via 192.88.99.1
for at in client:192.168.240.2 server:0.0.0.0 web:192.88.99.5; do
	start "serve-${at%:*}" "in_${at%:*}" python3 "$here/nft-table.py" serve "${at#*:}" 5000
	ready "serve-${at%:*}"
done

say "NAT44"
table
equal "$(client_asks 192.88.99.5 5000 udp)" 192.88.99.1 "masqueraded source, UDP"
equal "$(client_asks 192.88.99.5 5000 tcp 192.168.240.3)" 192.88.99.1 "masqueraded source, TCP"
ip -n "$server" addr add 192.88.99.7/24 dev wan0
ip -n "$server" addr add 192.88.99.8/24 dev wan0
table snat 192.88.99.7 192.88.99.7
equal "$(client_asks 192.88.99.5 5000 tcp)" 192.88.99.7 "one source address"
table snat 192.88.99.7 192.88.99.8
first=$(client_asks 192.88.99.5 5000 tcp)
case $first in 192.88.99.[78]) ;; *) fail "a source of the range: $first" ;; esac
for _ in 1 2 3; do equal "$(client_asks 192.88.99.5 5000 tcp)" "$first" "a client keeps its address"; done
table none
equal "$(client_asks 192.88.99.5 5000 udp)" 192.168.240.2 "untouched source"
in_server nft-table forget $pool > "$tmp/forgotten"
[ "$(cat "$tmp/forgotten")" -ge 1 ] || fail "conntrack entries to delete"
equal "$(in_server nft-table forget $pool)" 0 "conntrack entries left"

say "unsolicited from outside"
table
before=$(count_of guarded)
equal "$(web_asks 192.168.240.2 5000 udp)" timeout "UDP to a client"
equal "$(web_asks 192.168.240.2 5000 tcp)" timeout "TCP to a client"
status 1 in_web ping -c 1 -W 1 192.168.240.2
[ "$(count_of guarded)" -ge $((before + 3)) ] || fail "they are counted: $before, $(count_of guarded)"
table no-guard
equal "$(web_asks 192.168.240.2 5000 tcp)" 192.88.99.5 "TCP to a client without the guard"
table

say "ICMP errors about a client's flow come through"
equal "$(client_asks 192.88.99.5 5999 udp)" ECONNREFUSED "closed port"

say "nothing leaves un-NATed"
leaks() {	# SECONDS: does a packet with a pool source reach web in that time?
	start first in_web python3 "$here/nft-table.py" first eth0 192.168.24 "$1"
	ready first
	in_client python3 "$here/nft-table.py" invalid 192.88.99.5
	wait "${started[-1]}"
	sed -n 2p "$tmp/first.log"
}
before=$(count_of leaked)
leaks 4 > "$tmp/leaks"
equal "$(cat "$tmp/leaks")" no "a leak"
dropped() { [ "$(count_of leaked)" -gt "$before" ]; }
until_true 10 dropped
table none
leaks 30 > "$tmp/leaks"
equal "$(cat "$tmp/leaks")" yes "the same packet without NAT44"
table
before=$(count_of leaked)
in_client ping -c 3 -i 0.2 -W 5 192.88.99.5
equal "$(client_asks 192.88.99.5 5000 tcp)" 192.88.99.1 "TCP"
equal "$(count_of leaked)" "$before" "drops in good traffic"

say "the gateway as target"
before=$(count_of host)
for addr in 192.88.99.1 192.168.240.1 192.88.99.8; do
	equal "$(client_asks $addr 5000 udp)" EHOSTUNREACH "UDP to $addr"
done
status 1 in_client ping -c 1 -W 2 192.88.99.1
grep -q "Packet filtered" "$tmp/out" || fail "ICMP 3/13"
[ "$(count_of host)" -ge $((before + 4)) ] || fail "they are counted: $before, $(count_of host)"
in_server ping -c 1 -W 5 192.168.240.2		# its own questions are answered
table none
equal "$(in_server python3 "$here/nft-table.py" ask 192.168.240.2 5000 tcp)" 192.168.240.1 "the gateway asks a client"
table
in_server nft -f - << 'END'
table ip admin {
	chain p {
		type nat hook prerouting priority dstnat
		iifname vpn0 udp dport 53 redirect to :5000
		ip daddr 192.88.99.8 tcp dport 80 dnat to 192.88.99.5:5000
	}
}
END
equal "$(client_asks 192.88.99.5 53 udp)" 192.168.240.2 "the administrator's redirect"
equal "$(client_asks 192.88.99.8 80 tcp)" EHOSTUNREACH "a port of the gateway that is forwarded elsewhere"
in_server nft delete table ip admin
table host
equal "$(client_asks 192.88.99.1 5000 tcp)" 192.168.240.2 "host = allow"
in_server ping -c 1 -W 5 192.168.240.1		# lo is no way out

say "two clients through the pool route are not unsolicited, nor NATed"
ip -n "$client" addr add 192.168.240.9/32 dev vpn0
table
before=$(count_of guarded)
in_server nft "add table ip seen; add counter ip seen there
	add chain ip seen watch { type filter hook postrouting priority 300; }
	add rule ip seen watch ip saddr 192.168.240.2 ip daddr 192.168.240.9 udp dport 5000 counter name there"
in_client python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
from raw import *
print(ip4("192.168.240.2", "192.168.240.9", 17, udp("192.168.240.2", "192.168.240.9", 4000, 5000, b"x")).hex())
' "$here" | in_client python3 "$here/raw.py" send vpn0 "$(in_server cat /sys/class/net/vpn0/address)"
came() { in_server nft list counter ip seen there | grep "packets 1 " > /dev/null; }
until_true 10 came
equal "$(count_of guarded)" "$before" "hairpin packets dropped"
in_server nft delete table ip seen

# what follows is about the table as `load` makes it anew
[ -z "${NFT_SHARED-}" ] || exit 0

say "conntrack entries do not outlive a binding, also after the table was made anew"
if [ -r /proc/net/nf_conntrack ]; then
	entry() { in_server grep -E "^ipv4 +2 tcp .* ESTABLISHED src=192.168.240.2 .* dport=5000 " /proc/net/nf_conntrack | awk '{ print $5 }'; }
	is_short() {	# 300 s at first: what it has sent is not acknowledged yet
		local left

		left=$(entry)
		[ "$left" -le 7440 ] && [ "$left" -ge 7000 ]
	}
	short() { until_true 10 is_short || fail "timeout of the entry: $(entry) s"; }
	in_server nft-table forget $pool > "$tmp/forgotten"
	mkfifo "$tmp/lines"
	start linger in_client python3 "$here/nft-table.py" linger 192.88.99.5 5000 "$tmp/lines"
	exec 8> "$tmp/lines"
	ready linger
	short
	table
	echo >&8
	until_true 10 grep -q back "$tmp/linger.log"
	short
	exec 8>&-
	table no-timeouts
	in_server nft-table forget $pool > "$tmp/forgotten"
else
	say "no /proc/net/nf_conntrack here"
fi

say "fast path"
why=$(in_server nft-table fault wan0)
if [ -z "$why" ]; then
	table fast vpn0 fast wan0
	for kind in udp tcp; do
		up=$(count_of slow_64) down=$(count_of slow_46)
		equal "$(in_client python3 "$here/nft-table.py" stream 192.88.99.5 5000 $kind 50)" 50 "$kind exchanges"
		up=$(($(count_of slow_64) - up)) down=$(($(count_of slow_46) - down))
		say "$kind: of 50 exchanges $up packets up and $down down took the slow path"
		if [ $up -ge 20 ] || [ $down -ge 20 ]; then fail "the fast path is not taken"; fi
	done
	up=$(count_of slow_64) down=$(count_of slow_46)
	in_client ping -c 4 -i 0.2 -W 5 192.88.99.5
	equal "$(($(count_of slow_64) - up)) $(($(count_of slow_46) - down))" "4 4" "packets counted on the slow path"
	table
else
	say "none: $why"
fi

in_server nft-table present
in_server nft-table delete
equal "$(in_server nft list ruleset)" "" "ruleset"
say fine
