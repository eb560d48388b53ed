# SPDX-License-Identifier: GPL-2.0-only
"""Clients that were there before a flood, and one that comes after it: flood.sh.

    flood.py talk SECONDS CLIENT6...    each asks web's port 7000 fifty times a second; prints `ready`, then, after
                                        SECONDS, how many questions and how many had no answer
    flood.py come CLIENT6 SECONDS       a new client asks ten times a second until it is answered; prints the
                                        milliseconds that took, or `never`
    flood.py answer                     in web: sends everything back"""
import select
import socket
import sys
import time

WEB6 = "64:ff9b::192.88.99.5"


def sock(client6):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
    s.bind((client6, 0))
    s.connect((WEB6, 7000))
    return s


def talk(seconds, *clients):
    socks = [sock(c) for c in clients]
    for s in socks:		# their bindings
        s.send(b"first")
        s.settimeout(5)
        s.recv(100)
        s.setblocking(False)
    print("ready", flush=True)
    waiting, asked, n, end = set(), 0, 0, time.monotonic() + float(seconds)
    while (now := time.monotonic()) < end + 2:
        if now < end:
            n += 1
            for i, s in enumerate(socks):
                s.send(b"%d" % n)
                waiting.add((i, n))
                asked += 1
        until = time.monotonic() + 0.02
        while (left := until - time.monotonic()) > 0:
            for s in select.select(socks, [], [], left)[0]:
                waiting.discard((socks.index(s), int(s.recv(100))))
        if now >= end and not waiting:
            break
    print(asked, len(waiting), flush=True)


def come(client6, seconds):
    s, start = sock(client6), time.monotonic()
    s.settimeout(0.1)
    while time.monotonic() - start < float(seconds):
        try:
            s.send(b"new")
            s.recv(100)
            print(int((time.monotonic() - start) * 1000))
            return
        except OSError:		# no answer, or 1/3
            time.sleep(0.02)
    print("never")


def answer():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
    s.bind(("192.88.99.5", 7000))
    print("ready", flush=True)
    while True:
        data, who = s.recvfrom(100)
        s.sendto(data, who)


{"talk": talk, "come": come, "answer": answer}[sys.argv[1]](*sys.argv[2:])
