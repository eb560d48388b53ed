#!/usr/bin/env python3
"""The house's plan, proven from the symbols of the built objects (user/meson.build has the rooms).

   check-floors.py [BUILD]      default: build

Says each call that leads upward, or sideways into a room that the caller does not stand on, and each circle of
files. Exit status 1 if there is one; 2 without a build."""
import collections
import pathlib
import re
import subprocess
import sys

# room: those it may call, and all that they stand on
BELOW = {
    "base": [],
    "config": ["base"],
    "files": ["config"],
    "net": ["config"],
    "nft": ["net"],
    "tc": [],
    "datapath": ["net", "tc"],
    "instance": ["datapath", "nft", "files"],
    "run": ["instance"],
    "doctor": ["instance"],
    "cmd": ["doctor", "run"],
    "main": ["cmd"],
}


def reach(room):
    """The rooms that a room stands on, itself included."""
    out = {room}
    for other in BELOW[room]:
        out |= reach(other)
    return out


def read(build):
    """Symbols that each file defines and uses: {(room, file): (defined, used)}."""
    files = {}
    for obj in sorted(pathlib.Path(build, "user").glob("**/*.o")):
        m = re.fullmatch(r"(?:lib)?([a-z0-9-]+?)(?:\.a)?\.p", obj.parent.name)
        name = obj.name[:-len(".c.o")]
        room = "main" if m[1] == "nat64-bpf" else m[1]
        if room not in BELOW:
            sys.exit("error: %s: room %s has no floor in scripts/check-floors.py" % (obj, room))
        nm = subprocess.run(["nm", "-P", obj], stdout=subprocess.PIPE, text=True, check=True).stdout
        symbols = [line.split()[:2] for line in nm.splitlines()]
        files[room, name.removeprefix(room + "_")] = (
            {s for s, kind in symbols if kind in "TDBRC"}, {s for s, kind in symbols if kind == "U"})
    return files


def circles(arrows):
    """Strongly connected sets of more than one file (Tarjan)."""
    index, low, stack, out = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in arrows[v]:
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            at = stack.index(v)
            if len(stack) - at > 1:
                out.append(stack[at:])
            del stack[at:]

    for v in list(arrows):
        if v not in index:
            visit(v)
    return out


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    files = read(build)
    if not files:
        sys.exit("error: no objects in %s/user\nwhy: it is not built\nfix: ninja -C %s" % (build, build))
    home = {s: f for f, (defined, _) in files.items() for s in defined}
    arrows, faults = collections.defaultdict(set), 0
    for caller, (_, used) in files.items():
        for symbol in sorted(used & home.keys()):
            callee = home[symbol]
            arrows[caller].add(callee)
            if callee[0] not in reach(caller[0]):
                print("%s/%s.c calls %s() of %s/%s.c, which is not below it" % (*caller, symbol, *callee))
                faults += 1
    for circle in circles(arrows):
        print("a circle of calls: " + ", ".join("%s/%s.c" % f for f in sorted(circle)))
        faults += 1
    print("%d rooms, %d files, %d faults" % (len({r for r, _ in files}), len(files), faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
