#!/usr/bin/env python3
"""Mutation check: seeds each fault of mutations.txt into a copy of the core and runs the native vectors.

   mutate.py      from the top of the tree

A line for each fault, `caught` with the first vector that sees it or `missed`. Exit status 1 if one is missed."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(HERE, "conformance"), os.path.join(HERE, "vectors")]
import blocks  # noqa: E402
from match import judge  # noqa: E402

SOURCES = ["vector", "state", "outcome", "engine_native"]
FLAGS = ["-std=gnu17", "-O1", "-D_GNU_SOURCE", "-DNATIVE_ONLY", "-I" + TOP + "/include", "-I" + TOP + "/tests/native"]


def cc(*args):
    return subprocess.run(["cc", *FLAGS, *args], stderr=subprocess.PIPE, text=True)


def seen_by(runner, files, vectors):
    """The first vector that does not come out as it should, or None."""
    left = dict(vectors)
    for path in files:
        try:
            done = subprocess.run([runner, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "it hangs"
        for line in done.stdout.splitlines():
            r = json.loads(line)
            v = left.pop(r["name"])
            ok, _, _ = judge(v, r["verdict"], [bytes.fromhex(x) for x in r["packets"]])
            if not ok or v.get("drop", r.get("reason")) != r.get("reason"):
                return r["name"]
    return next(iter(left)) if left else None


def main():
    with open(os.path.join(HERE, "mutations.txt")) as f:
        faults = [line.rstrip("\n") for line in f if line.strip() and line[0] != "#"]
    missed = 0
    with tempfile.TemporaryDirectory() as work:
        files = [os.path.join(HERE, "conformance", "vectors.jsonl"), os.path.join(work, "extra.jsonl")]
        with open(files[1], "w") as f:
            f.writelines(blocks.line(v) + "\n" for v in blocks.read(os.path.join(HERE, "vectors", "extra.vec")))
        vectors = {}
        for path in files:
            with open(path) as f:
                vectors.update((v["name"], v) for v in map(json.loads, f) if v["stage"] == "hook")
        bpf = os.path.join(work, "bpf")
        objects = []
        for name in SOURCES + ["../run-vectors"]:
            obj = os.path.join(work, os.path.basename(name) + ".o")
            done = cc("-c", "-I" + TOP + "/bpf", "%s/native/%s.c" % (HERE, name), "-o", obj)
            if done.returncode:
                sys.exit(done.stderr)
            objects.append(obj)
        runner = os.path.join(work, "runner")
        for number, fault in enumerate(["path.h | #pragma once | #pragma once"] + faults):
            name, old, new = (x.replace("\0", "|").replace("\\n", "\n")
                              for x in (fault.replace("\\|", "\0") + " ").split(" | "))
            new = new[:-1]
            shutil.rmtree(bpf, ignore_errors=True)
            shutil.copytree(TOP + "/bpf", bpf)
            with open(os.path.join(bpf, name)) as f:
                text = f.read()
            # white space as clang-format likes it today
            found = re.findall(r"\s+".join(map(re.escape, old.split())), text)
            if len(found) != 1:
                sys.exit("error: %s: occurs %d times: %s" % (name, len(found), old))
            with open(os.path.join(bpf, name), "w") as f:
                f.write(text.replace(found[0], new))
            done = cc("-I" + bpf, HERE + "/native/core.c", *objects, "-o", runner, "-ljansson")
            if done.returncode:
                sys.exit("error: %s: does not compile: %s\n%s" % (name, new, done.stderr))
            by = seen_by(runner, files, vectors)
            if number == 0:
                if by:
                    sys.exit("error: without any fault %s fails" % by)
                continue
            missed += not by
            print("%s %s: %s -> %s%s" % ("caught" if by else "MISSED", name, old.strip(), new.strip(),
                                         " (by %s)" % by if by else ""), flush=True)
    print("%d faults, %d caught, %d missed" % (len(faults), len(faults) - missed, missed))
    return 1 if missed or len(faults) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
