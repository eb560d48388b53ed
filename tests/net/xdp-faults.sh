#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf with xdp, refused, cut short, mended] --veth-- web [192.88.99.5]
#
# What XDP cannot have is refused and changes nothing; a load or unload that is killed or fails half-way is mended by
# the next; run brings XDP back, and another's program never takes the instance down.
. "${0%/*}/lib.sh"
. "$here/run.inc"
topology veth
. "$here/refused.inc"
attach() { in_server nat64-bpf status -j vpn0 | json "d['instances'][0]['attach'].get('$1')"; }
xdp_id() { in_server bpftool -j net show dev vpn0 | json "[p['id'] for p in d[0]['xdp']]"; }

say "a driver without native XDP"
ip -n "$server" link add plain0 type bridge
ip -n "$server" addr add fd77::1/64 dev plain0 nodad
ip -n "$server" link set plain0 up
in_server nat64-bpf -q load plain0 > /dev/null		# makes the seed and the state file
in_server nat64-bpf -q unload plain0 > /dev/null
before
refused 1 'no native XDP' load plain0 --xdp native
in_server nat64-bpf -q load plain0 > /dev/null
before
refused 1 'no native XDP' load plain0 --xdp native
in_server nat64-bpf -q status plain0
in_server nat64-bpf -q load plain0 --xdp generic > /dev/null
in_server nat64-bpf -q unload plain0 > /dev/null
ip -n "$server" link del plain0

say "another XDP program is there, with our name and maps of its own"
in_server bpftool prog load "$build/bpf/nat64_xdp.bpf.o" /sys/fs/bpf/other
in_server bpftool net attach xdpdrv pinned /sys/fs/bpf/other dev vpn0
other=$(xdp_id)
before
refused 1 'another XDP program' load vpn0 --xdp native
refused 1 'another XDP program' load vpn0 --xdp generic
unchanged
in_server nat64-bpf load vpn0 --xdp auto
in_client ping -c 1 -W 2 "$web6"
before
refused 1 'another XDP program' load vpn0 --xdp native
unchanged
equal "$(attach xdp)" none "status"
in_server nat64-bpf unload vpn0
equal "$(xdp_id)" "$other" "the other program"
refused_json

say "run: ours gone comes back, and another's is left alone"
in_server bpftool net detach xdpdrv dev vpn0
host_state > "$tmp/without"
echo "[nat64]
xdp = native" > "$tmp/conf/vpn0.conf"
start_run vpn0
until_true 20 in_server nat64-bpf -q status vpn0
equal "$(attach xdp)" native "status"
ours=$(xdp_id)
xdp_is_back() { [ "$(xdp_id)" != "$ours" ] && in_server nat64-bpf -q status vpn0; }
ip -n "$server" link set vpn0 xdp off
until_true 20 xdp_is_back
equal "$(attach xdp)" native "status"
kill -STOP "$run"
ip -n "$server" link set vpn0 xdp off
in_server bpftool net attach xdpdrv pinned /sys/fs/bpf/other dev vpn0
kill -CONT "$run"
sleep 2
equal "$(xdp_id)" "$other" "the other program"
status 7 in_server nat64-bpf status -j vpn0
equal "$(json "d['instances'][0]['state'], d['instances'][0]['attach']['xdp']" < "$tmp/out")" "('degraded', 'none')" "status"
grep -q 'another program took its place' "$tmp/out"
in_client ping -c 1 -W 2 "$web6"
in_server nft flush ruleset
until_true 20 in_server nft list table inet nat64_bpf_vpn0	# the rest is mended all the same
in_client ping -c 1 -W 2 "$web6"
in_server bpftool net detach xdpdrv dev vpn0
until_true 20 in_server nat64-bpf -q status vpn0
equal "$(attach xdp)" native "status"

say "run: the interface gone and back"
ip -n "$server" link del vpn0
ip -n "$client" link add vpn0 type veth peer name vpn0 netns "$server"
ip -n "$client" addr add fd00::2/64 dev vpn0 nodad
ip -n "$server" addr add fd00::1/64 dev vpn0 nodad
ip -n "$client" link set vpn0 up
ip -n "$server" link set vpn0 up
ip -n "$client" route add default via fd00::1 dev vpn0
until_true 20 in_server nat64-bpf -q status vpn0
equal "$(attach xdp)" native "status"
until_true 20 in_client ping -c 1 -W 2 "$web6"
kill "$run"
wait "$run" || true
in_server nat64-bpf -q unload vpn0 > /dev/null
rm "$tmp/conf/vpn0.conf"
in_server rm /sys/fs/bpf/other
[ -z "$(in_server find /sys/fs/bpf -name 'dispatch*' -o -name xdp)" ] || fail "bpffs: $(in_server find /sys/fs/bpf)"
equal "$(find "$tmp/run" -type f ! -name lock)" "" "files in the run folder"

say "killed, or failed, at any point"
. "$here/inject.inc"
loads=16 unloads=10
if emulated; then
	loads=3 unloads=2
fi
host_state > "$tmp/before"
quick > "$tmp/before-quick"
in_server nat64-bpf -q load vpn0 > /dev/null
points 400 load vpn0 --xdp native | grep -E '^(bpf|sendto|sendmsg|mkdir|unlink|rename) ' > "$tmp/all"
in_server nat64-bpf -q load vpn0 --xdp off > /dev/null
awk -v n="$(wc -l < "$tmp/all")" -v want=$loads 'int(NR * want / n) != int((NR - 1) * want / n)' "$tmp/all" > "$tmp/load"
number=0
while read -r call n <&3; do
	for what in signal=SIGKILL error=EPERM; do
		number=$((number + 1))
		inject "$call" "$n" $what load vpn0 --xdp native
		if [ $what = error=EPERM ]; then
			case $got in
			0)	;;
			*)	grep -q '^error: ' "$tmp/err" || { cat "$tmp/err"; fail "$call $n: status $got, no words"; }
				up "$call $n $what" ;;
			esac
		fi
		case $((number % 4)) in
		0 | 1)	in_server nat64-bpf -q load vpn0 --xdp native > /dev/null
			up "$call $n $what, load"
			equal "$(attach xdp)" native "$call $n $what" ;;
		2)	in_server nat64-bpf -q unload vpn0 > /dev/null
			quickly_same "$call $n $what, unload" ;;
		3)	in_server nat64-bpf -q load vpn0 --xdp generic > /dev/null
			up "$call $n $what, generic"
			equal "$(attach xdp)" generic "$call $n $what" ;;
		esac
		in_server nat64-bpf -q load vpn0 --xdp off > /dev/null
		equal "$(attach xdp)" none "$call $n $what, off"
	done
done 3< "$tmp/load"
say "$number loads cut short"
in_server nat64-bpf -q load vpn0 --xdp native > /dev/null
points $unloads unload vpn0 > "$tmp/unload"
while read -r call n <&3; do
	in_server nat64-bpf -q load vpn0 --xdp native > /dev/null
	inject "$call" "$n" signal=SIGKILL unload vpn0
	in_server nat64-bpf -q unload vpn0 > /dev/null
	quickly_same "unload, $call $n"
done 3< "$tmp/unload"
host_state > "$tmp/after"
same_host "$tmp/before" "$tmp/after"
