#!/usr/bin/env python3
"""Runs all hook vectors through an engine of the packet runner and has match.py judge them.

   judge.py RUNNER ENGINE VECTORS [ACCEPTED]...

Each must be `full`, none missing; those named ACCEPTED must be `accepted`, another outcome that the vector tolerates.
What is dropped names a reason, that of the key `drop` if there is one (vectors of our own, tests/vectors/extra.vec).
A vector that fails is explained by field. Exit status 1 if one does."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "conformance"), os.path.join(HERE, "vectors")]
from difference import explain  # noqa: E402
from match import judge  # noqa: E402


def result_judge(vector, result, wanted):
    """(level, why, lines): level is full, accepted or fail; `wanted`: the level that the vector must have."""
    packets = [bytes.fromhex(data) for data in result["packets"]]
    _, level, why = judge(vector, result["verdict"], packets)
    lines = list(explain(vector, result["verdict"], packets)) if level == "fail" else []
    if level != "fail" and level != wanted:
        why, level = "%s, want %s %s" % (level, wanted, why), "fail"
    if ("reason" in result) != (result["verdict"] in ("dropped", "icmp-error")):
        level, why = "fail", "%s with reason %s" % (result["verdict"], result.get("reason"))
    if vector.get("drop", result.get("reason")) != result.get("reason"):
        level, why = "fail", "reason %s, want %s" % (result.get("reason"), vector["drop"])
    return level, why, lines


def main():
    runner, engine, path, *accepted = sys.argv[1:]
    with open(path) as f:
        vectors = {v["name"]: v for v in map(json.loads, f) if v["stage"] == "hook"}
    done = subprocess.run([runner, "--engine", engine, path], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print("the runner ended with status %d" % done.returncode)
    tally = {"full": 0, "accepted": 0, "fail": 0}
    missing = set(vectors)
    for line in done.stdout.splitlines():
        result = json.loads(line)
        name = result["name"]
        missing.remove(name)
        level, why, lines = result_judge(vectors[name], result, "accepted" if name in accepted else "full")
        tally[level] += 1
        if level != "full":
            print("%-8s %s: %s (%s)" % (level, name, why, result.get("reason", result["verdict"])))
        for text in lines:
            print("    " + text)
    missing.update(name for name in accepted if name not in vectors)
    for name in sorted(missing):
        print("missing  %s" % name)
    print(engine, " ".join("%s=%d" % x for x in tally.items()), "missing=%d" % len(missing))
    return 1 if done.returncode or tally["fail"] or not vectors or missing else 0


if __name__ == "__main__":
    sys.exit(main())
