# SPDX-License-Identifier: GPL-2.0-only
"""Datagrams down to clients behind Ethernet, and the destination address of each frame: neighbour.sh.

    neighbour.py frames CLIENT6 COUNT SECONDS      sends COUNT datagrams from web to the client, which has sent one up
                                                   first; prints the destinations of the frames that came, in order of
                                                   appearance, each with its number, then `order` if none overtook
    neighbour.py flow CLIENT6 SECONDS COMMAND...   datagrams down for SECONDS; after a third of that time COMMAND is
                                                   run; prints the last destination before it, the last of all, and the
                                                   milliseconds from the end of COMMAND to the first frame to the latter
"""
import socket
import struct
import subprocess
import sys
import time

import raw
from ends import CLIENT, WEB, WEB4, WEB6, enter, equal, fail

PORT = 6400


class Frames:
    """What reaches the client's vpn0, with the Ethernet header, whoever it is addressed to."""

    def __init__(self):
        enter(CLIENT)
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(raw.ETH_P["ip6"]))
        self.s.setsockopt(socket.SOL_SOCKET, raw.SO_RCVBUFFORCE, 32 << 20)
        self.s.bind(("vpn0", raw.ETH_P["ip6"]))

    def read(self, wait):
        """(destination, number) of the next datagram of ours, or None."""
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            self.s.settimeout(left)
            try:
                data, where = self.s.recvfrom(2048)
            except TimeoutError:
                return None
            if where[2] != socket.PACKET_OUTGOING and len(data) >= 66 and data[20] == 17 and \
               data[54:56] == struct.pack("!H", PORT):
                return data[:6].hex(":"), struct.unpack("!I", data[62:66])[0]
        return None


def open_flow(client6):
    """The server's socket, connected to where the client's datagram came from."""
    enter(WEB)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((WEB4, PORT))
    server.settimeout(10)
    enter(CLIENT)
    client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    client.bind((client6, 0))
    client.sendto(b"up", (WEB6, PORT))
    server.connect(server.recvfrom(100)[1])
    return server, client


def frames(client6, count, seconds):
    wire = Frames()
    server, client = open_flow(client6)
    seen, numbers = {}, []
    for n in range(int(count)):
        server.send(struct.pack("!I", n))
        if n % 50 == 49:
            time.sleep(0.01)
    while len(numbers) < int(count) and (one := wire.read(float(seconds))):
        seen[one[0]] = seen.get(one[0], 0) + 1
        numbers.append(one[1])
    for dest, times in seen.items():
        print(dest, times)
    print("order" if numbers == sorted(numbers) else "out of order")
    client.close()


def flow(client6, seconds, *command):
    wire = Frames()
    server, client = open_flow(client6)
    start, done, log, n = time.monotonic(), None, [], 0
    while time.monotonic() - start < float(seconds):
        server.send(struct.pack("!I", n))
        n += 1
        if not done and time.monotonic() - start > float(seconds) / 3:
            subprocess.run(command, check=True)
            done = time.monotonic()
        while one := wire.read(0.004):
            log.append((time.monotonic(), one[0]))
    before = [d for t, d in log if t < done]
    if not before or not log:
        fail("no frames before the change")
    last = log[-1][1]
    first = next(t for t, d in log if d == last and (t > done or last == before[-1]))
    stale = [t for t, d in log if t > first and d != last]
    equal(stale, [], "frames to the old address after the first to the new one")
    print(before[-1], last, int((first - done) * 1000))
    client.close()


{"frames": frames, "flow": flow}[sys.argv[1]](*sys.argv[2:])
