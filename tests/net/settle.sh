#!/bin/bash
#   client [fd00::2 and more] --veth-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# What the loader owes the programs (the end of include/nat64.h): counts of client networks whether there is a quota
# or not, counted anew for another quota-length, also of restored bindings; the addresses that linear mapping leaves
# to nobody; the lease of the fast path, also while it is off.
. "${0%/*}/lib.sh"
topology veth
# dump MAP PYTHON-EXPRESSION: of `d`, the entries of the map.
dump() { in_server bpftool -j map dump pinned "/sys/fs/bpf/nat64-bpf/vpn0/nat64_$1" | json "$2"; }
quotas() { dump quota "sorted(e['formatted']['value'] for e in d)"; }
states() { dump slots "[d[i]['formatted']['value']['state'] for i in ($1)]"; }
alloc() { dump alloc "d[0]['formatted']['value']['$1']"; }
config() { dump config "d[0]['formatted']['value']['$1']"; }
# from CLIENT...: each has an answer. refused CLIENT...: each has none.
from() { for one in "$@"; do in_client ping -q -c 1 -W 2 -I "$one" "$web6" > /dev/null || fail "$one has no answer"; done; }
refused() { for one in "$@"; do ! in_client ping -q -c 1 -W 1 -I "$one" "$web6" > /dev/null || fail "$one has one"; done; }
for one in fd00::3 fd00::4 fd00::5 fd00::7 fd00::9 fd00::b fd00:1::2 fd00:1::3; do
	client_addr "$one"
done
ip -n "$server" route add fd00:1::/64 dev vpn0
both="--clients fd00::/64 --clients fd00:1::/64"

say "two networks are counted while there is no quota"
# shellcheck disable=SC2086 # words
in_server nat64-bpf load vpn0 $both
from fd00::2 fd00::3 fd00:1::2
equal "$(quotas)" "[1, 2]" "bindings of networks"
equal "$(alloc used)" 3 "used"
say "a quota in place counts what was there before"
# shellcheck disable=SC2086
in_server nat64-bpf load vpn0 $both --quota 2
from fd00::2 fd00::3 fd00:1::2 fd00:1::3
refused fd00::4
equal "$(quotas)" "[2, 2]" "bindings of networks"
say "another quota-length counts anew, there and back"
# shellcheck disable=SC2086
in_server nat64-bpf load vpn0 $both --quota 2 --quota-length 128
equal "$(quotas)" "[1, 1, 1, 1]" "bindings of networks"
from fd00::4
# shellcheck disable=SC2086
in_server nat64-bpf load vpn0 $both --quota 2 --quota-length 32
equal "$(quotas)" "[2, 3]" "bindings of networks"
say "map del, map add, a restored binding: each is counted"
in_server nat64-bpf map del vpn0 fd00::4
equal "$(quotas)" "[2, 2]" "bindings of networks after map del"
in_server nat64-bpf map add vpn0 192.168.240.9 fd00::9
in_server nat64-bpf map add vpn0 --replace 192.168.240.11 fd00::2
equal "$(quotas)" "[1, 2]" "bindings of networks: a static map is none"
equal "$(alloc used)" 5 "used"
in_server nat64-bpf unload vpn0
# shellcheck disable=SC2086
in_server nat64-bpf load vpn0 $both --quota 2 --quota-length 32
equal "$(quotas)" "[1, 2]" "bindings of networks, restored"
equal "$(alloc used)" 5 "used, restored"
equal "$(config capacity)" 4093 "addresses for clients"
from fd00::2 fd00::3 fd00:1::2 fd00:1::3

say "the lease of the fast path is there, also while it is off"
equal "$(config fast_lease)" 86400000000000 fast_lease
in_server nat64-bpf load vpn0 --fastpath off
equal "$(config fast_lease)" 86400000000000 fast_lease
in_server nat64-bpf unload vpn0
rm "$tmp/state/vpn0.map"

say "linear: own6, and clients with a static map to another address, leave theirs to nobody"
in_server nat64-bpf load vpn0 --mapping linear --clients fd00::/116 --own6 fd00::5 --static '192.168.240.9 fd00::7'
equal "$(states "0, 1, 2, 5, 7, 9, 4095")" "[4, 4, 0, 4, 4, 3, 4]" "states of slots"
equal "$(config capacity)" 4091 "addresses for clients"
from fd00::2 fd00::7
refused fd00::9
say "so does map add; map del gives it back"
in_server nat64-bpf map add vpn0 192.168.240.11 fd00::4
equal "$(states "4, 11")" "[4, 3]" "states of slots after map add"
from fd00::4
refused fd00::b
in_server nat64-bpf map add vpn0 192.168.240.4 fd00::b
equal "$(states "4, 11")" "[3, 3]" "the reserved address is another client's"
from fd00::4 fd00::b
in_server nat64-bpf map del vpn0 fd00::b
equal "$(states "4, 11")" "[4, 3]" "and is reserved again"
in_server nat64-bpf map del vpn0 fd00::4
equal "$(states "4, 11")" "[0, 0]" "states of slots after map del"
equal "$(config capacity)" 4091 "addresses for clients"
from fd00::4 fd00::b
say "and a change of the settings in place"
in_server nat64-bpf load vpn0 --mapping linear --clients fd00::/116 --own4 192.168.240.3 --own6 fd00::1 --static '192.168.240.2 fd00::9'
equal "$(states "1, 2, 3, 5, 7, 9")" "[4, 3, 4, 0, 0, 4]" "states of slots after a change of own6, own4 and static"
from fd00::9 fd00::7 fd00::4
