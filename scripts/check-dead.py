#!/usr/bin/env python3
"""No function of the product is there for its test alone: each global function of an object of user/ is used by one.

   check-dead.py [BUILD]      default: build

From the objects' relocations, as a call within a file has one too. A function that its file's only caller has inlined
counts as unused: make it static. Exit status 1 if there is one; 2 without a build."""
import pathlib
import re
import subprocess
import sys

# object: why its functions may be unused
SPARED = {
}
ROOTS = {"main"}


def lines(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def used(obj):
    """Symbols that code or data of the object refer to; debug information refers to all."""
    section = ""
    for line in lines("objdump", "-r", obj):
        if line.startswith("RELOCATION RECORDS FOR"):
            section = line
        elif not re.search(r"\[\.(debug|eh_frame|rela?\.debug)", section) and len(line.split()) == 3:
            yield re.sub(r"[+-]0x[0-9a-f]+$", "", line.split()[2])


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    objects = sorted(pathlib.Path(build, "user").glob("**/*.o"))
    if not objects:
        print("error: no objects in %s/user\nwhy: it is not built\nfix: ninja -C %s" % (build, build), file=sys.stderr)
        return 2
    uses = set(ROOTS).union(*map(used, objects))
    faults, spared = [], set()
    for obj in objects:
        file = obj.name.removesuffix(".c.o")
        for line in lines("nm", "-P", "--defined-only", obj):
            symbol, kind = line.split()[:2]
            if kind != "T" or symbol in uses:
                continue
            if file in SPARED:
                spared.add(file)
            else:
                faults.append("%s() of user/%s.c is called by nothing of the product" % (symbol, file.replace("_", "/", 1)))
    faults += ["scripts/check-dead.py spares %s without need" % file for file in SPARED.keys() - spared]
    print("\n".join(faults) or "%d objects" % len(objects))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
