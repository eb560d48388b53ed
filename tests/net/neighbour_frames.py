# SPDX-License-Identifier: GPL-2.0-only
"""Frames to clients behind Ethernet, compared whole: neighbour-frames.sh."""
import os
import shlex
import socket
import subprocess
import time

import raw
from ends import CLIENT, SLOW, WEB, WEB4, WEB6, Frames, enter, equal, fail, ip, say, server

SPACE = os.environ["ENDS_SPACE"]
SERVER = shlex.split(os.environ["ENDS_SERVER"])
PORT = 6500
FRESH = 100  # ticks, LINK_FRESH_TICKS
MARGIN = 0.3 * SLOW  # seconds for what we and the machine do besides
A, B = "fd00::2", "fd00::3"


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def nat64(*words):
    server("nat64-bpf", "-q", *words)


def neighbour(client6, address):
    """What the server's neighbour layer says of a client from now on."""
    ip("-n", SPACE, "neigh", "replace", client6, "lladdr", address.hex(":"), "nud", "permanent", "dev", "vpn0")


def address_of(space, name):
    enter(space)
    link = raw.Link(name)
    link.sock.close()
    return link.mac


def jiffies():
    with open("/proc/timer_list") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("jiffies:"))


def fresh_seconds():
    """How long an address counts."""
    before, start = jiffies(), time.monotonic()
    time.sleep(0.5)
    return FRESH / ((jiffies() - before) / (time.monotonic() - start))


def from_web(frame):
    return frame[22:38] == raw.addr(WEB6)


class Flow:
    """Datagrams down to a client that has sent one up."""

    def __init__(self, wire, client6):
        self.wire, self.client6, self.count = wire, client6, 0
        self.source, wan = address_of(SPACE, "vpn0"), address_of(SPACE, "wan0")
        # a change of the client's address makes it forget; it might not hear the answer if it asked
        ip("-n", CLIENT, "neigh", "replace", "fd00::1", "lladdr", self.source.hex(":"), "nud", "permanent", "dev", "vpn0")
        enter(WEB)
        self.web = raw.Link("eth0", "ip", wan)
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.server.bind((WEB4, PORT))
        self.server.settimeout(5)
        enter(CLIENT)
        self.client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.client.bind((client6, 0))
        self.client.setblocking(False)
        self.port = self.client.getsockname()[1]
        self.client.sendto(b"up", (WEB6, PORT))
        self.to = self.server.recvfrom(100)[1]

    def close(self):
        for s in self.web.sock, self.server, self.client:
            s.close()

    def frame(self, to, client6, n):
        """Datagram number n as it must be on the wire. The web sends it with TTL 64, and the server forwards it."""
        udp = raw.udp(WEB6, client6, PORT, self.port, b"number %d" % n)
        return to + self.source + b"\x86\xdd" + raw.ip6(WEB6, client6, 17, udp, hlim=63)

    def down(self, wait=1.0 * SLOW):
        """Sends one; who it came for: MAC address and IPv6 address. All else of the frame must be as it is to be."""
        self.count += 1
        udp = raw.udp(WEB4, self.to[0], PORT, self.to[1], b"number %d" % self.count)
        self.web.send(raw.ip4(WEB4, self.to[0], 17, udp, frag=0x4000))
        frame = self.wire.read(wait, from_web)
        if not frame:
            fail("datagram", self.count, "did not arrive")
        client6 = socket.inet_ntop(socket.AF_INET6, frame[38:54])
        equal(frame, self.frame(frame[:6], client6, self.count), "frame")
        return frame[:6], client6

    def until(self, to, change, seconds):
        """Datagrams down from before `change()` until the first frame addressed to `to`, in time, and some more.
        Yields the milliseconds that took, and how many went to the old address after the change."""
        old, late = self.down()[0], 0
        change()
        done = time.monotonic()
        while (got := self.down()[0]) != to:
            equal(got, old, "address between")
            late += 1
            if time.monotonic() - done > seconds:
                fail("after %.2f s frames still go to the old address" % seconds)
            time.sleep(0.002)
        took = time.monotonic() - done
        for _ in range(20):
            equal(self.down(), (to, self.client6), "address after the change")
        return int(took * 1000), late


def first_and_later(wire, fresh):
    """The neighbour layer says X, then, while X is fresh, Y: a frame to X is not from there."""
    x, y = mac("02:00:00:00:0a:01"), mac("02:00:00:00:0a:02")
    flow = Flow(wire, A)
    for _ in range(5):
        neighbour(A, x)
        time.sleep(fresh + MARGIN)
        equal(flow.down(), (x, A), "the first reply")
        for _ in range(10):
            equal(flow.down(), (x, A), "the next reply")
        ms, late = flow.until(y, lambda: neighbour(A, y), fresh + MARGIN)
        say("the neighbour layer changes: %d frames more to the old address, a new one after %d ms" % (late, ms))
        if late:
            break
        x, y = y, x
    else:
        fail("all frames have the address of the neighbour layer at once: none is addressed from the slot")
    flow.close()


def address_changes(wire, fresh):
    """The client's own: it gets what is sent afterwards."""
    old, new = address_of(CLIENT, "vpn0"), mac("02:00:00:00:0b:0b")
    neighbour(A, old)
    time.sleep(fresh + MARGIN)
    flow = Flow(wire, A)

    def change():
        ip("-n", CLIENT, "link", "set", "vpn0", "address", new.hex(":"))
        neighbour(A, new)

    equal(flow.down(), (old, A), "before")
    ms, late = flow.until(new, change, fresh + MARGIN)
    say("the client's address changes: %d frames more to the old one, a new one after %d ms" % (late, ms))
    last = b""
    while last != b"number %d" % flow.count:
        try:
            last = flow.client.recv(100)
        except BlockingIOError:
            fail("the client has got", last, "but not", flow.count)
    flow.close()


def hands(wire):
    """One pool address goes to and fro; the frames to its owner are addressed to its owner."""
    owner = {A: mac("02:00:00:00:0c:0a"), B: mac("02:00:00:00:0c:0b")}
    for client6, address in owner.items():
        neighbour(client6, address)
    count = 0
    for i in range(12):
        client6 = (A, B)[i % 2]
        nat64("map", "del", "vpn0", "192.168.240.77")
        nat64("map", "del", "vpn0", client6)
        nat64("map", "add", "vpn0", "192.168.240.77", client6)
        flow = Flow(wire, client6)
        for _ in range(20):
            equal(flow.down(), (owner[client6], client6), "frame to the address's owner")
            count += 1
        flow.close()
    nat64("map", "del", "vpn0", "192.168.240.77")
    say("the pool address changed hands 11 times: %d frames, all to its owner" % count)


def renumbered(wire, fresh):
    """mapping = linear, and another network of `clients`: client 2 is another one."""
    owner = {A: mac("02:00:00:00:0d:01"), "fd00:1::2": mac("02:00:00:00:0d:02")}
    for client6, address in owner.items():
        neighbour(client6, address)
    nat64("load", "vpn0", "--replace", "--mapping", "linear", "--clients", "fd00::/116", "--own6", "fd00::1")
    flow = Flow(wire, A)
    for i in range(4):
        net = ("fd00:1::", "fd00::")[i % 2]
        load = subprocess.Popen([*SERVER, "nat64-bpf", "-q", "load", "vpn0", "--mapping", "linear", "--clients",
                                 net + "/116", "--own6", net + "1"], stdout=subprocess.DEVNULL)
        wrong, frames, end = 0, 0, None
        while not end or time.monotonic() < end:
            to, client6 = flow.down()
            wrong += to != owner[client6]
            frames += client6 == net + "2"
            if load.poll() is not None:
                end = end or time.monotonic() + fresh
            time.sleep(0.004)
        equal(load.returncode, 0, "load")
        say("clients = %s/116: %d frames to number 2, %d of them to the one before" % (net, frames, wrong))
        # a few may pass between the new settings and what load asks for next, if something else runs meanwhile
        if not frames or wrong > 5:
            fail("frames to another client")
    flow.close()


def main():
    nat64("load", "vpn0")
    fresh = fresh_seconds()
    say("an address counts for %d ms" % (fresh * 1000))
    wire = Frames(CLIENT, "vpn0")
    first_and_later(wire, fresh)
    address_changes(wire, fresh)
    hands(wire)
    renumbered(wire, fresh)


main()
