# SPDX-License-Identifier: GPL-2.0-only
"""Tables and plots of scripts/bench host, tcp, growth and flood: tables.py host|tcp|growth|flood RAW OUT (without suffix)."""
import collections
import statistics
import sys

from report import WORDS, V6_UP, bars


def lines(raw, fields):
    with open(raw, encoding="utf-8") as file:
        found = [line.rstrip("\n").split("\t") for line in file]
    found = [f for f in found if len(f) in fields]
    if not found:
        sys.exit(f"{raw}: no result")
    return found


def write(out, head, rows, text):
    with open(out + ".tsv", "w", encoding="utf-8") as file:
        for row in [head] + rows:
            print(*(f"{v:.3f}" if isinstance(v, float) else v for v in row), sep="\t", file=file)
    with open(out + ".md", "w", encoding="utf-8") as file:
        print(text, file=file)


def host(raw, out):
    """Each round's value against IPv4 + masquerade of the same round; the median of these ratios."""
    cells = collections.defaultdict(dict)
    for link, offload, what, streams, case, turn, value in lines(raw, (7,)):
        cells[link, offload, what, streams, case][turn] = float(value)
    rows, plot, text, last = [], [], [], None
    for (link, offload, what, streams, case), turns in sorted(cells.items(), key=lambda c: (
            c[0][:4], list(WORDS).index(c[0][4]))):
        base = cells[link, offload, what, streams, "masquerade"]
        ratios = sorted(v / base[t] for t, v in turns.items() if base.get(t))
        rows.append((link, offload, what, streams, case, statistics.median(turns.values()), statistics.median(ratios),
                     ratios[0], ratios[-1], len(ratios)))
        if streams == "1" and what == "tcp-up" and case != "masquerade":
            plot.append((f"{link}, offload {offload}: {WORDS[case]}", rows[-1][6], case.startswith("nat64")))
    cases = [c for c in WORDS if any(r[4] == c for r in rows)]
    text.append("| link | offload | what | streams | " + " | ".join(WORDS[c] for c in cases) + " |\n" +
                "|---" * (4 + len(cases)) + "|")
    for key in sorted({r[:4] for r in rows}):
        of = {r[4]: r for r in rows if r[:4] == key}
        unit = " Mbit/s" if key[2].startswith("tcp") else "/s"
        text.append("| " + " | ".join(key) + " | " + " | ".join(
            f"{of[c][5]:,.0f}{unit}" if c == "masquerade" else f"{of[c][6]:.2f} ({of[c][7]:.2f}-{of[c][8]:.2f})"
            for c in cases) + " |")
    write(out, ("link", "offload", "what", "streams", "case", "median", "ratio", "least", "most", "rounds"), rows,
          "\n".join(text))
    bars(out + ".svg", "TCP up, one stream, IPv4 + masquerade = 1.00", plot)


def growth(raw, out):
    rows = [(int(f[0]), int(f[1]), f[3]) + tuple(map(int, f[4:])) for f in lines(raw, (7,)) if f[2] == "growth"]
    of = collections.defaultdict(dict)
    for length, asked, what, *cost in rows:
        of[length, asked][what] = cost
    loads = {length: v["product load"][0] for (length, _), v in of.items() if "product load" in v}
    text = ["| pool | bindings | up (most) | down (most) | memory of the maps | programs and maps loaded | "
            "`nat64-bpf load` |\n|---|---|---|---|---|---|---|"]
    for (length, _), v in of.items():
        if "up" in v:
            text.append(f"| /{length} | {v['bindings'][0]:,} | {v['up'][1]:,} ({v['up'][2]:,}) | {v['down'][1]:,} "
                        f"({v['down'][2]:,}) | {v['memory'][0] / 2**20:.1f} MiB | {v['load'][0] / 1e6:,.0f} M | "
                        f"{loads[length] / 1e6:,.0f} M |")
    write(out, ("length", "bindings asked for", "what", "least", "median", "most"), rows, "\n".join(text))
    one = next(v for v in of.values() if "up" in v)
    bars(out + ".svg", "Instructions of the program, by pool and bindings; the first = 1.00",
         [(f"/{k[0]}, {v['bindings'][0]:,}: {way}", v[way][1] / one[way][1], True)
          for k, v in of.items() if "up" in v for way in ("up", "down")])


def flood(raw, out):
    runs, hops, base = [], collections.defaultdict(dict), {}
    for field in lines(raw, (5, 7)):
        if field[0] == "flood" and field[1] != "load":
            runs.append((field[1],) + tuple(map(int, field[2:])))
        elif len(field) == 7 and field[0].startswith("drop"):
            base[field[0], field[3]] = float(field[4])
        elif len(field) == 7:
            hops[field[0]][field[3]] = float(field[5])
    known = next(r[2] for r in runs if r[0] == "translated")
    text = ["| packet of | instructions of the program | of a translated packet |\n|---|---|---|"]
    rows = [("program", r[0], float(r[2]), r[2] / known) for r in runs]
    text += [f"| {r[1]} | {r[2]:,.0f} | {r[3]:.1f} |" for r in rows]
    sums = {}
    text.append("\n| | first packet | answer | second packet | together | ratio |\n|---|---|---|---|---|---|")
    for case, of in hops.items():
        if {"first", "reply", "second"} <= of.keys():
            drop = base["drop6" if case in V6_UP else "drop4", "up"]
            sums[case] = [of["first"] - drop, of["reply"] - base["drop4", "down"], of["second"] - drop]
    if "masquerade" not in sums:
        sys.exit(f"{raw}: masquerade, to which all is compared, is missing")
    ratio = {case: sum(part) / sum(sums["masquerade"]) for case, part in sums.items()}
    for case, part in sums.items():
        rows.append(("hop", case, sum(part), ratio[case]))
        text.append(f"| {WORDS[case]} | " + " | ".join(f"{p:,.0f}" for p in part) +
                    f" | {sum(part):,.0f} | {ratio[case]:.2f} |")
    write(out, ("of", "case", "instructions", "ratio"), rows, "\n".join(text))
    bars(out + ".svg", "Opening a flow (three packets), IPv4 + masquerade = 1.00",
         [(WORDS[c], r, c.startswith("nat64")) for c, r in ratio.items()])


{"host": host, "tcp": host, "growth": growth, "flood": flood}[sys.argv[1]](*sys.argv[2:])
