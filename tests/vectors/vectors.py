#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Vectors as text and as JSONL.

    vectors.py jsonl FILE.vec...            text to JSONL, on stdout
    vectors.py text FILE.jsonl [NAME]...    JSONL to text: the vectors of these names, default all
    vectors.py update FILE.jsonl FILE.vec...
                                            lines of a JSONL file follow the text: changed, or new at its end
    vectors.py show HEX...                  packets by field
    vectors.py explain VECTORS.jsonl RESULTS.jsonl
                                            what is wrong with results that match.py fails, by field

The form is described in tests/conformance/README.md, "How to add a vector"."""
import json
import sys

import blocks
from difference import explain
from match import judge


def jsonl(*paths):
    payloads = blocks.payloads_read()
    for path in paths:
        for vector in blocks.read(path, payloads):
            print(blocks.line(vector))


def from_jsonl(path, *names):
    payloads = blocks.payloads_read()
    with open(path) as f:
        for vector in map(json.loads, f):
            if not names or vector["name"] in names:
                print(blocks.vector_text(vector, payloads))


def update(path, *texts):
    new = {vector["name"]: blocks.line(vector) for text in texts for vector in blocks.read(text)}
    with open(path) as f:
        old = [(json.loads(line)["name"], line.rstrip("\n")) for line in f]
    lines = [new.pop(name, line) for name, line in old] + list(new.values())
    with open(path, "w") as f:
        f.writelines(line + "\n" for line in lines)


def show(*packets):
    for data in packets:
        for line in blocks.packet_text(blocks.decode(bytes.fromhex(data)), blocks.Bytes({}), 0):
            print(line)


def explain_results(vectors, results):
    """Returns 1 where there was something to explain."""
    with open(vectors) as f:
        known = {vector["name"]: vector for vector in map(json.loads, f)}
    status = 0
    with open(results) as f:
        for result in map(json.loads, f):
            vector, packets = known[result["name"]], [bytes.fromhex(data) for data in result.get("packets", ())]
            if judge(vector, result["verdict"], packets)[0]:
                continue
            status = 1
            print(result["name"])
            for line in explain(vector, result["verdict"], packets):
                print("    " + line)
    return status


VERBS = {"jsonl": (jsonl, 1, None), "text": (from_jsonl, 1, None), "update": (update, 2, None),
         "show": (show, 1, None), "explain": (explain_results, 2, 2)}


def main():
    verb, *words = sys.argv[1:] or [""]
    function, least, most = VERBS.get(verb, (None, 0, None))
    if not function or len(words) < least or most and len(words) > most:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return function(*words) or 0
    except (blocks.Fault, OSError) as error:
        print("error: %s" % error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
