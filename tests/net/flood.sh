#!/bin/bash
#   client [fd00::2 ... and whom it pretends to be] --veth-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web
#
# An attacker with 100,000 addresses at 50,000 packets a second: who has a binding loses nothing, and a new client gets
# an address as soon as somebody's lease is over. With a quota the attacker's network does not even fill the pool.
# R-6888-08: an address is not given to another before min-lease, 120 s at least.
. "${0%/*}/lib.sh"
topology veth
sources=100000 packets=300000 rate=50000
if emulated; then
	sources=5000 packets=15000 rate=1000
fi
ask() { in_client python3 "$here/flood.py" "$@"; }
flood() {
	in_client flood vpn0 "$(in_server cat /sys/class/net/vpn0/address)" fd00::1:0:0 "$web6" $sources "$1" $rate
}
client_addr fd00::3 fd00::4 fd00::5 fd00::6 fd00::7
start answer in_web python3 "$here/flood.py" answer
ready answer
# A pool of /20 has 4,093 addresses: the attacker takes those that nobody has, and is refused then.
in_server nat64-bpf load vpn0 --min-lease 2m

say "five clients talk while the attacker sends"
start talk ask talk $((packets / rate + 3)) fd00::2 fd00::3 fd00::4 fd00::5 fd00::6
talk=$!
ready talk
flood $packets
wait "$talk"
read -r asked lost <<< "$(tail -1 "$tmp/talk.log")"
say "$asked questions, $lost without an answer"
[ "$asked" -ge 1000 ] || emulated || fail "too few questions"
equal "$lost" 0 "questions without an answer"
in_server nat64-bpf status vpn0 -j > "$tmp/status"
equal "$(json "d['instances'][0]['pool']['used']" < "$tmp/status")" 4093 "addresses in use"
refused=$(json "d['instances'][0]['counters']['drops']['pool-full']" < "$tmp/status")
# each source that got no address is refused each time it comes
equal "$refused" $((packets - 4088 * (packets / sources))) "packets refused"

say "a new client: refused, and there within a second once a lease is over"
equal "$(ask come fd00::7 1)" never "a new client while the pool is full"
if ! emulated; then
	in_server nat64-bpf map flush vpn0
	# the whole pool, by clients that left 117 s ago: three seconds until their leases end
	python3 - $(($(date +%s) - 117)) <<-'EOF2' > "$tmp/old.map"
		import sys
		n = 0
		for third in range(240, 256):
		    for fourth in range(256):
		        if (third, fourth) not in ((240, 0), (240, 1), (255, 255)):
		            n += 1
		            print("192.168.%d.%d\tfd00::2:%x\t%s" % (third, fourth, n, sys.argv[1]))
	EOF2
	in_server nat64-bpf map import vpn0 "$tmp/old.map"
	equal "$(ask come fd00::7 1)" never "a new client before the leases end"
	sleep 1.5		# now less than a second before
	took=$(ask come fd00::7 10)
	say "mapped after $took ms"
	if [ "$took" = never ] || [ "$took" -gt 2000 ]; then fail "a free lease was not given within a second: $took ms"; fi
fi

say "quota: the attacker's network gets no more than that"
in_server nat64-bpf map flush vpn0
in_server nat64-bpf load vpn0 --quota 8 --quota-length 96
flood $((sources / 10))
equal "$(in_server nat64-bpf status vpn0 -j | json "d['instances'][0]['pool']['used']")" 8 "addresses in use"
! in_server nat64-bpf status vpn0 -j | json "d['instances'][0]['counters']['drops']['quota']" | grep -x 0
