# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of a hop go, from what the plugin profile.c counted in a run of icount.sh.

profile.py FOLDER OUTPUT: writes OUTPUT.md. For each direction, or each packet of a flow's opening, a table of kernel
functions, IPv4 beside NAT64, per packet and less what sending alone costs (the case `drop`), and one of the lines of the
programs.
"""
import bisect
import collections
import re
import sys

folder, output = sys.argv[1:]
SHOWN = 10  # instructions: what differs by less is summed up
BURST = 512
TIMED = {"up": 12, "down": 12, "first": 16, "reply": 16, "second": 16}  # bursts of `icount.sh quick`, `open`


def read(name):
    with open("%s/%s" % (folder, name)) as lines:
        return [line.rstrip("\n").split(" ", 2) for line in lines]


def names():
    """Start addresses, ascending, and the function that begins there."""
    found = []
    for line in open(folder + "/symbols"):
        word = line.split()
        if word[1] in "tTwW":
            found.append((int(word[0], 16), re.sub(r"^bpf_prog_[0-9a-f]{16}_", "", word[2])))
    return list(zip(*sorted(found)))


section = {int(number): case for number, case in read("sections")}
opening = max(section) > 2 * len(section)  # three sections a case
ways = ("first", "reply", "second") if opening else ("up", "down")
pairs = (("masquerade", "nat64-slow"), ("flowtable", "nat64-fast"))
if opening:
    pairs += ("masquerade", "flowtable"), ("nat64-slow", "nat64-fast")
starts, functions = names()
cost = collections.defaultdict(collections.Counter)  # (case, direction): function: instructions a packet
spot = collections.defaultdict(collections.Counter)  # the same by address, of programs
for number, address, count in read("counts"):
    number, address = int(number), int(address, 16)
    first = max(n for n in section if n <= number)
    case, step = section[first], number - first
    way = ("up", "down")[step] if case.startswith("drop") else ways[step]
    count = int(count) / (TIMED[way] * BURST)
    at = bisect.bisect_right(starts, address) - 1
    kernel = address >= 1 << 63
    where = case, way
    cost[where][functions[at] if kernel and at >= 0 else "(user space)"] += count
    if kernel:
        spot[where][address] += count


def hop(case, direction):
    """Of a case less sending, which is IPv6 for NAT64 on the way up."""
    way = "down" if direction in ("down", "reply") else "up"
    alone = "drop6" if case.startswith("nat64") and way == "up" else "drop4"
    result = collections.Counter(cost[case, direction])
    result.subtract(cost[alone, way])
    return result


def table(out, plain, translated, direction):
    a, b = hop(plain, direction), hop(translated, direction)
    rest = [0.0, 0.0]
    out.write("\n### %s beside %s, %s\n\n| function | %s | %s | difference |\n|---|---|---|---|\n" %
              (translated, plain, direction, plain, translated))
    total = sum(a.values()), sum(b.values())
    out.write("| **hop** | %.0f | %.0f | %+.0f |\n" % (*total, total[1] - total[0]))
    for name in sorted(set(a) | set(b), key=lambda name: -abs(b[name] - a[name])):
        if abs(b[name] - a[name]) >= SHOWN:
            out.write("| `%s` | %.0f | %.0f | %+.0f |\n" % (name, a[name], b[name], b[name] - a[name]))
        else:
            rest[0] += a[name]
            rest[1] += b[name]
    out.write("| all others | %.0f | %.0f | %+.0f |\n" % (*rest, rest[1] - rest[0]))


def lines(out, case, direction):
    """The programs' lines, in the order of their code."""
    found = sorted((int(address, 16), place, text) for address, place, text in
                   (word + [""] * (3 - len(word)) for word in read(case + ".lines")))
    first = [address for address, _, _ in found]
    ran = collections.Counter()
    for address, count in spot[case, direction].items():
        at = bisect.bisect_right(first, address) - 1
        if at >= 0 and address - first[at] < 4096 and functions[bisect.bisect_right(starts, address) - 1] in PROGRAMS:
            ran[at] += count
    out.write("\n### Lines of the programs, %s, %s: %.0f\n\n```\n" % (case, direction, sum(ran.values())))
    for at in sorted(ran):
        if ran[at] >= 0.5:
            out.write("%6.1f  %-20s %s\n" % (ran[at], found[at][1], found[at][2][:90]))
    out.write("```\n")


PROGRAMS = {name for name in functions if name.startswith(("nat64_", "common_", "path_", "link_", "drop_", "binding_"))}
with open(output + ".md", "w") as out:
    for plain, translated in pairs:
        for direction in ways:
            table(out, plain, translated, direction)
    for direction in ways:
        lines(out, "nat64-slow", direction)
