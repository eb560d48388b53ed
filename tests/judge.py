#!/usr/bin/env python3
"""Runs all hook vectors through an engine of the packet runner and has match.py judge them.

   judge.py RUNNER ENGINE VECTORS FULL

Each must be `full` or `accepted`, at least FULL of them `full`, none missing; what is dropped names a reason, that of
the key `drop` if there is one (vectors of our own, tests/native/extra.jsonl).
Exit status 1 if not."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "conformance"))
from match import judge  # noqa: E402

def main():
    runner, engine, path, full = sys.argv[1:]
    with open(path) as f:
        vectors = {v["name"]: v for v in map(json.loads, f) if v["stage"] == "hook"}
    done = subprocess.run([runner, "--engine", engine, path], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print("the runner ended with status %d" % done.returncode)
    tally = {"full": 0, "accepted": 0, "fail": 0}
    missing = set(vectors)
    for line in done.stdout.splitlines():
        r = json.loads(line)
        v = vectors[r["name"]]
        missing.remove(r["name"])
        _, level, why = judge(v, r["verdict"], [bytes.fromhex(x) for x in r["packets"]])
        if ("reason" in r) != (r["verdict"] in ("dropped", "icmp-error")):
            level, why = "fail", "%s with reason %s" % (r["verdict"], r.get("reason"))
        if v.get("drop", r.get("reason")) != r.get("reason"):
            level, why = "fail", "reason %s, want %s" % (r.get("reason"), v["drop"])
        tally[level] += 1
        if level != "full":
            print("%-8s %s: %s (%s)" % (level, r["name"], why, r.get("reason", r["verdict"])))
    for name in sorted(missing):
        print("missing  %s" % name)
    print(engine, " ".join("%s=%d" % x for x in tally.items()), "missing=%d" % len(missing))
    return 1 if done.returncode or tally["fail"] or tally["full"] < int(full) or missing else 0


if __name__ == "__main__":
    sys.exit(main())
