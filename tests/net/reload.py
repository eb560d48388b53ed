# SPDX-License-Identifier: GPL-2.0-only
"""A paced UDP flow whose every datagram is to come back: what is lost while the translator is changed?

    reload.py echo ADDRESS PORT                     sends back what comes; prints "ready"
    reload.py flow ADDRESS PORT RATE SECONDS        RATE datagrams a second until SIGTERM, at most SECONDS; prints
                                                    "ready", and at the end "sent N lost N twice N"
"""
import signal
import socket
import struct
import sys
import time

BUFFER = 64 << 20       # bytes: a busy machine lets both ends wait, and what overflows here is no loss on the way
BURST = 200             # datagrams at once when it is behind its time; a CPU's backlog holds 1000
PATIENCE = 10           # seconds for the last replies


def udp(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, 33, BUFFER)      # SO_RCVBUFFORCE
    return sock


def echo(address, port):
    sock = udp(address)
    sock.bind((address, port))
    print("ready", flush=True)
    while True:
        data, peer = sock.recvfrom(2048)
        sock.sendto(data, peer)


def flow(address, port, rate, seconds):
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    sock = udp(address)
    sock.connect((address, port))
    sock.setblocking(False)
    seen, twice, sent, told = set(), 0, 0, False

    def receive():
        nonlocal twice
        while True:
            try:
                number = struct.unpack("!I", sock.recv(2048)[:4])[0]
            except BlockingIOError:
                return
            twice += number in seen
            seen.add(number)

    begun = time.monotonic()
    while not stop and time.monotonic() - begun < seconds:
        due = int((time.monotonic() - begun) * rate)
        for _ in range(min(due - sent, BURST)):
            try:
                sock.send(struct.pack("!I", sent) + bytes(60))
            except BlockingIOError:
                break
            sent += 1
        receive()
        if sent == due:
            time.sleep(0.001)
        if seen and not told:
            print("ready", flush=True)
            told = True
    until = time.monotonic() + PATIENCE
    while len(seen) < sent and time.monotonic() < until:
        receive()
        time.sleep(0.01)
    print("sent %d lost %d twice %d" % (sent, sent - len(seen), twice), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        echo(sys.argv[2], int(sys.argv[3]))
    else:
        flow(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
