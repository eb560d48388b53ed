# SPDX-License-Identifier: GPL-2.0-only
"""Frames that are not plain IPv6 for this host: frames.sh."""
import json
import os
import socket
import struct
import sys

import raw
from ends import CLIENT, WAIT, WEB, WEB4, WEB6, Frames, counters, enter, equal, fail, say, server, stat

SPACE = os.environ["ENDS_SPACE"]
C_TAG, S_TAG = 0x8100, 0x88a8  # IEEE 802.1Q: customer and service tag
GROUPS = {"multicast": "33:33:00:00:00:01", "broadcast": "ff:ff:ff:ff:ff:ff", "another station": "02:00:00:00:0e:0e"}


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def tags(*kinds):
    """The bytes of tags (type, number), the outer one first, and of the type behind them."""
    return b"".join(struct.pack("!HH", kind, 5 << 13 | number) for kind, number in kinds) + b"\x86\xdd"


class Bench:
    def __init__(self):
        enter(SPACE)
        self.server = raw.Link("vpn0").mac
        enter(CLIENT)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.bind(("vpn0", 0))
        self.client = self.sock.getsockname()[4]
        self.back = Frames(CLIENT, "vpn0")
        self.web = Frames(WEB, "eth0")
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # so that no ICMP error comes back
        self.listener.bind((WEB4, 5000))
        self.number = 0

    def packet(self, source="fd00::2", target=WEB6, hlim=64):
        self.number += 1
        self.payload = b"number %d" % self.number
        return raw.ip6(source, target, 17, raw.udp(source, target, 4000, 5000, self.payload), hlim=hlim)

    def send(self, packet, to=None, head=b"\x86\xdd"):
        self.sock.send((to or self.server) + self.client + head + packet)

    def is_ours(self, frame):
        """On the WAN, in any form."""
        return self.payload in frame

    def leaves(self, wait=WAIT):
        """What left on the WAN of the last packet, from the IP header on; None: nothing."""
        frame = self.web.read(wait, self.is_ours)
        return frame and frame[14:]


def translated(bench, what):
    """The last packet as it must have left: masqueraded, so the port may be another one."""
    got = bench.leaves(10 * WAIT)
    if not got:
        fail(what, "did not leave")
    sport = struct.unpack_from("!H", got, 20)[0]
    want = raw.ip4("192.88.99.1", WEB4, 17, raw.udp("192.88.99.1", WEB4, sport, 5000, bench.payload), ttl=63,
                   ident=struct.unpack_from("!H", got, 4)[0])
    equal(got, want, what)


def priority(bench):
    for what, head in {
        "no tag": tags(),
        "802.1Q, VLAN 0": tags((C_TAG, 0)),
        "802.1ad, VLAN 0": tags((S_TAG, 0)),
        "802.1Q in 802.1ad, both VLAN 0": tags((S_TAG, 0), (C_TAG, 0)),
        "8 tags of VLAN 0": tags(*[(C_TAG, 0)] * 8),
    }.items():
        before = counters()["in64"]["packets"]
        bench.send(bench.packet(), head=head)
        translated(bench, what)
        equal(counters()["in64"]["packets"] - before, 1, what, "in64")
        say(what + ": translated")


def nothing(bench, what):
    """The last packet left in no form, and no error came back."""
    left = bench.leaves()
    if left:
        fail(what, "left as", left.hex())
    error = bench.back.read(WAIT, lambda frame: frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] < 128)
    if error:
        fail(what, "got an error", error.hex())


def bindings():
    return json.loads(server("nat64-bpf", "map", "list", "-j", "vpn0"))["bindings"]


def state():
    """What a packet that is not ours leaves alone; without ages."""
    return counters(), stat("icmp-errors"), [(b["addr4"], b["addr6"]) for b in bindings()]


def not_ours(bench, what, **how):
    """From a new client to a good target and to one that is refused: neither has any effect."""
    before = state()
    for target in WEB6, "64:ff9b::10.9.9.9":
        bench.send(bench.packet("fd00::77", target), **how)
        nothing(bench, what)
    equal(state(), before, what, "counters and bindings")
    say(what + ": no effect")


def vlans(bench):
    for name, head in {"vpn0.5": tags((C_TAG, 5)), "vpn0.6": tags((S_TAG, 6)),
                       "vpn0.5 in a priority tag": tags((C_TAG, 0), (C_TAG, 5))}.items():
        enter(SPACE)
        above = raw.Link(name.split()[0])
        before = state()
        bench.send(bench.packet("fd00::77"), head=head)
        got = above.receive(10 * WAIT, bench.is_ours, 1)
        equal([p.hex() for p in got], [raw.ip6("fd00::77", WEB6, 17, raw.udp(
            "fd00::77", WEB6, 4000, 5000, bench.payload)).hex()], "packet on", name)
        above.sock.close()
        equal(state(), before, name, "counters and bindings")
        say(name + ": as it was sent")


def main():
    bench = Bench()
    priority(bench)
    if len(sys.argv) > 1:
        vlans(bench)
    not_ours(bench, "a VLAN without an interface", head=tags((C_TAG, 7)))
    not_ours(bench, "9 tags of VLAN 0", head=tags(*[(C_TAG, 0)] * 9))
    for what, to in GROUPS.items():
        not_ours(bench, what, to=mac(to))
        not_ours(bench, what + ", priority tag", to=mac(to), head=tags((S_TAG, 0)))
    bench.send(bench.packet("fd00::77"))
    translated(bench, "the same client, to this host")
    equal(len([b for b in bindings() if b["addr6"] == "fd00::77"]), 1, "its binding")


main()
