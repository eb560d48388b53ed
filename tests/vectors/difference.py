# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a packet, by field: `ipv6.hop_limit is 63, want 62`, and both packets side by side."""
import difflib
import os
import sys

import packet
import blocks

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from match import same  # noqa: E402

SHOWN = 16  # bytes of a run that the table shows


def spans_of(data):
    layers = packet.parse(data)
    packet.place(layers)
    return layers, packet.fields(layers)


def shown(span, data):
    """A field's value as text; what lies behind the packet's end is missing."""
    if span.at + span.bits > len(data) * 8:
        return "missing"
    if span.show:
        return span.show.text(packet.bits_get(data, span.at, span.bits))
    value = data[span.at // 8:(span.at + span.bits) // 8]
    return value.hex() if len(value) <= SHOWN else "%s... (%d bytes)" % (value[:SHOWN].hex(), len(value))


def differs(span, want, mask, got):
    """Whether bits that count are different, or missing."""
    if span.at + span.bits > len(got) * 8:
        return True
    return bool((packet.bits_get(want, span.at, span.bits) ^ packet.bits_get(got, span.at, span.bits)) &
                packet.bits_get(mask, span.at, span.bits))


def run_difference(span, want, mask, got):
    """The first byte of a run that is different, and how many are."""
    first, last = span.at // 8, (span.at + span.bits) // 8
    wrong = [at for at in range(first, min(last, len(got))) if (want[at] ^ got[at]) & mask[at]]
    if not wrong:
        return "%s has %d bytes, want %d" % (span.name, max(0, len(got) - first), last - first)
    more = ", %d bytes differ" % len(wrong) if len(wrong) > 1 else ""
    return "%s byte %d (packet byte %d) is %02x, want %02x%s" % (
        span.name, wrong[0] - first, wrong[0], got[wrong[0]], want[wrong[0]], more)


def field_differences(want, mask, got):
    """A line for each field of the wanted packet that is different, and for lengths."""
    _, spans = spans_of(want)
    for span in spans:
        if not differs(span, want, mask, got):
            continue
        if span.show:
            yield "%s is %s, want %s" % (span.name, shown(span, got), shown(span, want))
        else:
            yield run_difference(span, want, mask, got)
    if len(got) != len(want):
        behind = ", behind it %s" % got[len(want):][:SHOWN].hex() if len(got) > len(want) else ""
        yield "the packet has %d bytes, want %d%s" % (len(got), len(want), behind)


def checksum_differences(checks, got):
    """A line for each checksum of the real packet that has to be right and is not."""
    layers, _ = spans_of(got)
    for check in checks:
        kind = {"ip4": "ipv4", "icmp4": "icmp", "inner-ip4": "ipv4"}.get(check, check)
        for layer, name in packet.names(layers):
            if layer.kind != kind or name.startswith("quoted") != (check == "inner-ip4"):
                continue
            right = packet.checksum(layer, got)
            if layer.values["checksum"] != right:
                yield "%s.checksum is 0x%04x, want 0x%04x as computed" % (name, layer.values["checksum"], right)


def table(want, mask, got):
    """Lines of both packets side by side, a field in each; * is a value that does not count."""
    left, right = spans_of(want)[1], spans_of(got)[1]
    rows = [("", "want", "got", "")]
    match = difflib.SequenceMatcher(None, [s.name for s in left], [s.name for s in right], autojunk=False)
    for _, i, i_end, j, j_end in match.get_opcodes():
        for n in range(max(i_end - i, j_end - j)):
            one = left[i + n] if i + n < i_end else None
            two = right[j + n] if j + n < j_end else None
            if one and two and one.name == two.name:
                rows.append(row(one, two, want, mask, got))
                continue
            rows += [(one.name, shown(one, want), "", "<")] if one else []
            rows += [(two.name, "", shown(two, got), "<")] if two else []
    widths = [max(len(r[column]) for r in rows) for column in range(3)]
    for r in rows:
        yield ("%-*s  %-*s  %-*s %s" % (widths[0], r[0], widths[1], r[1], widths[2], r[2], r[3])).rstrip()


def row(one, two, want, mask, got):
    hidden = one.bits and not packet.bits_get(mask, one.at, one.bits)
    wrong = not hidden and (one.bits != two.bits or one.at == two.at and differs(one, want, mask, got) or
                            one.at != two.at and shown(one, want) != shown(two, got))
    return one.name, shown(one, want) + ("*" if hidden else ""), shown(two, got), "<" if wrong else ""


def entry_lines(entry, got, allow_trailing):
    want, mask = bytes.fromhex(entry["packet"]), bytes.fromhex(entry["mask"])
    if allow_trailing:
        got = got[:len(want)]
    if same(entry, got) is None:
        return
    yield from field_differences(want, mask, got)
    yield from checksum_differences(entry.get("verify", ()), got)
    yield from table(want, mask, got)


def explain(vector, verdict, packets):
    """Lines that say how an outcome differs from the one wanted, for a vector that match.py fails."""
    expect = vector["expect"]
    wants = expect.get("packets") or ([expect] if "packet" in expect else [])
    if verdict == expect["verdict"] and len(wants) == len(packets):
        for number, (entry, got) in enumerate(zip(wants, packets), 1):
            lines = list(entry_lines(entry, got, expect.get("allow_trailing")))
            if lines and len(wants) > 1:
                yield "packet %d:" % number
            yield from lines
        return
    yield "%s, packets: %d; want %s, packets: %d" % (verdict, len(packets), expect["verdict"], len(wants))
    runs = blocks.Bytes({}, blocks.innermost_data(packet.parse(bytes.fromhex(vector["input"]))))
    named = [("in", vector["input"], None)] + [("want", entry["packet"], entry["mask"]) for entry in wants]
    for name, data, mask in named + [("got", got.hex(), None) for got in packets]:
        yield name
        layers = blocks.decode(bytes.fromhex(data), bytes.fromhex(mask) if mask else None)
        yield from blocks.packet_text(layers, blocks.Bytes({}) if name == "in" else runs)
