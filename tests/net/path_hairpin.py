# SPDX-License-Identifier: GPL-2.0-only
"""Two clients of one translator talk to each other: path-hairpin.sh."""
import errno
import socket
import sys

from ends import (CLIENT, PMTUDISC_DONT, PMTUDISC_PROBE, SLOW, Wire, drops, enter, equal, icmp_error, is_error6,
                  only_drops, pattern, receive, say, sock, sum6_right)

PREFIX = sys.argv[2]
A, B = "fd00::2", "fd00::3"
A_SEEN, B_SEEN = PREFIX + "192.168.240.2", PREFIX + "192.168.240.3"


def same(got, want, what):
    equal(socket.inet_pton(socket.AF_INET6, got), socket.inet_pton(socket.AF_INET6, want), what)


def datagrams():
    b = sock(CLIENT, bind=(B, 7000), df=PMTUDISC_DONT)
    a = sock(CLIENT, bind=(A, 0), connect=(B_SEEN, 7000), df=PMTUDISC_DONT)
    for size in (1, 100, 1200, 4000):
        a.send(pattern(size, 1))
        b.settimeout(2 * SLOW)
        data, peer = b.recvfrom(65536)
        equal(data, pattern(size, 1), "datagram of", size, "to B")
        same(peer[0], A_SEEN, "sender as B sees it")
        b.sendto(pattern(size, 2), peer)
        equal(receive(a), pattern(size, 2), "datagram of", size, "to A")


def stream():
    listener = sock(CLIENT, socket.SOCK_STREAM, bind=(B, 7001), errors=False)
    listener.listen()
    a = sock(CLIENT, socket.SOCK_STREAM, bind=(A, 0), connect=(B_SEEN, 7001), errors=False)
    listener.settimeout(5 * SLOW)
    b, peer = listener.accept()
    same(peer[0], A_SEEN, "peer as B sees it")
    for here, there, seed in (a, b, 3), (b, a, 4):
        here.settimeout(5 * SLOW)
        there.settimeout(5 * SLOW)
        data, got = pattern(100000, seed), b""
        for at in range(0, len(data), 20000):
            here.sendall(data[at:at + 20000])
            while len(got) < at + 20000:
                got += there.recv(65536)
        equal(got == data, True, "stream")
    a.close()
    b.recv(1)
    b.close()


def ping():
    enter(CLIENT)
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
    s.settimeout(2 * SLOW)
    s.bind((A, 0))
    s.connect((B_SEEN, 0))
    s.send(b"\x80\0\0\0\x12\x34\0\x01" + pattern(500, 5))
    reply = s.recv(2000)
    equal(reply[0:2] + reply[4:], b"\x81\0\x12\x34\0\x01" + pattern(500, 5), "echo reply")
    s.close()


def closed_port():
    """B's own Port Unreachable comes back to A from B's address as A knows it."""
    a = sock(CLIENT, bind=(A, 0), connect=(B_SEEN, 7002))
    a.send(b"anybody there?")
    number, type_, code, _, offender = icmp_error(a, 2 * SLOW)
    equal((number, type_, code), (errno.ECONNREFUSED, 1, 4), "error about a closed port")
    same(offender, B_SEEN, "source of the error")
    t = sock(CLIENT, socket.SOCK_STREAM, bind=(A, 0), errors=False)
    t.settimeout(3 * SLOW)
    try:
        t.connect((B_SEEN, 7002))
    except OSError as error:
        equal(error.errno, errno.ECONNREFUSED, "connection to a closed port")
    else:
        equal("connected", "refused", "closed port")


def too_big(vpn_mtu):
    """A datagram that fits the VPN as IPv6 but not the pool route: Packet Too Big from the gateway."""
    a = sock(CLIENT, bind=(A, 0), connect=(B_SEEN, 7000), df=PMTUDISC_PROBE)
    a.send(pattern(vpn_mtu - 48, 6))
    number, type_, code, mtu, offender = icmp_error(a, 2 * SLOW)
    equal((number, type_, code, mtu), (errno.EMSGSIZE, 2, 0, vpn_mtu - 8), "error about what is too big")
    same(offender, "fd00::1", "source of the error")


def allowed():
    before = drops()
    wire = Wire(CLIENT, "vpn0")
    datagrams()
    stream()
    ping()
    closed_port()
    too_big(int(sys.argv[3]))
    for packet, _, _ in wire.read(0.1, is_error6, 1000):
        equal(sum6_right(packet), True, "checksum of an error")
    after = drops()
    # The kernel answers what goes out where it came in with Redirects; they have no translation.
    after.pop("icmp-type", 0)
    before.pop("icmp-type", 0)
    equal(after, before, "drops")
    say(PREFIX, "UDP, TCP, echo, closed ports, Packet Too Big between two clients")


def denied():
    with only_drops(pool_destination=1):
        a = sock(CLIENT, bind=(A, 0), connect=(B_SEEN, 7000))
        a.send(b"let me in")
        equal(icmp_error(a, 2 * SLOW)[:3], (errno.EACCES, 1, 1), "error")
    say(PREFIX, "another client is barred: 1/1")


if __name__ == "__main__":
    allowed() if sys.argv[1] == "allowed" else denied()
