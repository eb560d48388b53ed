#!/usr/bin/env python3
"""Air in the product's C, as docs/contributing.md asks for it.

   check-density.py

Says each statement with more than one `?:`, each `?:` that is a statement of its own, each line of more than 100
columns outside a table that clang-format leaves alone, and each name that stands for a static function in three files
or more. Exit status 1 if there is one."""
import collections
import re
import subprocess
import sys


def blank(match):
    """The text as white space, lines kept."""
    return re.sub(r"[^\n]", " ", match[0])


def bare(text):
    """C without comments, preprocessor lines and what stands in quotes."""
    text = re.sub(r"/\*.*?\*/", blank, text, flags=re.S)
    text = re.sub(r"'(\\.|[^'\\\n])*'", lambda m: "c".ljust(len(m[0])), text)
    text = re.sub(r'"(\\.|[^"\\\n])*"', lambda m: "s".ljust(len(m[0])), text)
    return re.sub(r"^[ \t]*#.*(?:\\\n.*)*$", blank, text, flags=re.M)


def statements(text):
    """Pieces between ; { and }, with the number of the line on which each begins."""
    for match in re.finditer(r"[^;{}]*[;{}]", text):
        piece = match[0].lstrip()
        yield text.count("\n", 0, match.end() - len(piece)) + 1, piece


def faults(path):
    with open(path) as f:
        text = f.read()
    flowing = re.sub(r"/\* clang-format off \*/.*?/\* clang-format on \*/",
                     lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    for number, line in enumerate(flowing.splitlines(), 1):
        if len(line.expandtabs(8)) > 100:
            yield number, "%d columns" % len(line.expandtabs(8))
    for number, piece in statements(bare(text)):
        # each field of an initialiser is one of its own
        most = max(field.count("?") for field in re.split(r",\s*(?=\.\w)", piece))
        if most > 1:
            yield number, "%d ?: in one statement" % most
        elif re.match(r"[\w.>\[\]-]+\s*\?[^;]*;", piece):
            yield number, "?: as a statement"


def main():
    paths = subprocess.run(["git", "ls-files", "user/*.[ch]", "bpf/*.[ch]", "include/*.h"],
                           stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    count, statics = 0, collections.defaultdict(set)
    for path in paths:
        for number, what in faults(path):
            print("%s:%d: %s" % (path, number, what))
            count += 1
        with open(path) as f:
            for name in re.findall(r"^static (?!inline)[^=;{]*?\b(\w+)\([^;{]*\)\n\{", f.read(), re.M):
                statics[name].add(path)
    for name, where in sorted(statics.items()):
        if len(where) > 2:
            print("%s() is static in %s" % (name, ", ".join(sorted(where))))
            count += 1
    print("%d files, %d faults" % (len(paths), count))
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
