#!/bin/bash
# bpf_redirect_neigh() to a TUN delivers nothing, and no counter of the interface shows it.
#
# Software  Linux 6.1.192, 6.12.117 and 6.18.44; attached by tc of iproute2 6.1.0 (6.1.0-3) of Debian 12
# Source    linux/bpf.h, bpf_redirect() and bpf_redirect_neigh(); a TUN (type tun) is a device without link layer
# Expected  The helper fills in link layer addresses where there are any; on a device without it does what
#           bpf_redirect() does, so one program serves Ethernet, TUN and WireGuard.
# Seen      On veth every datagram arrives, on a TUN none: the helper wants an Ethernet header to replace. The program
#           sees success (7, TC_ACT_REDIRECT), the sender too, and the TUN's counters of sent, failed and dropped
#           packets stand still. bpf_redirect(), or passing the packet on, delivers. So a translator needs a
#           program for either kind of device.
# Output
#	TUN, no program: 5 of 5, TX packets 5, errors 0, dropped 0
#	TUN, bpf_redirect: 5 of 5, TX packets 5, errors 0, dropped 0
#	TUN, bpf_redirect_neigh: 0 of 5, TX packets 0, errors 0, dropped 0
#	send() of the sender in all cases: success
#	veth, bpf_redirect_neigh: 5 of 5
#	what the helper returned on the TUN: 7
# Exit status: 0 as described, 1 changed, 2 cannot be run here.
set -euo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
packages="iproute2=6.1.0-3 libbpf1=1:1.1.2-0+deb12u1 libelf1 libbsd0 libmd0 libmnl0 libxtables12"
programs="tc"

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
sysctl -qw net.ipv6.conf.default.disable_ipv6=1	# its own packets would be counted, too
ip tuntap add tun0 mode tun
ip link set tun0 up
ip addr add 192.0.2.1/24 dev tun0
ip link add gw0 type veth peer name peer0
ip link set gw0 up
ip link set peer0 up
ip addr add 198.51.100.1/24 dev gw0
ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:02 dev gw0
tc qdisc add dev tun0 clsact
tc qdisc add dev gw0 clsact

# The programs redirect each packet to its own device once. The mark, at offset 8 of the context, says that it has
# been there.
cat > programs.py <<'PY'
import ctypes, fcntl, json, os, socket, struct, subprocess, sys, time

MAP_CREATE, MAP_LOOKUP, PROG_LOAD, OBJ_PIN = 0, 1, 5, 6
REDIRECT, REDIRECT_NEIGH = 23, 152
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

returned = bpf(MAP_CREATE, "=IIII", 2, 4, 8, 1)

def redirects(device, helper):
    """A program that passes a marked packet on (-1), marks another one and redirects it; keeps the helper's value."""
    code = step(0xbf, 6, 1) + step(0x61, 1, 6, 8) + step(0x15, 1, offset=2)
    code += step(0xb7, 0, value=-1) + step(0x95)
    code += step(0xb7, 1, value=1) + step(0x63, 6, 1, 8)
    code += step(0xb7, 1, value=socket.if_nametoindex(device)) + step(0xb7, 2)
    if helper == REDIRECT_NEIGH:
        code += step(0xb7, 3) + step(0xb7, 4)
    code += step(0x85, value=helper) + step(0xbf, 7)
    code += step(0x62, 10, offset=-4) + step(0xbf, 2, 10) + step(0x07, 2, value=-4)
    code += step(0x18, 1, 1, value=returned) + step(0) + step(0x85, value=1)
    code += step(0x15, 0, offset=1) + step(0x7b, 0, 7) + step(0xbf, 0, 7) + step(0x95)
    text, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    return bpf(PROG_LOAD, "=IIQQIIQII", 3, len(code) // 8, text, licence, 0, 0, 0, 0, 0)

def attach(device, helper):
    path = "/sys/fs/bpf/%s_%d" % (device, helper)
    bpf(OBJ_PIN, "=QII", ctypes.create_string_buffer(path.encode()), redirects(device, helper), 0)
    subprocess.run(["tc", "filter", "replace", "dev", device, "egress", "prio", "1", "handle", "1", "bpf", "da",
                    "object-pinned", path], check=True)

def helper_value():
    key, value = ctypes.create_string_buffer(4), ctypes.create_string_buffer(8)
    bpf(MAP_LOOKUP, "=IIQQQ", returned, 0, key, value, 0)
    return struct.unpack("=Q", value.raw)[0]

def counters(device):
    link = json.loads(subprocess.run(["ip", "-j", "-s", "link", "show", device], check=True, capture_output=True,
                                     text=True).stdout)[0]["stats64"]["tx"]
    return [link[key] for key in ("packets", "errors", "dropped")]

def ours(packet):
    return packet[:1] == b"\x45" and packet[9] == 17

def arrived(read):
    """Counts UDP datagrams for up to 2 seconds, or until there are five."""
    found, end = 0, time.monotonic() + 2
    while found < 5 and time.monotonic() < end:
        try:
            found += ours(read())
        except BlockingIOError:
            time.sleep(0.02)
    return found

tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"tun0", 0x1001))	# TUNSETIFF: a TUN without extra header
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
wire.bind(("peer0", 0))
wire.setblocking(False)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sends = []

def five(target, read):
    for _ in range(5):
        sends.append(sender.sendto(b"x", (target, 9)) == 1)
    return arrived(read)

def of_tun():
    before = counters("tun0")
    count = five("192.0.2.2", lambda: os.read(tun, 2048))
    return "%d of 5, TX packets %d, errors %d, dropped %d" % (
        count, *(a - b for a, b in zip(counters("tun0"), before)))

print(of_tun())
attach("tun0", REDIRECT)
print(of_tun())
attach("tun0", REDIRECT_NEIGH)
print(of_tun())
print("success" if all(sends) else "failure")
value = helper_value()
attach("gw0", REDIRECT_NEIGH)
print("%d of 5" % five("198.51.100.2", lambda: wire.recv(2048)[14:]))
print(value)
PY
python3 programs.py > seen || exit 2
mapfile -t seen < seen
see "TUN, no program" "5 of 5, TX packets 5, errors 0, dropped 0" "${seen[0]}"
see "TUN, bpf_redirect" "5 of 5, TX packets 5, errors 0, dropped 0" "${seen[1]}"
see "TUN, bpf_redirect_neigh" "0 of 5, TX packets 0, errors 0, dropped 0" "${seen[2]}"
see "send() of the sender in all cases" success "${seen[3]}"
see "veth, bpf_redirect_neigh" "5 of 5" "${seen[4]}"
see "what the helper returned on the TUN" 7 "${seen[5]}"
exit "$changed"
