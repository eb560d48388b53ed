# SPDX-License-Identifier: GPL-2.0-only
"""A datagram to a closed port: the socket is told at once, by the host itself. path-tools.sh."""
import errno
import socket
import sys

from ends import CLIENT, SLOW, equal, icmp_error, sock

s = sock(CLIENT, connect=(sys.argv[1], 9))
for attempt in range(3):
    s.send(b"anybody there?")
    number, kind, code, _, offender = icmp_error(s, 0.5 * SLOW)
    equal((number, kind, code), (errno.ECONNREFUSED, 1, 4), "error")
    equal(socket.inet_pton(socket.AF_INET6, offender), socket.inet_pton(socket.AF_INET6, sys.argv[1]), "source")
