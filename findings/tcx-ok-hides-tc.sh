#!/bin/bash
# A TCX program that returns TC_ACT_OK hides all of tc's filters, and the tools of Debian 12 do not show it.
#
# Software  bpftool 7.1.0 (7.1.0+6.1.192-3) and tc of iproute2 6.1.0 (6.1.0-3) of Debian 12; Linux 6.12.117 (backport)
#           and 6.18.44. TCX came with Linux 6.6.
# Source    linux/bpf.h: enum tcx_action_base, BPF_TCX_INGRESS; tc-bpf(8), TC_ACT_OK
# Expected  TC_ACT_OK, 0, ends the pipeline of the qdisc that the program belongs to, as tc-bpf(8) says; a program that
#           is attached by TCX, without a qdisc, does not touch the filters of clsact. And what is attached is listed
#           by `tc filter show` or `bpftool net`.
# Seen      TCX runs before clsact, and its 0 ends the whole chain: no TCX program behind it and no filter of tc
#           sees the packet. TC_ACT_UNSPEC, -1, goes on. tc and `bpftool net` list the filters as if they
#           worked, and no TCX program; `bpftool link` has a line without device or hook, `type 11`. A
#           translator whose counters stay 0 though all its filters are listed may stand behind such a program.
# Output
#	no TCX program: tc's filter saw 5 of 5
#	TCX returns -1: tc's filter saw 5 of 5, the next TCX program 5 of 5
#	TCX returns 0: tc's filter saw 0 of 5, the next TCX program 0 of 5
#	TCX returns 0 behind one that returns -1: tc's filter saw 0 of 5, the next TCX program 0 of 5
#	filters that tc lists: 1
#	programs that bpftool net lists: 1
#	bpftool link: type 11, device not named
# Exit status: 0 as described, 1 changed, 2 cannot be run here.
set -euo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
packages="iproute2=6.1.0-3 libbpf1=1:1.1.2-0+deb12u1 libelf1 libbsd0 libmd0 libmnl0 libxtables12
	bpftool=7.1.0+6.1.192-3 libelf1 libcap2 zlib1g"
programs="tc bpftool"

# Outside: unpacks the packages into a temporary folder, wraps their programs, and goes on in namespaces of its own.
if [ "${1-}" != inside ]; then
	[ "$(id -u)" = 0 ] || { echo "cannot run: needs root, for its namespaces" >&2; exit 2; }
	self=$(realpath "$0")
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	cd "$work"
	# shellcheck disable=SC2086 # a list
	apt-get -qq -o APT::Sandbox::User=root download $packages || exit 2
	for deb in *.deb; do dpkg-deb -x "$deb" root; done
	mkdir bin
	for program in $programs; do
		path=$(find "$work/root" -type f -path "*bin/$program" | head -n 1)
		libraries=$(find "$work/root" -type d -path '*lib/*-linux-gnu' | paste -sd :)
		printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$libraries" "$path" > "bin/$program"
		chmod 755 "bin/$program"
	done
	status=0
	timeout -k 5 60 unshare -m -n "$self" inside "$work" || status=$?
	exit "$status"
fi

work=$2
cd "$work"
PATH=$work/bin:$PATH
changed=0

# Compares what is seen with what this finding describes.
see() { # WHAT DESCRIBED SEEN
	echo "$1: $3"
	if [ "$2" != "$3" ]; then
		echo "changed: $1: described is $2" >&2
		changed=1
	fi
}

mount -t bpf bpf /sys/fs/bpf
ip link add gw0 type veth peer name peer0
ip link set gw0 up
ip link set peer0 up
ip addr add 192.0.2.1/24 dev peer0
ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev peer0

# Programs of a few instructions, loaded and attached by bpf(2): no loader has a say.
cat > programs.py <<'PY'
import ctypes, json, os, socket, struct, subprocess, sys

MAP_CREATE, MAP_LOOKUP, PROG_LOAD, OBJ_PIN, LINK_CREATE = 0, 1, 5, 6, 28
SCHED_CLS, TCX_INGRESS = 3, 46
libc = ctypes.CDLL(None, use_errno=True)

def bpf(command, layout, *values):
    fields = [ctypes.addressof(v) if isinstance(v, ctypes.Array) else v for v in values]
    attributes = ctypes.create_string_buffer(struct.pack(layout, *fields), 128)
    fd = libc.syscall(321 if os.uname().machine == "x86_64" else 280, command, attributes, 128)
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return fd

def step(code, target=0, source=0, offset=0, value=0):
    return struct.pack("<BBhi", code, target | source << 4, offset, value)

def load(name, code):
    text, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    return bpf(PROG_LOAD, "=IIQQIIQII16s", SCHED_CLS, len(code) // 8, text, licence, 0, 0, 0, 0, 0, name)

def returns(name, value):
    return load(name, step(0xb7, 0, value=value) + step(0x95))

class Counter:
    """A program that adds 1 to a map's only value and returns -1."""
    def __init__(self, name):
        self.map = bpf(MAP_CREATE, "=IIII", 2, 4, 8, 1)
        self.program = load(name, step(0x62, 10, offset=-4) + step(0xbf, 2, 10) + step(0x07, 2, value=-4)
            + step(0x18, 1, 1, value=self.map) + step(0) + step(0x85, value=1) + step(0x15, 0, offset=2)
            + step(0xb7, 1, value=1) + step(0xdb, 0, 1) + step(0xb7, 0, value=-1) + step(0x95))
        self.before = 0

    def grown(self):
        key, value = ctypes.create_string_buffer(4), ctypes.create_string_buffer(8)
        bpf(MAP_LOOKUP, "=IIQQQ", self.map, 0, key, value, 0)
        total, before = struct.unpack("=Q", value.raw)[0], self.before
        self.before = total
        return total - before

def attached(program):
    return bpf(LINK_CREATE, "=IIII", program, socket.if_nametoindex("gw0"), TCX_INGRESS, 0)

def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout

filter_of_tc, behind = Counter(b"filter_of_tc"), Counter(b"behind")
bpf(OBJ_PIN, "=QII", ctypes.create_string_buffer(b"/sys/fs/bpf/filter"), filter_of_tc.program, 0)
said("tc", "qdisc", "add", "dev", "gw0", "clsact")
said("tc", "filter", "add", "dev", "gw0", "ingress", "bpf", "da", "object-pinned", "/sys/fs/bpf/filter")
on, ok = returns(b"goes_on", -1), returns(b"says_ok", 0)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

def five(*programs):
    try:
        links = [attached(program) for program in programs]
    except OSError as error:
        sys.exit("cannot run: TCX needs Linux 6.6: " + error.strerror)
    for _ in range(5):
        sender.sendto(b"x", ("192.0.2.2", 9))
    text = "tc's filter saw %d of 5" % filter_of_tc.grown()
    if links:
        text += ", the next TCX program %d of 5" % behind.grown()
    return text, links

bpf(OBJ_PIN, "=QII", ctypes.create_string_buffer(b"/sys/fs/bpf/ok"), ok, 0)
for programs in (), (on, behind.program), (ok, behind.program), (on, ok, behind.program):
    text, links = five(*programs)
    print(text)
    if ok in programs:
        number = json.loads(said("bpftool", "-j", "prog", "show", "pinned", "/sys/fs/bpf/ok"))["id"]
        listed = [link for link in json.loads(said("bpftool", "-j", "link")) if link["prog_id"] == number]
        filters = said("tc", "filter", "show", "dev", "gw0", "ingress").count("direct-action")
        of_net = said("bpftool", "net", "show", "dev", "gw0").count("gw0")
    for link in links:
        os.close(link)
print(filters)
print(of_net)
print(*("type %s, device %s" % (link["type"], link.get("devname", "not named")) for link in listed))
PY
python3 programs.py > seen || exit 2
mapfile -t seen < seen
see "no TCX program" "tc's filter saw 5 of 5" "${seen[0]}"
see "TCX returns -1" "tc's filter saw 5 of 5, the next TCX program 5 of 5" "${seen[1]}"
see "TCX returns 0" "tc's filter saw 0 of 5, the next TCX program 0 of 5" "${seen[2]}"
see "TCX returns 0 behind one that returns -1" "tc's filter saw 0 of 5, the next TCX program 0 of 5" "${seen[3]}"
see "filters that tc lists" 1 "${seen[4]}"
see "programs that bpftool net lists" 1 "${seen[5]}"
see "bpftool link" "type 11, device not named" "${seen[6]}"
exit "$changed"
