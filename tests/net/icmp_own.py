# SPDX-License-Identifier: GPL-2.0-only
"""The translator's own ICMPv6 errors as the client's wire and sockets see them: icmp-own.sh."""
import errno
import os
import socket
import struct
import subprocess
import sys
import time

import raw
from ends import (CLIENT, PMTUDISC_DONT, SLOW, WAIT, WEB, WEB6, Wire, drops, enter, equal, fail, icmp_error,
                  is_error6, only_drops, pattern, say, server, stat, sum6_right, sock)

PRIVATE = "64:ff9b::10.9.9.5"
OWN6 = "fd00::1"
UDP_SEGMENT = 103
RATE_ON = 100  # errors a second and CPU with icmp-errors = on


def right(entry, type_, code, word=0, source="fd00::2"):
    """Is a captured packet this error, with right sums, and an ordinary packet?"""
    packet, _, gso = entry
    equal(packet[8:40], raw.addr(OWN6) + raw.addr(source), "addresses of the error")
    equal((packet[40], packet[41]), (type_, code), "type and code")
    equal(struct.unpack("!I", packet[44:48])[0], word, "second word")
    equal(struct.unpack("!H", packet[4:6])[0], len(packet) - 40, "payload length")
    equal(gso, 0, "GSO type of an error")
    if not sum6_right(packet):
        fail("wrong ICMPv6 checksum:", packet.hex())
    quote = packet[48:]
    whole = 40 + struct.unpack("!H", quote[4:6])[0]
    equal(len(packet), min(48 + whole, 1280), "length of an error about", whole, "bytes")
    if len(quote) == whole and quote[6] in (6, 17) and not sum6_right(quote):
        fail("wrong checksum in the quote:", packet.hex())


def refused(wire, kind, target, type_, code, number, reason, source="fd00::2"):
    """A SYN or a datagram to `target` is answered, and the socket fails with `number` at once. On a veth the
    answer is back before connect() has let go of the socket: then the kernel notes it only (tcp_v6_err()), and
    the repeated SYN after 1 s is refused."""
    before = drops()
    # a datagram socket is told of 1/3 only where it asks for all errors
    s = sock(CLIENT, kind, bind=(source, 0), errors=kind == socket.SOCK_DGRAM)
    s.settimeout(0.9 * SLOW if wire.link == 0 or kind == socket.SOCK_DGRAM else 2 * SLOW)
    started = time.monotonic()
    try:
        s.connect((target, 80))
        s.send(b"x" * 100)
        s.recv(100)
        fail("no error at all")
    except OSError as error:
        equal(error.errno, number, "errno")
    took = time.monotonic() - started
    errors = wire.read(WAIT, is_error6, 3)
    if len(errors) not in ((1, 2) if kind == socket.SOCK_STREAM and (wire.link or SLOW > 1) else (1,)):
        fail(len(errors), "errors")
    for entry in errors:
        right(entry, type_, code, 0, source)
    after = drops()
    equal(after, before | {reason: before.get(reason, 0) + len(errors)}, "drops")
    s.close()
    return took


def checksums_offloaded():
    """Of the client's interface."""
    enter(CLIENT)
    words = subprocess.run(["ethtool", "-k", "vpn0"], capture_output=True, text=True, check=True).stdout
    return "\ntx-checksumming: on" in words


def udp_gso(wire, size, count):
    s = sock(CLIENT, bind=("fd00::2", 0), connect=(PRIVATE, 81), df=PMTUDISC_DONT)
    s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
    before = drops()["private-destination"]
    try:
        s.send(pattern(size * count, size))
    except OSError as error:
        # before 6.11 the sender's kernel takes UDP GSO for an interface with checksum offload only
        if error.errno != errno.EIO or checksums_offloaded():
            raise
        return "refused by the sender's kernel, as the interface has no checksum offload"
    errors = wire.read(WAIT, is_error6, count)
    dropped = drops()["private-destination"] - before
    equal(len(errors), dropped, "errors about UDP GSO")
    for entry in errors:
        right(entry, 1, 1)
    equal(icmp_error(s, WAIT)[:3], (errno.EACCES, 1, 1), "error of the UDP GSO socket")
    return "%d datagrams of %d bytes in %d packets" % (count, size, dropped)


def tcp_gso(wire):
    """An established connection whose target is barred while it runs."""
    server("nat64-bpf", "load", "vpn0", "--private", "10.9.9.0/24")
    listener = sock(WEB, socket.SOCK_STREAM, bind=("10.9.9.5", 82), errors=False)
    listener.listen()
    s = sock(CLIENT, socket.SOCK_STREAM, bind=("fd00::2", 0), connect=(PRIVATE, 82))
    s.settimeout(5 * SLOW)
    peer = listener.accept()[0]
    peer.settimeout(5 * SLOW)
    s.sendall(pattern(100000, 1))  # the congestion window opens
    got = b""
    while len(got) < 100000:
        got += peer.recv(100000)
    equal(got == pattern(100000, 1), True, "data before")
    server("nat64-bpf", "load", "vpn0", "--private", "deny")
    wire.read(0.01, is_error6, 1000)
    before = drops()["private-destination"]
    largest = 0
    try:
        s.sendall(pattern(100000, 2))
        time.sleep(WAIT)
        s.send(b"x")
        fail("the barred connection goes on")
    except OSError as error:
        equal(error.errno, errno.EACCES, "errno of the barred connection")
    errors = wire.read(WAIT, is_error6, 1000)
    dropped = drops()["private-destination"] - before
    if not errors or len(errors) > dropped:
        fail(len(errors), "errors about", dropped, "segments")
    for entry in errors:
        right(entry, 1, 1)
        largest = max(largest, 40 + struct.unpack("!H", entry[0][52:54])[0])
    for end in s, peer:  # gone without a FIN that would be repeated later
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
    wire.read(WAIT, is_error6, 1000)
    return "largest offender %d bytes" % largest


def segments_left(wire, mac):
    """A Routing header that is not used up, the checksum behind it complete or open."""
    word = 40 + 3  # RFC 8200, 4.4: points at Segments Left
    enter(CLIENT)
    send = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    send.setsockopt(263, 15, 1)
    send.bind(("vpn0", 0x86dd))
    own = send.getsockname()[4]
    link = bytes.fromhex(mac) + own + b"\x86\xdd" if mac else b""
    for still_open in (False, True):
        s = sock(CLIENT, bind=("fd00::2", 0), connect=(WEB6, 83))
        data = raw.udp("fd00::2", WEB6, s.getsockname()[1], 83, pattern(200, 3))
        routing = struct.pack("!BBBBI", 17, 2, 0, 1, 0) + raw.addr("fd00::99")
        vnet = bytes(10)
        if still_open:
            pseudo = raw.ones(raw.pseudo("fd00::2", WEB6, 17, len(data)))
            data = data[:6] + struct.pack("!H", pseudo) + data[8:]
            vnet = struct.pack("=BBHHHH", 1, 0, 0, 0, len(link) + 40 + len(routing), 6)
        with only_drops(segments_left=1):
            send.sendto(vnet + link + raw.ip6("fd00::2", WEB6, 43, routing + data), ("vpn0", 0x86dd))
            right(wire.read(WAIT, is_error6)[0], 4, 0, word)
        equal(icmp_error(s, WAIT)[:4], (errno.EPROTO, 4, 0, word), "error of the socket")


def errors(mac):
    wire = Wire(CLIENT, "vpn0")
    for name, kind in ("SYN", socket.SOCK_STREAM), ("datagram", socket.SOCK_DGRAM):
        took = refused(wire, kind, PRIVATE, 1, 1, errno.EACCES, "private-destination")
        say("%s to a private address: 1/1, refused after %.1f ms" % (name, took * 1000))
    say("UDP GSO:", udp_gso(wire, 1200, 40))
    say("UDP GSO:", udp_gso(wire, 100, 4))
    say("TCP GSO:", tcp_gso(wire))
    segments_left(wire, mac.replace(":", ""))
    say("Segments Left: 4/0, checksum complete and open")
    server("nat64-bpf", "load", "vpn0", "--pool", "192.168.240.0/30", "--replace")
    sock(CLIENT, bind=("fd00::2", 0), connect=(WEB6, 84)).send(b"the one address")
    equal([(p[40], p[41]) for p, _, _ in wire.read(WAIT, is_error6, 2)], [(1, 4)], "answer of the closed port")
    for name, kind in ("SYN", socket.SOCK_STREAM), ("datagram", socket.SOCK_DGRAM):
        refused(wire, kind, WEB6, 1, 3, errno.EHOSTUNREACH, "pool-full", "fd00::3")
        say("%s of a client for whom the pool has no address: 1/3" % name)
    server("nat64-bpf", "load", "vpn0", "--pool", "192.168.240.0/20", "--replace")


def flood(count):
    s = sock(CLIENT, bind=("fd00::2", 0), errors=False)
    before = {word: stat(word) for word in ("icmp-errors", "icmp-errors-limited")}
    dropped, started = drops().get("private-destination", 0), time.monotonic()
    for n in range(count):
        try:
            s.sendto(b"flood", (PRIVATE, 85))
        except OSError as error:
            if error.errno not in (errno.ENOBUFS, errno.EACCES):
                raise
        if n % 500 == 499:
            time.sleep(0.005)
    took = time.monotonic() - started
    time.sleep(WAIT)
    dropped = drops().get("private-destination", 0) - dropped
    sent, limited = (stat(word) - before[word] for word in ("icmp-errors", "icmp-errors-limited"))
    if dropped < count * 0.9:
        fail("only", dropped, "of", count, "packets arrived")
    return took, dropped, sent, limited


def limits():
    count = 10000
    for setting, rate in ("on", RATE_ON), ("10/s", 10):
        server("nat64-bpf", "load", "vpn0", "--icmp-errors", setting)
        took, dropped, sent, limited = flood(count)
        say("icmp-errors = %s: %d packets in %.2f s, %d errors, %d not sent" % (setting, dropped, took, sent, limited))
        equal(sent + limited, dropped, "errors sent and not sent")
        # a second's worth is saved; each CPU counts for itself
        if not 0 < sent <= rate * os.cpu_count() * (took + WAIT + 2):
            fail(sent, "errors in", took, "s")
    wire = Wire(CLIENT, "vpn0")
    server("nat64-bpf", "load", "vpn0", "--icmp-errors", "off")
    _, _, sent, limited = flood(200)
    equal((sent, limited, wire.read(WAIT, is_error6)), (0, 0, []), "errors with icmp-errors = off")
    say("icmp-errors = off: none")


if __name__ == "__main__":
    errors(sys.argv[2] if len(sys.argv) > 2 else "") if sys.argv[1] == "errors" else limits()
