# SPDX-License-Identifier: GPL-2.0-only
"""Every size both ways through one pair of MTUs: path-mtu.sh.

    path_mtu.py datagrams VPN_MTU WAN_MTU
    path_mtu.py streams BYTES WORDS...
    path_mtu.py far ADDRESS4 WORDS...	behind a narrow link: streams, and a datagram that may not be fragmented

The client's packet of n bytes is one of n - 20 bytes behind the translator, with DF set above 1260 bytes (RFC
7915, 5.1). The pool route has the MTU VPN_MTU - 28, whose errors tell the IPv4 sender just that."""
import errno
import select
import socket
import struct
import sys

import raw
from ends import (CLIENT, PMTUDISC_DO, PMTUDISC_DONT, PMTUDISC_PROBE, SLOW, WEB, WEB4, WEB6, enter, equal, fail,
                  icmp_error, only_drops, pattern, receive, say, sock)

PORT = 6300


def open_path(df_up, df_down):
    """A datagram each way: sockets, and the client's address as the web side sees it."""
    web = sock(WEB, bind=(WEB4, PORT), df=df_down)
    client = sock(CLIENT, bind=("fd00::2", 0), connect=(WEB6, PORT), df=df_up)
    client.send(b"first")
    web.settimeout(2 * SLOW)
    peer = web.recvfrom(100)[1]
    web.sendto(b"second", peer)
    equal(receive(client), b"second", "first answer")
    return client, web, peer


def whole(sizes):
    """Datagrams that may be fragmented: each arrives, up as a rule and down always at the first attempt."""
    client, web, peer = open_path(PMTUDISC_DONT, PMTUDISC_DONT)
    for size in sizes:
        for attempt in range(2):
            client.send(pattern(size, size))
            data = receive(web)
            if data is not None:
                break
            # only a whole packet of more than 1280 bytes has DF on the IPv4 side: it is answered
            error = icmp_error(client)
            if attempt or size <= 1232 or not error or error[1:3] != (2, 0):
                fail("datagram of", size, "bytes up: lost, error:", error)
        equal(data, pattern(size, size), "datagram of", size, "up")
        web.sendto(pattern(size, size + 1), peer)
        equal(receive(client), pattern(size, size + 1), "datagram of", size, "down")
    client.close()
    web.close()


def up_unfragmented(vpn, wan):
    """DF from the client: what does not fit is answered by Packet Too Big."""
    answered = 0
    client, web, _ = open_path(PMTUDISC_PROBE, PMTUDISC_DONT)
    for packet in sorted({64, 576, wan, wan + 20, wan + 21, 1280, 1281, 1300, 1320, 1321, vpn - 1, vpn}):
        if packet > vpn:
            continue
        size = packet - 48
        fits = packet <= max(wan + 20, 1280)
        client.send(pattern(size, size))
        if fits:
            equal(receive(web), pattern(size, size), "packet of", packet, "bytes up")
            equal(icmp_error(client), None, "error about a packet of", packet)
            continue
        error = icmp_error(client, 2 * SLOW)
        equal(error, (errno.EMSGSIZE, 2, 0, max(min(wan + 20, vpn), 1280), "fd00::1"), "about", packet, "bytes up")
        equal(receive(web, 0.01), None, "packet of", packet, "bytes, refused")
        answered += 1
    client.close()
    web.close()
    return answered


def down_unfragmented(vpn, wan):
    """DF from the IPv4 side: what does not fit the pool route is answered by Fragmentation Needed."""
    answered = 0
    client, web, peer = open_path(PMTUDISC_DONT, PMTUDISC_PROBE)
    for packet in sorted({64, 576, 1000, vpn - 29, vpn - 28, vpn - 27, vpn - 20, vpn - 19, wan - 1, wan}):
        if packet > wan:
            continue
        size = packet - 28
        web.sendto(pattern(size, size), peer)
        if packet <= vpn - 28:
            equal(receive(client), pattern(size, size), "packet of", packet, "bytes down")
            equal(icmp_error(web), None, "error about a packet of", packet)
            continue
        error = icmp_error(web, 2 * SLOW)
        equal(error, (errno.EMSGSIZE, 3, 4, vpn - 28, "192.88.99.1"), "about", packet, "bytes down")
        equal(receive(client, 0.01), None, "packet of", packet, "bytes, refused")
        answered += 1
    client.close()
    web.close()
    return answered


def sent_in_pieces(wan):
    """IPv4 fragments of 760 and 748 bytes, of a UDP datagram of 1500 (Jool #442)."""
    client, web, peer = open_path(PMTUDISC_DONT, PMTUDISC_DONT)
    data = raw.udp(WEB4, peer[0], PORT, peer[1], pattern(1500, 9))
    enter(WEB)
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if wan >= 780:
        for ident, order in (77, (0, 1)), (78, (1, 0)):
            pieces = (raw.ip4(WEB4, peer[0], 17, data[:760], ident=ident, frag=0x2000),
                      raw.ip4(WEB4, peer[0], 17, data[760:], ident=ident, frag=760 // 8))
            equal([len(p) for p in pieces], [780, 768], "pieces")
            for n in order:
                s.sendto(pieces[n], (peer[0], 0))
            equal(receive(client), pattern(1500, 9), "datagram in pieces of 760 and 748")
    client.close()
    web.close()


def datagrams(vpn, wan):
    edges = {m - h + d for m in (vpn, wan, vpn - 28, vpn - 20, 1280) for h in (28, 48, 56) for d in (-8, -1, 0, 1, 8)}
    sizes = sorted({1, 500, 1000, 1400, 1452, 1473, 2000, 4000, 9000, 60000} | {e for e in edges if e > 0})
    with only_drops():
        answered = up_unfragmented(vpn, wan), down_unfragmented(vpn, wan)
        sent_in_pieces(wan)
        whole(sizes)
    say("VPN %d, WAN %d: %d sizes both ways whole; DF: %d up and %d down too big, all answered" %
        (vpn, wan, len(sizes), *answered))


def pour(source, sink, data):
    """All of `data` from one socket to the other, both of this process. Either may be what is waited for: when all that
    was sent has been read, its acknowledgements may still hold the room for more."""
    sent, got = 0, bytearray()
    source.setblocking(False)
    sink.setblocking(False)
    while len(got) < len(data):
        ready = select.select([sink], [source] if sent < len(data) else [], [], 5 * SLOW)
        if source in ready[1]:
            sent += source.send(data[sent:sent + 65536])
        chunk = sink.recv(65536) if sink in ready[0] else b""
        got += chunk
        if not chunk and not ready[1]:
            fail("stream stands still or was closed:", sent, "of", len(data), "bytes sent,", len(got), "received")
    equal(bytes(got) == data, True, "data of a stream")


def streams(bytes_, words, host=WEB4):
    listener = sock(WEB, socket.SOCK_STREAM, bind=(host, PORT), errors=False)
    listener.listen()
    listener.settimeout(5 * SLOW)
    for way in "up", "down":
        client = sock(CLIENT, socket.SOCK_STREAM, bind=("fd00::2", 0), connect=("64:ff9b::" + host, PORT), df=PMTUDISC_DO,
                      errors=False)
        web = listener.accept()[0]
        ends = (client, web) if way == "up" else (web, client)
        pour(*ends, pattern(bytes_, len(way)))
        for s in ends:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
    say(words + ": %d bytes each way" % bytes_)


def far(host, words):
    """The router in between says 1000; the client is told 1280, and what it then sends is fragmented."""
    web = sock(WEB, bind=(host, PORT), df=PMTUDISC_DONT)
    client = sock(CLIENT, bind=("fd00::2", 0), connect=("64:ff9b::" + host, PORT), df=PMTUDISC_DO)
    client.send(pattern(1300, 1))
    error = icmp_error(client, 2 * SLOW)
    equal(error[:4], (errno.EMSGSIZE, 2, 0, 1280), "error about 1348 bytes")
    client.send(pattern(1232, 2))
    equal(receive(web), pattern(1232, 2), "packet of 1280 bytes")
    client.close()
    web.close()
    streams(200000, words, host)


if __name__ == "__main__":
    if sys.argv[1] == "far":
        far(sys.argv[2], " ".join(sys.argv[3:]))
    elif sys.argv[1] == "datagrams":
        datagrams(int(sys.argv[2]), int(sys.argv[3]))
    else:
        streams(int(sys.argv[2]), " ".join(sys.argv[3:]))
