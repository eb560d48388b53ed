# SPDX-License-Identifier: GPL-2.0-only
"""Makes of the lines of hop.c a TSV file, a table and a plot: report.py RAW OUT (without suffix).

The hop: instructions of a case less those of sending alone (drop4, drop6). Own: the hop less the floor, which is
what receiving and the passage from one veth to another cost in every case."""
import sys

WORDS = {"forward4": "IPv4 forward", "forward6": "IPv6 forward", "masquerade": "IPv4 + masquerade",
         "flowtable": "IPv4 + masquerade + flowtable", "tayga": "TAYGA + masquerade",
         "nat64-slow": "nat64-bpf, slow path", "nat64-fast": "nat64-bpf, fast path",
         "nat64-tc": "nat64-bpf, slow path, complete checksums",
         "nat64-xdppass": "the same behind an XDP program that passes all", "nat64-xdp": "the same, xdp = native",
         "nat64-xdpgen": "the same, xdp = generic"}
SUMMED = {"nat64-tc", "nat64-xdppass", "nat64-xdp", "nat64-xdpgen"}		# the client completes checksums
V6_UP = {"forward6", "tayga", "nat64-slow", "nat64-fast"} | SUMMED	# the client sends IPv6
V6_DOWN = {"forward6"}						# the web server does


def main(raw, out):
    cells = {}
    for line in open(raw, encoding="utf-8"):
        field = line.rstrip("\n").split("\t")
        if len(field) == 7:
            case, size, flows, way = field[0], int(field[1]), int(field[2]), field[3]
            cells[case, size, flows, way] = float(field[4]), float(field[5]), int(field[6])
    if not cells:
        sys.exit(f"{raw}: no result")

    def base(case, size, way):
        v6 = case in (V6_DOWN if way == "down" else V6_UP)
        drop = "drop4" if not v6 else "drop6s" if case in SUMMED else "drop6"
        some = [v for k, v in cells.items() if k[0] == drop and k[1] == size
                and k[3] == ("down" if way == "down" else "up")]
        return some[0][0]

    def hop(case, size, flows, way):
        cell = cells.get((case, size, flows, way))
        return cell[0] - base(case, size, way) if cell else None

    shapes = sorted({k[1:3] for k in cells if k[0] in WORDS})
    rows = []
    for case in WORDS:
        for size, flows in shapes:
            for way in "up", "down", "first":
                value = hop(case, size, flows, way)
                if value is None:
                    continue
                reference = hop("masquerade", size, flows, way)
                floor = next((hop("floor", s, f, w) for c, s, f, w in cells
                              if c == "floor" and s == size and w == ("down" if way == "down" else "up")), None)
                own = value - floor if floor is not None else None
                own_reference = reference - floor if floor is not None else None
                rows.append((case, size, flows, way, value, value / reference, own,
                             own / own_reference if own is not None else None, cells[case, size, flows, way][2]))

    with open(out + ".tsv", "w", encoding="utf-8") as file:
        print("case", "bytes", "flows", "direction", "hop", "of masquerade", "own", "own of masquerade", "lost",
              sep="\t", file=file)
        for row in rows:
            print(*(f"{v:.3f}" if isinstance(v, float) and abs(v) < 50 else f"{v:.0f}" if isinstance(v, float) else v
                    for v in row), sep="\t", file=file)
    with open(out + ".md", "w", encoding="utf-8") as file:
        for size, flows in shapes:
            print(f"{size} bytes, {flows} flows:\n", file=file)
            print("| | up | ratio | own | down | ratio | own |\n|---|---|---|---|---|---|---|", file=file)
            for case, word in WORDS.items():
                of = {r[3]: r for r in rows if r[:3] == (case, size, flows)}
                if "up" in of and "down" in of:
                    print(f"| {word} |", " | ".join(
                        f"{of[w][4]:,.0f} | {of[w][5]:.2f} | {of[w][6]:,.0f} ({of[w][7]:.2f})"
                        for w in ("up", "down")), "|", file=file)
            print(file=file)
    bars(out + ".svg", "Instructions per packet of the forwarding hop, IPv4 + masquerade = 1.00",
         [(f"{WORDS[r[0]]}, {r[3]}", r[5], r[0].startswith("nat64")) for r in rows
          if r[1:3] == (64, 64) and r[3] in ("up", "down")])


def bars(path, title, rows):
    """A plot of rows (label, ratio, ours?); what is longer than the axis is cut, its number says how long it is."""
    most, height, width, left = 2.0, 18, 440, 300
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{len(rows) * height + 50}" '
             f'font-family="sans-serif" font-size="12">', f'<text x="4" y="16">{title}</text>']
    for i, (label, ratio, ours) in enumerate(rows):
        y = 30 + i * height
        length = min(ratio, most) / most * width
        lines.append(f'<text x="{left - 6}" y="{y + 12}" text-anchor="end">{label}</text><rect x="{left}" y="{y}" '
                     f'width="{length:.0f}" height="{height - 4}" fill="{"#2a7" if ours else "#999"}"/>'
                     f'<text x="{left + length + 5:.0f}" y="{y + 12}">{ratio:.2f}</text>')
    x = left + width / most
    lines.append(f'<line x1="{x}" y1="26" x2="{x}" y2="{len(rows) * height + 30}" stroke="#333" '
                 'stroke-dasharray="3"/></svg>')
    with open(path, "w", encoding="utf-8") as file:
        print("\n".join(lines), file=file)


if __name__ == "__main__":
    main(*sys.argv[1:])
