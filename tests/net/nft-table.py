# SPDX-License-Identifier: GPL-2.0-only
"""Ends of the conversations of nft-table.sh.

  serve ADDR PORT       UDP and TCP: tells each who it is that asks ("ADDR"), then echoes
  ask ADDR PORT [udp|tcp] [FROM]   prints the answer, or the error's name
  stream ADDR PORT tcp|udp N       N exchanges over one flow, prints how many came back
  linger ADDR PORT FIFO opens TCP, prints ready, then exchanges a byte for each line of the FIFO
  invalid ADDR          sends a TCP segment with SYN and FIN, which conntrack calls invalid
  first DEVICE PREFIX SECONDS   prints ready, then yes once an IPv4 packet with such a source came in, else no
"""
import errno
import os
import select
import socket
import struct
import sys
import threading
import time

def serve(addr, port):
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind((addr, int(port)))
    t = socket.create_server((addr, int(port)))
    def talk(c, who):
        c.sendall(who.encode() + b"\n")
        while data := c.recv(4096):
            c.sendall(data)
    def tcp():
        while True:
            c, who = t.accept()
            threading.Thread(target=talk, args=(c, who[0]), daemon=True).start()
    threading.Thread(target=tcp, daemon=True).start()
    print("ready", flush=True)
    while True:
        data, who = u.recvfrom(4096)
        u.sendto(who[0].encode(), who)

def connect(addr, port, kind, source=None):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    s.settimeout(2 if not os.path.exists("/.inside") else 10)
    if source:
        s.bind((source, 0))
    s.connect((addr, int(port)))
    return s

def ask(addr, port, kind="udp", source=None):
    try:
        s = connect(addr, port, kind, source)
        if kind == "udp":
            s.send(b"?")
        print(s.recv(100).decode().strip())
    except socket.timeout:
        print("timeout")
    except OSError as e:
        print(errno.errorcode[e.errno])

def stream(addr, port, kind, n):
    s = connect(addr, port, kind)
    if kind == "tcp":
        s.recv(100)
    got = 0
    for _ in range(int(n)):
        s.send(b"x")
        got += bool(s.recv(100))
    print(got)

def linger(addr, port, fifo):
    s = connect(addr, port, "tcp")
    s.recv(100)
    print("ready", flush=True)
    for _ in open(fifo):
        s.send(b"x")
        print("back" if s.recv(1) else "gone", flush=True)

def invalid(addr):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    s.connect((addr, 0))
    me = socket.inet_aton(s.getsockname()[0])
    tcp = struct.pack("!HHIIBBHHH", 4000, 80, 1, 0, 5 << 4, 0x03, 1024, 0, 0)
    pseudo = me + socket.inet_aton(addr) + struct.pack("!BBH", 0, 6, len(tcp))
    total = sum(struct.unpack("!16H", pseudo + tcp))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    s.send(tcp[:16] + struct.pack("!H", ~total & 0xffff) + tcp[18:])

def first(device, prefix, seconds):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    s.bind((device, 0x0800))
    print("ready", flush=True)
    end = time.monotonic() + float(seconds)
    while (left := end - time.monotonic()) > 0:
        if select.select([s], [], [], left)[0]:
            data, where = s.recvfrom(2048)
            if where[2] != socket.PACKET_OUTGOING and socket.inet_ntoa(data[12:16]).startswith(prefix):
                print("yes", flush=True)
                return
    print("no", flush=True)

globals()[sys.argv[1]](*sys.argv[2:])
