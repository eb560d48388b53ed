# SPDX-License-Identifier: GPL-2.0-only
"""Raw packets for the namespace tests: build, send by AF_PACKET, capture behind the TC hook.

As a program:
    raw.py tcx                      interfaces with TCX programs, one a line with their number
    raw.py tcx-attach IFACE ingress|egress PIN      the pinned program, as another's; status 1: no TCX
    raw.py link-update LINK PIN     the pinned program in place of that of the pinned link
    raw.py capture IFACE PROTO SECONDS FILE     packets as hex lines; prints "ready"; PROTO: ip, ip6 or hex
    raw.py send IFACE               hex lines from stdin, from the IP header on (veth: Ethernet is added)
"""
import ctypes
import socket
import struct
import sys
import time

ETH_P = {"ip": 0x0800, "ip6": 0x86dd, "all": 3}
SO_RCVBUFFORCE = 33  # SO_RCVBUF is capped by rmem_max: 208 KiB, or 555 small packets, on most machines


def ones(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def addr(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def ip6(src, dst, proto, payload, hlim=64, tc=0, flow=0):
    return struct.pack("!IHBB", 6 << 28 | tc << 20 | flow, len(payload), proto, hlim) + addr(src) + addr(dst) + payload


def ip4(src, dst, proto, payload, ttl=64, tos=0, ident=0, frag=0, options=b""):
    ihl = 5 + len(options) // 4
    header = struct.pack("!BBHHHBBH", 4 << 4 | ihl, tos, ihl * 4 + len(payload), ident, frag, ttl, proto, 0)
    header += addr(src) + addr(dst) + options
    check = 0xffff - ones(header)
    return header[:10] + struct.pack("!H", check) + header[12:] + payload


def pseudo(src, dst, proto, length):
    s, d = addr(src), addr(dst)
    if len(s) == 4:
        return s + d + struct.pack("!BBH", 0, proto, length)
    return s + d + struct.pack("!IBBBB", length, 0, 0, 0, proto)


def l4(src, dst, proto, data, at):
    """Fills in the transport checksum at offset `at`."""
    check = 0xffff - ones(pseudo(src, dst, proto, len(data)) + data)
    if proto == 17 and not check:
        check = 0xffff
    return data[:at] + struct.pack("!H", check) + data[at + 2:]


def udp(src, dst, sport, dport, payload):
    return l4(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload, 6)


def tcp(src, dst, sport, dport, flags, payload=b"", seq=1, ack=0, window=1024):
    return l4(src, dst, 6, struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, window, 0, 0) + payload, 16)


def icmp6(src, dst, kind, code, body):
    return l4(src, dst, 58, struct.pack("!BBH", kind, code, 0) + body, 2)


def icmp4(kind, code, body):
    data = struct.pack("!BBH", kind, code, 0) + body
    return data[:2] + struct.pack("!H", 0xffff - ones(data)) + data[4:]


class Link:
    """An interface to send to and to read from. Reading with a protocol of its own happens behind TC
    ingress; reading "all" before it."""

    def __init__(self, name, proto="ip6", peer=None):
        self.proto = ETH_P.get(proto) or int(proto, 16)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(self.proto))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self.sock.bind((name, self.proto))
        self.name = name
        self.mac = self.sock.getsockname()[4]
        self.peer = peer or b"\xff" * 6

    def send(self, packet):
        proto = {4: 0x0800, 6: 0x86dd}.get(packet[0] >> 4, self.proto)
        self.sock.sendto(packet, (self.name, proto, 0, 0, self.peer))

    def receive(self, seconds, wanted=lambda packet: True, count=1 << 30):
        """Packets that arrived within a time, without those that this side sent."""
        packets, end = [], time.monotonic() + seconds
        while len(packets) < count:
            left = end - time.monotonic()
            if left <= 0:
                break
            self.sock.settimeout(left)
            try:
                packet, where = self.sock.recvfrom(65536)
            except socket.timeout:
                break
            if where[2] != socket.PACKET_OUTGOING and wanted(packet):
                packets.append(packet)
        return packets


def mac_of(name):
    return bytes.fromhex(open("/sys/class/net/%s/address" % name).read().strip().replace(":", ""))


def tcx():
    """BPF_PROG_QUERY of both TCX hooks of every interface; nothing where the kernel has no TCX."""
    libc = ctypes.CDLL(None, use_errno=True)
    for index, name in socket.if_nameindex():
        for hook, kind in ("ingress", 46), ("egress", 47):
            attr = ctypes.create_string_buffer(struct.pack("=IIII", index, kind, 0, 0) + bytes(112), 128)
            if libc.syscall(321, 16, attr, 64) == 0:
                number = struct.unpack_from("=I", attr, 24)[0]
                if number:
                    print(name, hook, number)


def bpf(command, attr, size):
    """Returns what the system call does, with the buffer of `attr` read and written."""
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(321, command, attr, size)


def obj_get(pin):
    path = ctypes.create_string_buffer(pin.encode())
    attr = ctypes.create_string_buffer(struct.pack("=QII", ctypes.addressof(path), 0, 0), 128)
    return bpf(7, attr, 16)


def link_update(link, pin):
    """BPF_LINK_UPDATE."""
    attr = ctypes.create_string_buffer(struct.pack("=IIII", obj_get(link), obj_get(pin), 0, 0), 128)
    return 0 if bpf(29, attr, 16) == 0 else 1


def tcx_attach(name, hook, pin):
    """BPF_OBJ_GET and BPF_PROG_ATTACH: without a link it stays as long as the interface."""
    program = obj_get(pin)
    attr = ctypes.create_string_buffer(
        struct.pack("=IIII", socket.if_nametoindex(name), program, {"ingress": 46, "egress": 47}[hook], 0), 128)
    return 0 if program >= 0 and bpf(8, attr, 32) == 0 else 1


def main():
    verb = sys.argv[1]
    if verb == "tcx":
        tcx()
    elif verb == "link-update":
        sys.exit(link_update(*sys.argv[2:4]))
    elif verb == "tcx-attach":
        sys.exit(tcx_attach(*sys.argv[2:]))
    elif verb == "send":
        link = Link(sys.argv[2])
        if len(sys.argv) > 3:
            link.peer = bytes.fromhex(sys.argv[3].replace(":", ""))
        for line in sys.stdin:
            link.send(bytes.fromhex(line))
    elif verb == "capture":
        link = Link(sys.argv[2], sys.argv[3])
        print("ready", flush=True)
        packets = link.receive(float(sys.argv[4]))
        with open(sys.argv[5], "w") as out:
            out.writelines(packet.hex() + "\n" for packet in packets)


if __name__ == "__main__":
    main()
