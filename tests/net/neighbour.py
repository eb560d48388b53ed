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

from ends import CLIENT, WEB, WEB4, WEB6, Frames, enter, equal, fail

PORT = 6400


def read(wire, wait):
    """(destination, number) of the next datagram of ours, or None."""
    frame = wire.read(wait, lambda f: len(f) >= 66 and f[20] == 17 and f[54:56] == struct.pack("!H", PORT))
    return frame and (frame[:6].hex(":"), struct.unpack("!I", frame[62:66])[0])


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
    wire = Frames(CLIENT, "vpn0", "ip6")
    server, client = open_flow(client6)
    seen, numbers = {}, []
    for n in range(int(count)):
        server.send(struct.pack("!I", n))
        if n % 50 == 49:
            time.sleep(0.01)
    while len(numbers) < int(count) and (one := read(wire, float(seconds))):
        seen[one[0]] = seen.get(one[0], 0) + 1
        numbers.append(one[1])
    for dest, times in seen.items():
        print(dest, times)
    print("order" if numbers == sorted(numbers) else "out of order")
    client.close()


def flow(client6, seconds, *command):
    wire = Frames(CLIENT, "vpn0", "ip6")
    server, client = open_flow(client6)
    start, done, log, n = time.monotonic(), None, [], 0
    while time.monotonic() - start < float(seconds):
        server.send(struct.pack("!I", n))
        n += 1
        if not done and time.monotonic() - start > float(seconds) / 3:
            subprocess.run(command, check=True)
            done = time.monotonic()
        while one := read(wire, 0.004):
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
