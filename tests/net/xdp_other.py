# SPDX-License-Identifier: GPL-2.0-only
"""Frames that XDP must pass on as they came: xdp_other.py frames CLIENT-MAC SERVER-MAC | send IFACE | capture IFACE FILE.

`frames` prints them as hex lines; `send` sends those of stdin; `capture` writes those that arrive from a client with
the mark in its MAC, as seen behind XDP and before TC, and ends with the last one (ethertype 0x88b6)."""
import socket
import struct
import sys

from raw import icmp4, icmp6, ip4, ip6, tcp, udp

CLIENT, SERVER = "fd00::2", "64:ff9b::192.88.99.5"


def bodies():
    data = bytes(range(200))
    datagram = udp(CLIENT, SERVER, 1024, 9, data)
    yield 0x0806, bytes.fromhex("0001080006040001") + data[:20]		# ARP, odd
    yield 0x88b5, data
    yield 0x88b5, data[:46]
    yield 0x0800, ip4("192.0.2.1", "192.0.2.2", 17, udp("192.0.2.1", "192.0.2.2", 1, 2, data))
    yield 0x0800, ip4("192.168.240.2", "192.88.99.5", 1, icmp4(8, 0, data))
    yield 0x86dd, ip6(CLIENT, "fd00::1", 17, udp(CLIENT, "fd00::1", 1, 9, data))		# not the prefix
    yield 0x86dd, ip6(CLIENT, "64:ff9b:1::1", 6, tcp(CLIENT, "64:ff9b:1::1", 1, 9, 2))
    yield 0x86dd, ip6(CLIENT, SERVER, 58, icmp6(CLIENT, SERVER, 128, 0, data))		# TC's: ICMP
    yield 0x86dd, ip6(CLIENT, SERVER, 44, struct.pack("!BBHI", 17, 0, 0, 7) + datagram)	# Fragment Header
    yield 0x86dd, ip6(CLIENT, SERVER, 60, bytes([17, 0, 1, 4, 0, 0, 0, 0]) + datagram)	# Destination Options
    yield 0x86dd, ip6("fd00::77", SERVER, 17, udp("fd00::77", SERVER, 1, 9, data))		# a client without a binding
    yield 0x86dd, ip6("2001:db8::1", SERVER, 17, udp("2001:db8::1", SERVER, 1, 9, data))	# none of the clients
    yield 0x86dd, ip6(CLIENT, "64:ff9b::127.0.0.1", 17, udp(CLIENT, "64:ff9b::127.0.0.1", 1, 9, data))
    yield 0x86dd, ip6(CLIENT, SERVER, 17, datagram)[:52]					# cut short
    yield 0x86dd, ip6(CLIENT, SERVER, 17, datagram)[:30]
    yield 0x88b6, data[:60]


def main():
    verb = sys.argv[1]
    if verb == "frames":
        client, server = (bytes.fromhex(text.replace(":", "")) for text in sys.argv[2:4])
        for ethertype, body in bodies():
            print((server + client + struct.pack("!H", ethertype) + body).hex())
        return
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    link.bind((sys.argv[2], 3))
    if verb == "send":
        for line in sys.stdin:
            link.send(bytes.fromhex(line))
        return
    print("ready", flush=True)
    with open(sys.argv[3], "w") as out:
        while True:
            frame, where = link.recvfrom(65536)
            if where[2] == socket.PACKET_OUTGOING or frame[6:9] != b"\x02\x6f\x74":
                continue
            print(frame.hex(), file=out)
            if frame[12:14] == b"\x88\xb6":
                return


main()
