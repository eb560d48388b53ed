# SPDX-License-Identifier: GPL-2.0-only
"""Both ends of a translated path in one process: sockets in any namespace, what the kernel told a socket,
captures that see a packet as it would be on a wire, and the server's drop counters before and after.

The test exports (ends.inc): ENDS_CLIENT, ENDS_WEB: namespaces; ENDS_SERVER: a command prefix."""
import contextlib
import ctypes
import errno
import json
import os
import shlex
import socket
import struct
import subprocess
import sys
import time

import raw

CLIENT, WEB = os.environ["ENDS_CLIENT"], os.environ["ENDS_WEB"]
WEB4, WEB6 = "192.88.99.5", "64:ff9b::192.88.99.5"
SLOW = 8 if os.path.exists("/.inside") else 1  # a guest under emulation
WAIT = 0.3 * SLOW  # seconds for a packet to cross two idle hops, generously

IP_MTU_DISCOVER, IP_RECVERR, IPV6_MTU_DISCOVER, IPV6_RECVERR, IPV6_DONTFRAG = 10, 11, 23, 25, 62
PMTUDISC_DONT, PMTUDISC_WANT, PMTUDISC_DO, PMTUDISC_PROBE = range(4)
PACKET_VNET_HDR = 15
NEEDS_CSUM = 1  # of virtio_net_hdr.flags


def say(*words):
    print("--", *words, flush=True)


def fail(*words):
    print("not as it should be:", *words, flush=True)
    sys.exit(1)


def equal(got, want, *what):
    if got != want:
        fail(*what, ": got %.300r, want %.300r" % (got, want))


def enter(space):
    """This process makes its sockets in that namespace from now on."""
    with open("/run/netns/" + space) as ns:
        if ctypes.CDLL(None, use_errno=True).setns(ns.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), space)


def sock(space, kind=socket.SOCK_DGRAM, bind=None, connect=None, df=None, errors=True):
    """A socket for the addresses given; `df`: a PMTUDISC value; `errors`: the queue of ICMP errors is kept."""
    enter(space)
    host = (bind or connect)[0]
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    s.settimeout(WAIT)
    s.setsockopt(socket.SOL_SOCKET, raw.SO_RCVBUFFORCE, 8 << 20)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if s.family == socket.AF_INET6:
        level, discover, recverr = socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_RECVERR
    else:
        level, discover, recverr = socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_RECVERR
    if df is not None:
        s.setsockopt(level, discover, df)
        if s.family == socket.AF_INET6 and df == PMTUDISC_PROBE:
            s.setsockopt(level, IPV6_DONTFRAG, 1)
    if errors:
        s.setsockopt(level, recverr, 1)
    if bind:
        s.bind(bind)
    if connect:
        s.connect(connect)
    return s


def icmp_error(s, seconds=0.0):
    """(errno, type, code, info, offender) of the next ICMP error in the socket's queue, or None."""
    end = time.monotonic() + seconds
    while True:
        s.setblocking(False)  # with a timeout Python waits for data before it looks
        try:
            _, control, _, _ = s.recvmsg(1, 512, socket.MSG_ERRQUEUE)
        except BlockingIOError:
            if time.monotonic() >= end:
                return None
            time.sleep(0.002)
            continue
        finally:
            s.settimeout(WAIT)
        for level, kind, data in control:
            if (level, kind) not in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)):
                continue
            number, origin, type_, code, _, info, _ = struct.unpack_from("=IBBBBII", data)
            if origin == 1:  # local: this host's own refusal
                return number, None, None, info, None
            six = origin == 3
            where = data[16 + 8:16 + 24] if six else data[16 + 4:16 + 8]
            return number, type_, code, info, socket.inet_ntop(socket.AF_INET6 if six else socket.AF_INET, where)


def receive(s, seconds=None):
    """A datagram, or None when there is none in time. Errors of the socket are for icmp_error()."""
    end = time.monotonic() + (WAIT if seconds is None else seconds)
    while True:
        s.settimeout(max(end - time.monotonic(), 0.001))
        try:
            return s.recv(65536)
        except socket.timeout:
            return None
        except OSError as error:
            if error.errno not in (errno.EMSGSIZE, errno.EACCES, errno.EHOSTUNREACH, errno.EPROTO):
                raise


def pattern(size, seed):
    """`size` bytes that no other seed gives, whatever is cut, repeated or swapped."""
    words = ((seed * 2654435761 + i * 40503) & 0xffffffff for i in range((size + 3) // 4))
    return b"".join(struct.pack("!I", w) for w in words)[:size]


def server(*command):
    done = subprocess.run(shlex.split(os.environ["ENDS_SERVER"]) + list(command), capture_output=True, text=True)
    if done.returncode:
        fail(command, "exit status", done.returncode, done.stdout, done.stderr)
    return done.stdout


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def counters():
    return json.loads(server("nat64-bpf", "status", "-j", "vpn0"))["instances"][0]["counters"]


def drops():
    return counters()["drops"]


def stat(word):
    """A counter of `stats`."""
    return json.loads(server("nat64-bpf", "stats", "-j", "vpn0"))["instances"][0]["counters"][word]["packets"]


@contextlib.contextmanager
def only_drops(**reasons):
    """What happens within increments these counters by these numbers, and no other drop counter."""
    before = drops()
    yield
    after = drops()
    got = {k: after.get(k, 0) - before.get(k, 0) for k in after if after.get(k, 0) != before.get(k, 0)}
    equal(got, {k.replace("_", "-"): v for k, v in reasons.items() if v}, "drops")


class Wire:
    """A capture of a whole interface's arrivals that also shows what the sender's kernel left open: the
    checksum (`open`: offset from the IP header, and of its field) and GSO. For TUN and Ethernet."""

    def __init__(self, space, name, proto="ip6"):
        enter(space)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(raw.ETH_P[proto]))
        self.sock.setsockopt(socket.SOL_PACKET if hasattr(socket, "SOL_PACKET") else 263, PACKET_VNET_HDR, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, raw.SO_RCVBUFFORCE, 8 << 20)
        self.sock.bind((name, raw.ETH_P[proto]))
        self.link = 14 if len(self.sock.getsockname()[4]) == 6 else 0

    def read(self, seconds, wanted=lambda packet: True, count=1):
        """[(packet as on the wire, was open, GSO type)]; at most `count` that are `wanted`."""
        got, end = [], time.monotonic() + seconds
        while len(got) < count:
            left = end - time.monotonic()
            if left <= 0:
                break
            self.sock.settimeout(left)
            try:
                data, where = self.sock.recvfrom(70000)
            except socket.timeout:
                break
            if where[2] == socket.PACKET_OUTGOING:
                continue
            flags, gso, _, _, start, field = struct.unpack_from("=BBHHHH", data)
            packet = data[10 + self.link:]
            if flags & NEEDS_CSUM:
                start -= self.link
                check = 0xffff - raw.ones(packet[start:])
                packet = packet[:start + field] + struct.pack("!H", check) + packet[start + field + 2:]
            if wanted(packet):
                got.append((packet, bool(flags & NEEDS_CSUM), gso))
        return got


class Frames:
    """What reaches an interface, with the Ethernet header, whoever it is addressed to."""

    def __init__(self, space, name, proto="all"):
        enter(space)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(raw.ETH_P[proto]))
        self.sock.setsockopt(socket.SOL_SOCKET, raw.SO_RCVBUFFORCE, 32 << 20)
        self.sock.bind((name, raw.ETH_P[proto]))

    def read(self, seconds, wanted):
        """The next frame that is `wanted`, or None."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                frame, where = self.sock.recvfrom(2048)
            except TimeoutError:
                return None
            if where[2] != socket.PACKET_OUTGOING and wanted(frame):
                return frame
        return None


def is_error6(packet):
    return packet[6] == 58 and packet[40] < 128


def sum6_right(packet):
    """Is the transport checksum of an IPv6 packet without extension headers right?"""
    return raw.ones(packet[8:40] + struct.pack("!II", len(packet) - 40, packet[6]) + packet[40:]) == 0xffff
