# SPDX-License-Identifier: GPL-2.0-only
"""Identifications of one flow, and IPv6 fragments in any order: path-identification.sh."""
import random
import struct
import sys

import raw
from ends import (CLIENT, PMTUDISC_DONT, SLOW, WEB, WEB4, WEB6, Wire, enter, equal, fail, only_drops, pattern,
                  receive, say, sock)

PORT = 6100
COUNT = 1000


def identifications(server, client):
    wire = Wire(WEB, "eth0", "ip")
    for n in range(COUNT):
        client.send(struct.pack("!I", n))
        if n % 50 == 49:
            receive(server, 0.001)
    packets = [p for p, _, _ in wire.read(5 * SLOW, lambda p: p[9] == 17, COUNT)]
    equal(len(packets), COUNT, "packets of one flow")
    if any(p[6] & 0x40 for p in packets):
        fail("a small packet has DF set")
    distinct = len({p[4:6] for p in packets})
    say("%d packets of one flow, %d identifications" % (COUNT, distinct))
    if distinct < 990:
        fail("only", distinct, "identifications in", COUNT, "packets")
    while receive(server, 0.05) is not None:
        pass


def fragments(sport, size, seed, piece, ident):
    """A UDP datagram of `size` bytes in IPv6 fragments of `piece` bytes, a multiple of 8."""
    data = raw.udp("fd00::2", WEB6, sport, PORT, pattern(size, seed))
    out = []
    for at in range(0, len(data), piece):
        more = at + piece < len(data)
        header = struct.pack("!BBHI", 17, 0, at | more, ident)
        out.append(raw.ip6("fd00::2", WEB6, 44, header + data[at:at + piece]))
    return out


def raw_fragments(server, link):
    orders = {"in order": lambda f: f, "reversed": lambda f: f[::-1],
              "shuffled": lambda f: random.Random(7).sample(f, len(f))}
    ident = 0x1234
    for words, order in orders.items():
        for size, piece in ((1500, 1232), (4000, 1232), (4000, 512), (9000, 1232)):
            ident += 0x10001
            with only_drops():
                for packet in order(fragments(6200, size, size, piece, ident)):
                    link.send(packet)
                equal(receive(server), pattern(size, size), "datagram of", size, "in pieces of", piece, words)
    say("IPv6 fragments in order, reversed and shuffled: whole at the other end")


def both_ways(server, client):
    """Datagrams above the MTU, cut by the sender's kernel, to and fro."""
    server.setblocking(False)
    for size in (1500, 4000, 20000, 60000):
        with only_drops():
            client.send(pattern(size, size))
            server.settimeout(2 * SLOW)
            data, peer = server.recvfrom(65536)
            equal(data, pattern(size, size), "datagram of", size, "up")
            server.sendto(pattern(size, size + 1), peer)
            equal(receive(client), pattern(size, size + 1), "datagram of", size, "down")
    say("datagrams of up to 60,000 bytes: whole both ways")


def main():
    server = sock(WEB, bind=(WEB4, PORT), df=PMTUDISC_DONT)
    client = sock(CLIENT, bind=("fd00::2", 0), connect=(WEB6, PORT), df=PMTUDISC_DONT)
    enter(CLIENT)
    mac = sys.argv[1] if len(sys.argv) > 1 else ""
    link = raw.Link("vpn0", "ip6", bytes.fromhex(mac.replace(":", "")) or None)
    identifications(server, client)
    raw_fragments(server, link)
    both_ways(server, client)


if __name__ == "__main__":
    main()
