#!/bin/bash
#   client [fd00::2] --veth-- server [nat64-bpf, bad input] --veth-- web [192.88.99.5]
#
# Bad input of every kind: exit status, three parts on stderr, the error as JSON with -j, and a host that is as it
# was. Clashes of pool and prefix: clash.sh. What fails half-way: fail.sh.
# shellcheck disable=SC2016 # hostile names and inner shells are meant as they stand
# Not in guests: what it looks at is the same on every kernel.
. "${0%/*}/lib.sh"
topology veth
. "$here/refused.inc"
in_server nat64-bpf load vpn0		# makes the seed and the state file
in_server nat64-bpf unload vpn0
before

say "the command line"
refused 2 'did you mean: nat64-bpf load' lod vpn0
refused 2 'nat64-bpf help lists' frobnicate
refused 2 'there is no such verb' LOAD vpn0
refused 2 'missing argument NAME' load
refused 2 'missing argument NAME' unload
refused 2 'give a name, or --all' unload vpn0 --all
refused 2 'give a name, or --all' unload --all --dry-run vpn0
refused 2 'too many arguments' load vpn0 vpn1
refused 2 'did you mean: --pool' load vpn0 --pol 10.0.0.0/20
refused 2 'has no such option' load vpn0 --frobnicate
refused 2 'has no such option' load vpn0 -x
refused 2 'unload has no such option, it is one of load and check$' unload vpn0 --pool 10.0.0.0/20
refused 2 'run has no such option, it is one of load and check$' run vpn0 --pool=10.0.0.0/20
refused 2 'it is one of load, unload, map and import-tayga$' status --dry-run
refused 2 'fix: leave it out; nat64-bpf help check lists' check x --dry-run
refused 2 'fix: nat64-bpf help status lists' status --dry-rum
refused 2 'did you mean: --dry-run' load vpn0 --dry-rum
refused 2 'did you mean: --quiet' status --quite
refused 2 'it takes no value' status --json=yes
refused 2 '-q and -v together' -q -v load vpn0
refused 2 '-q and -v together' status -vq
refused 2 '-q and -v together' --verbose unload vpn0 --quiet
refused 2 'it needs a value' load vpn0 --pool
refused 2 'it takes no value' load vpn0 --dry-run=yes
refused 2 'once' load vpn0 --pool 10.0.0.0/20 --pool 10.1.0.0/20
refused 2 'once' load vpn0 --guard on --guard off

say "names of instances"
for name in .vpn -vpn 'a b' 'a/../b;' 'x$(id)' 'a"b' 1234567890123456 '' vpn0:1 'v*n'; do
	refused 2 'name|config file|No such file|no config' load -- "$name"
done

say "values"
while read -r key value; do
	case $key in "" | "#") continue ;; esac
	refused 2 "$key" load vpn0 "--$key=$value"
done <<'VALUES'
interface a b
interface 1234567890123456
clients fd00::2/128
clients 10.0.0.0/8
clients fd00::/129
clients fd00::1/64
clients vpn
prefix 64:ff9b::/97
prefix 64:ff9b::/95
prefix 64:ff9b::1/96
prefix 10.0.0.0/8
prefix fe80::/64
prefix fd00:0:0:0:ff00::/96
# R-2765-01: what RFC 2765 translated with
prefix ::ffff:0:0/96
prefix ::ffff:0:0:0/96
pool 10.0.0.0/8
pool 10.0.0.0/31
pool 10.0.0.1/20
pool 10.0.0.300/20
pool 224.0.0.0/20
pool 240.0.0.0/20
pool ::/96
pool 10.0.0.0
own4 10.1.1.1
own4 192.168.240.0
own4 fd00::1
own6 64:ff9b::1
own6 10.0.0.1
static 192.168.240.5
static fd00::5 192.168.240.5
static 192.168.240.0 fd00::5
static 192.168.240.1 fd00::5
static 192.168.240.5 64:ff9b::5
static 192.168.240.5 ff02::5
static 240.0.0.5 fd00::50
static 169.254.64.64 fd00::50
mapping magic
private perhaps
private 10.0.0.1/8
host perhaps
hairpin perhaps
min-lease 1m
min-lease soon
max-lease 1h
max-lease -1d
quota -1
quota many
quota-length 129
quota-length 0
udp-zero-checksum maybe
icmp-errors many
icmp-errors -1/s
tos-64 256
tos-64 high
tos-46 7
mss-clamp 1
mss-clamp 70000
mtu 100
mtu 70000
nat44 snat
nat44 snat fd00::1
nat44 snat 192.88.99.7-
nat44 snat 192.88.99.7 192.88.99.9
nat44 snat 192.88.99.9-192.88.99.7
nat44 maybe
guard maybe
fastpath on
wan a b
xdp fast
state relative/path
log relative/path
VALUES
refused 2 "give --prefix '2001:db8::/32'" load vpn0 --prefix 2001:db8::/0
refused 2 "give --pool '10.0.0.0/12'" load vpn0 --pool 10.0.0.0/0

say "config files"
conf=$tmp/conf/vpn0.conf bad_files=0
# bad TEXT LINES: the file with these lines is refused with its name and TEXT, by load and by check
bad() {
	if emulated && [ $((++bad_files % 4)) != 1 ]; then return; fi
	printf '%b' "$2" > "$conf"
	refused_usage=0		# not one of those left out
	refused 2 "$1" load vpn0
	grep -q "^error: $conf" "$tmp/words" || { cat "$tmp/words"; fail "$2: does not name the file"; }
	status 2 in_server nat64-bpf check vpn0
	cmp -s "$tmp/words" "$tmp/err" || fail "$2: check says something else"
	rm "$conf"
}
bad 'vpn0\.conf:2: .*(pol|key)' '[nat64]\npol = 10.0.0.0/20\n'
bad 'write `pool`' '[nat64]\npol = 10.0.0.0/20\n'
bad 'vpn0\.conf:2' '[nat64]\nmin_lease = 3h\n'
bad 'vpn0\.conf:2' '[nat64]\npool = 10.0.0.0/33\n'
bad 'vpn0\.conf:3' '[nat64]\npool = 10.0.0.0/20\npool = 10.1.0.0/20\n'
bad 'vpn0\.conf:1' '[jool]\npool = 10.0.0.0/20\n'
bad 'vpn0\.conf:3' '[nat64]\npool = 10.0.0.0/20\n[other]\nguard = on\n'
bad 'vpn0\.conf:1' 'pool = 10.0.0.0/20\n'
bad 'vpn0\.conf:3' '[nat64]\npool = 10.0.0.0/20\n   10.1.0.0/20\n'
bad 'vpn0\.conf:2' '[nat64]\nnonsense\n'
bad 'vpn0\.conf:2' "[nat64]\n# $(head -c 1001 /dev/zero | tr '\0' x)\nguard = on\n"
bad 'vpn0\.conf:4: ' '[nat64]\nmapping = linear\nclients = fd00::/120\nclients = fd01::/120\n'
bad 'vpn0\.conf:3: own4' '[nat64]\nguard = on\nown4 = 10.0.0.1\n'
bad 'vpn0\.conf:3: static' '[nat64]\nstatic = 192.168.240.5 fd00::5\nstatic = 192.168.240.1 fd00::6\n'
printf '[nat64]\nown4 = 192.168.240.9\n' > "$conf"
refused 2 '^error: --pool: own4' load vpn0 --pool 10.0.0.0/20
rm "$conf"
refused 2 'nowhere/vpn\.conf' load "$tmp/nowhere/vpn.conf"
mkdir "$conf"
refused 2 'vpn0\.conf' load vpn0
rmdir "$conf"

say "the interface"
ip -n "$server" link add other0 type veth peer name other1
before
refused 1 'interface absent' load vpn9
manual=$here/../../docs/nat64-bpf.8
status 1 in_server nat64-bpf load tun7
diff -u <(sed -n '/^error: tun7:/,/^fix: /p' "$manual") "$tmp/err" || fail "the manual shows another error"
refused 1 'interface is down' load other0 --wait=0
refused 1 'loopback' load lo
refused 1 'must match exactly one interface' load vpn0 --interface 'tun*'
refused 1 'matches no interface' load vpn0 --interface auto --clients fd77::/64
refused 1 'wan0' load vpn0 --interface '*0'
ip -n "$server" link set other0 up
ip -n "$server" -6 addr flush dev other0
before
refused 1 'clients' load other0 --wait=0
refused 1 'no IPv6 address for the translator' load other0 --clients fd55::/64 --wait=0
ip -n "$server" link set other0 mtu 1279
before
refused 1 'IPv6 needs 1280' load other0 --clients fd55::/64 --own6 fd55::1
refused 1 'too large' load vpn0 --mtu 1481
unchanged
ip -n "$server" link del other0
before

say "privileges, one by one"
for one in bpf net_admin perfmon; do
	with=(setpriv --inh-caps="-$one,-sys_admin" --bounding-set="-$one,-sys_admin")
	refused 4 "lacks CAP_${one^^}$" load vpn0
	refused 4 "lacks CAP_${one^^}$" unload vpn0
done
with=(setpriv --inh-caps=-all --bounding-set=-all)
refused 4 'lacks CAP_NET_ADMIN CAP_BPF CAP_PERFMON$' load vpn0
with=(setpriv --inh-caps=-all --bounding-set=-all)
refused 2 'no such verb' lod vpn0

say "privileges of those who look, one by one, as a user that is not root"
cp "$build/user/nat64-bpf" "$tmp/nat64-bpf"	# he cannot enter the folder of the other
chmod 755 "$tmp" "$tmp/nat64-bpf"
# has CAPABILITIES...: nobody, with these
has() {
	local caps=-all

	[ $# = 0 ] || caps+=$(printf ',+%s' "$@")
	with=(env PATH="$tmp:$PATH" setpriv --reuid=65534 --regid=65534 --clear-groups "--inh-caps=$caps" "--ambient-caps=$caps")
}
for folder in 755 700; do
	has
	chmod "$folder" "$tmp/run"
	in_server nat64-bpf load vpn0
	before
	for verb in status "status vpn0" stats "stats vpn0" monitor "monitor vpn0" "map list vpn0" "map lookup vpn0 fd00::2"; do
		# shellcheck disable=SC2086 # words
		refused 4 '^why: .*lacks CAP_([A-Z]* CAP_)?DAC_OVERRIDE$' $verb
	done
	refused 4 '^why: .*lacks CAP_DAC_OVERRIDE$' map add vpn0 192.168.240.5 fd00::5
	has dac_override bpf
	for verb in status "status vpn0" stats "stats vpn0 --openmetrics"; do
		# shellcheck disable=SC2086 # words
		refused 4 '^why: .*lacks CAP_NET_ADMIN$' $verb
	done
	status 0 in_server "${with[@]}" nat64-bpf map list vpn0
	has dac_override bpf net_admin
	status 0 in_server "${with[@]}" nat64-bpf status vpn0
	status 0 in_server "${with[@]}" nat64-bpf stats
	unchanged
	in_server nat64-bpf unload vpn0
	before
	has
	refused 3 'nat64-bpf load vpn0' stats vpn0
done
chmod 755 "$tmp/run"
printf 'tun-device nat64\nipv4-addr 192.168.255.1\n' > "$tmp/secret.tayga"
chmod 600 "$tmp/secret.tayga"
refused 4 '^why: .*lacks CAP_DAC_READ_SEARCH$' import-tayga "$tmp/secret.tayga"
chmod 700 "$tmp"
with=()

say "the kernel's BTF, the BPF file system"
mkdir "$tmp/empty"
with=(unshare -m sh -c 'mount --bind "$0" /sys/kernel/btf && exec "$@"' "$tmp/empty")
refused 5 'BTF' load vpn0
with=(unshare -m sh -c 'umount /sys/fs/bpf && exec "$@"' sh)
refused 1 'mount -t bpf bpf /sys/fs/bpf$' load vpn0
with=(env "NAT64_BPF_PIN_DIR=$tmp/empty/pins")
refused 1 'not a BPF file system' load vpn0
[ ! -e "$tmp/empty/pins" ] || fail "a folder was made"
with=()

say "folders that are none"
touch "$tmp/file"
with=(env "NAT64_BPF_PIN_DIR=$tmp/file")
for verb in stats status "unload --all"; do
	# shellcheck disable=SC2086 # words
	refused 1 "^fix: both must be directories: ls -ld $tmp/file" $verb
done
with=()

# denied CALL ERROR EXIT TEXT WORDS...: with that system call failing each time
denied() {
	# LSan cannot look into what strace holds
	with=(env ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" strace -qq -o /dev/null -e "inject=$1:error=$2")
	refused "${@:3}"
	with=()
}
if in_server strace -qq -o "$tmp/trace" true 2> "$tmp/strace.log"; then
	say "the kernel or a sandbox says no"
	denied capget EPERM 1 'allow capget' load vpn0
	denied flock ENOLCK 1 'NAT64_BPF_RUN_DIR' load vpn0
	denied capset EPERM 1 'allow capset' run vpn0
	denied signalfd4 EMFILE 1 'ulimit -n 1024' run vpn0
	denied timerfd_create EINVAL 1 'start it again: nat64-bpf run vpn0' run vpn0
	denied recvmsg EOPNOTSUPP 1 'if ip address fails too' load vpn0
	denied recvmsg ENOBUFS 1 'free memory and try again' load vpn0
fi

say "what is not loaded"
refused 3 'nat64-bpf load vpn0' map list vpn0
refused 3 'nat64-bpf load vpn0' try vpn0 --from fd00::2 --to "$web6"
refused 3 'nat64-bpf load vpn0' map add vpn0 192.168.240.5 fd00::5

say "an instance that lacks a part"
in_server nat64-bpf load vpn0
in_server rm /sys/fs/bpf/nat64-bpf/vpn0/nat64_counters
before
refused 1 'nat64-bpf unload vpn0, then load it again' status vpn0
refused 1 'nat64-bpf unload vpn0, then load it again' stats vpn0
unchanged
in_server nat64-bpf unload vpn0		# what it says helps
in_server nat64-bpf load vpn0
in_server nat64-bpf -q status vpn0
in_server nat64-bpf unload vpn0
before

say "-v: the parts"
status 0 in_server nat64-bpf -v load vpn0
grep -q '^vpn0: part: pool route$' "$tmp/err"
status 0 in_server nat64-bpf load vpn0
! grep -q 'step:' "$tmp/err" || fail "too many words without -v"
in_server nat64-bpf unload vpn0

say "settings of the running instance that cannot be read do not keep it up"
in_server nat64-bpf load vpn0
echo x >> "$tmp/run/vpn0.conf"
status 2 in_server nat64-bpf unload vpn0
grep -q "^error: $tmp/run/vpn0.conf:" "$tmp/err"
grep -q "^vpn0: unloaded$" "$tmp/out"
unchanged

say "another nat64-bpf holds the lock"
start lock flock "$tmp/run/lock" sh -c 'echo ready; exec sleep 60'
lock=$!
ready lock
status 6 in_server nat64-bpf load vpn0
[ "$(grep -cE '^(error|why|fix): .' "$tmp/err")" = 3 ] || { cat "$tmp/err"; fail "not three parts"; }
kill "$lock"
wait "$lock" 2> /dev/null || true

say "results that cannot be written"
status 1 in_server sh -c 'nat64-bpf help > /dev/full'
grep -q '^error: standard output' "$tmp/err"
head -n 1 "$here/../conformance/vectors.jsonl" > "$tmp/one.jsonl"
status 0 "$build/tests/run-vectors" "$tmp/one.jsonl"
status 1 sh -c '"$0" "$1" > /dev/full' "$build/tests/run-vectors" "$tmp/one.jsonl"
grep -q '^standard output: No space left' "$tmp/err"
unchanged
refused_json
