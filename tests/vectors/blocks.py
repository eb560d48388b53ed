# SPDX-License-Identifier: GPL-2.0-only
"""Vectors as text: the form of tests/vectors/*.vec, and its way to and from the objects of a JSONL file.

The form is described in tests/conformance/README.md, "How to add a vector"."""
import difflib
import json
import os
import re

import packet
from packet import Layer

HERE = os.path.dirname(os.path.abspath(__file__))
INLINE = 40         # bytes of data that stand in the vector itself; longer ones have a name in payloads.txt
OUT_FLAGS = ("pool_source", "same_id", "allow_trailing", "unverifiable")
VERDICTS = ("translated", "dropped", "icmp-error", "passed-untouched")


class Fault(Exception):
    """Something in a text that cannot be read: what, and the line's place."""


# ---- payloads that are too long to read

def payloads_read(path=os.path.join(HERE, "payloads.txt")):
    """name -> bytes. A line `NAME:`, its bytes in indented lines below."""
    found, name = {}, None
    with open(path) as f:
        for line in f:
            if line.startswith(" "):
                found[name] += bytes.fromhex(line)
            elif line.strip() and not line.startswith("#"):
                name = line.strip().rstrip(":")
                found[name] = b""
    return found


class Bytes:
    """Runs of bytes as text. `source`: the data of the packet that goes in, what `in` stands for."""

    def __init__(self, payloads, source=b""):
        self.payloads, self.source = payloads, source

    def piece(self, text):
        """(bytes, mask) of one word: "TEXT", HEX, ?? for a byte that is hidden, count:N, in, NAME; then [A:B], *N."""
        core, times = re.fullmatch(r"(.*?)(?:\*(\d+))?", text).groups()
        core, first, last = re.fullmatch(r"([^\[\]\"]*|\".*\")(?:\[(\d*):(\d*)\])?", core).groups()
        if core.startswith('"'):
            value = core[1:-1].encode()
        elif core == "in":
            value = self.source
        elif core.startswith("count:"):
            value = bytes(i & 255 for i in range(int(core[6:])))
        elif core in self.payloads:
            value = self.payloads[core]
        elif re.fullmatch(r"(?:[0-9a-f]{2}|\?\?)+", core):
            value = bytes.fromhex(core.replace("?", "0"))
        else:
            raise ValueError("no bytes: %s" % text)
        hidden = re.fullmatch(r"(?:[0-9a-f]{2}|\?\?)+", core) and "?" in core
        mask = bytes(0 if core[i] == "?" else 255 for i in range(0, len(core), 2)) if hidden else b"\xff" * len(value)
        first, last = int(first or 0), int(last) if last else len(value)
        if last > len(value):
            raise ValueError("%s: there are %d bytes" % (text, len(value)))
        return value[first:last] * int(times or 1), mask[first:last] * int(times or 1)

    def value(self, words):
        pieces = [self.piece(word) for word in words]
        return b"".join(p[0] for p in pieces), b"".join(p[1] for p in pieces)

    def text(self, data, mask=None):
        """The shortest words for a run of bytes."""
        if mask:
            return "".join("%02x" % byte if bits else "??" for byte, bits in zip(data, mask))
        if len(data) >= 4 and len(set(data)) == 1:
            return "%02x*%d" % (data[0], len(data))
        for name, known in [("in", self.source)] + list(self.payloads.items()):
            at = known.find(data) if len(data) >= 8 and (name == "in" or len(data) > INLINE) else -1
            if at >= 0:
                whole = len(data) == len(known)
                return name if whole else "%s[%s:%d]" % (name, at or "", at + len(data))
        if len(data) >= 8 and all(32 <= byte < 127 and byte != 34 for byte in data):
            return '"%s"' % data.decode()
        zeros = len(data) - len(data.rstrip(b"\0"))
        if zeros >= 8:
            return "%s 00*%d" % (self.text(data[:-zeros]), zeros)
        return data.hex()


def innermost_data(layers):
    """The bytes of the last layer `data`, what `in` stands for."""
    found = [layer.values["data"] for layer in packet.walk(layers) if layer.kind == "data"]
    return found[-1] if found else b""


# ---- packets

def mask_text(field, mask):
    """A mask that hides a part of a field: ?/N for the first N bits that count, else ?HEX."""
    ones = bin(mask).count("1")
    if mask == (1 << ones) - 1 << field.bits - ones:
        return "?/%d" % ones
    return "?%x" % mask


def mask_value(field, text):
    if text.startswith("/"):
        return (1 << int(text[1:])) - 1 << field.bits - int(text[1:])
    return int(text, 16)


def layer_text(layer, runs):
    if layer.kind in ("data", "trailing"):
        return "%s %s" % (layer.kind, runs.text(layer.values["data"], layer.masks.get("data")))
    words = [layer.kind]
    # addresses first, though they come last on the wire
    for field in sorted(layer.fixed(), key=lambda field: not isinstance(field.show, packet.Address)):
        full, mask = (1 << field.bits) - 1, layer.masks.get(field.name)
        if field.name in layer.values or mask is not None:
            value = field.show.text(layer.values[field.name]) if field.name in layer.values else ""
            sign = {None: "", 0: "?", full: "!"}.get(mask) if mask in (None, 0, full) else mask_text(field, mask)
            words.append("%s=%s%s" % (field.name, value, sign))
    variable = layer.variable()
    if variable == "options" and "options" in layer.values:
        text = packet.options_text(layer)
        if packet.options_value(layer.kind, text) != layer.values["options"]:
            text = "raw:" + layer.values["options"].hex()
        if packet.options_value(layer.kind, text) != layer.values["options"]:
            raise ValueError("options that cannot be written: %s" % text)
        words.append("options=" + text)
    elif variable and variable in layer.values:
        value = runs.text(layer.values[variable])
        words.append("%s=%s" % (variable, layer.values[variable].hex() if " " in value else value))
    if variable and layer.masks.get(variable):
        raise ValueError("%s: hidden bytes in %s" % (layer.kind, variable))
    return " ".join(words)


def packet_text(layers, runs, indent=4):
    """Lines of a packet; a quoted one is indented further."""
    for layer in layers:
        yield " " * indent + layer_text(layer, runs)
        if layer.quote is not None:
            yield from packet_text(layer.quote, runs, indent + 4)


def field_value(layer, kind, word, runs):
    """Takes a word NAME=VALUE, NAME=VALUE?, NAME=? or NAME=VALUE?MASK."""
    name, sign, text = word.partition("=")
    known = {field.name: field for field in layer.fixed()}
    if name == layer.variable() and sign:
        layer.values[name] = packet.options_value(kind, text) if name == "options" else runs.piece(text)[0]
        return
    if not sign or name not in known:
        close = difflib.get_close_matches(name, known)
        raise ValueError("%s has no field %s%s" % (kind, name, "; did you mean %s?" % close[0] if close else ""))
    field = known[name]
    text, sign, mask = re.fullmatch(r"([^?!]*)([?!]?)(/?[0-9a-f]*)", text).groups()
    if sign:
        layer.masks[name] = mask_value(field, mask) if mask else (1 << field.bits) - 1 if sign == "!" else 0
    if text:
        layer.values[name] = field.show.value(text)


def layer_read(line, runs):
    kind, *words = re.findall(r'"[^"]*"\S*|\S+', line)
    if kind not in packet.HEADERS:
        close = difflib.get_close_matches(kind, packet.HEADERS)
        raise ValueError("no header is called %s%s" % (kind, "; did you mean %s?" % close[0] if close else ""))
    layer = Layer(kind)
    if kind in ("data", "trailing"):
        value, mask = runs.value(words)
        layer.values["data"] = value
        if mask.strip(b"\xff"):
            layer.masks["data"] = mask
        return layer
    # the type of an ICMP message says which fields there are
    for word in sorted(words, key=lambda word: not word.startswith("type=")):
        field_value(layer, kind, word, runs)
    return layer


def packet_cut(layers, size, padding):
    """The first bytes of a packet, then padding: lengths and checksums are those of the whole."""
    data, mask = packet.build(layers)
    if size >= len(data):
        raise ValueError("the packet has %d bytes" % len(data))
    layers = packet.parse(data[:size] + padding)
    packet.place(layers)
    packet.masks_take(layers, mask[:size] + b"\xff" * len(padding))
    return layers


def packet_read(lines, runs):
    """Layers of lines [(number, text)]; deeper lines are the packet quoted by the ICMP message above."""
    layers, depth = [], None
    while lines:
        number, text = lines[0]
        here = len(text) - len(text.lstrip())
        depth = here if depth is None else depth
        if here < depth:
            break
        try:
            if here > depth:
                if not layers or layers[-1].kind not in ("icmp", "icmp6") or layers[-1].quote is not None:
                    raise ValueError("only an ICMP message quotes a packet (deeper lines)")
                layers[-1].quote = packet_read(lines, runs)
                continue
            lines.pop(0)
            cut = re.fullmatch(r"\s*cut (\d+)(.*)", text)
            if cut:
                return packet_cut(layers, int(cut[1]), runs.value(cut[2].split())[0])
            layers.append(layer_read(text, runs))
        except (ValueError, AttributeError) as error:
            raise Fault("line %d: %s: %s" % (number, text.strip(), error)) from None
    return layers


# ---- outcomes

def verify_names(layers, hidden):
    """The checksums to be verified, as match.py calls them: hidden ones."""
    out = []
    for layer in layers:
        name = {"ipv4": "ip4", "icmp": "icmp4"}.get(layer.kind, layer.kind)
        if name in ("ip4", "icmp4", "icmp6", "tcp", "udp") and hidden(layer):
            out.append(name)
        if layer.kind == "icmp" and layer.quote and layer.quote[0].kind == "ipv4" and hidden(layer.quote[0]):
            out.append("inner-ip4")
    return out


def verify_default(verdict, layers, mask):
    """The checksums that the real packet has to have right: those that the mask hides, and in an error that the
    translator sends the outer ones."""
    def hidden(layer):
        if verdict == "icmp-error" and layer in layers:
            return True
        at = next((at for field, at in packet.field_places(layer) if field.name == "checksum"), None)
        return at is not None and not packet.bits_get(mask, at, 16)

    packet.place(layers)
    return verify_names(layers, hidden)


def decode(data, mask=None):
    """Layers of a packet as they are written: what build() would come to is left out."""
    layers = packet.simplify(packet.parse(data), mask)
    if packet.build(layers) != (data, mask or b"\xff" * len(data)):
        layers = [Layer("data", {"data": data}, {"data": mask} if mask and mask.strip(b"\xff") else {})]
    return layers


def outcome_text(word, outcome, vector, runs):
    """Lines of an outcome; `word`: out or or."""
    entries = outcome.get("packets", [outcome] if "packet" in outcome else [])
    untouched = outcome["verdict"] == "passed-untouched" and entries
    if untouched and (outcome["packet"], outcome["mask"]) == (vector["input"], "f" * len(vector["input"])):
        entries = []
    words = [word, outcome["verdict"]]
    words += [flag + ("" if outcome[flag] else "=false") for flag in OUT_FLAGS if flag in outcome]
    lines = []
    for i, entry in enumerate(entries):
        data, mask = bytes.fromhex(entry["packet"]), bytes.fromhex(entry["mask"])
        layers = decode(data, mask)
        if entry.get("verify", []) != verify_default(outcome["verdict"], layers, mask):
            words.append("verify=" + (",".join(entry.get("verify", [])) or "none"))
        lines += (["  packet"] if i else []) + list(packet_text(layers, runs))
    if "why" in outcome:
        words.append("because " + outcome["why"])
    return [" ".join(words)] + lines


def entry_read(lines, runs, verdict, verify):
    layers = packet_read(lines, runs)
    try:
        data, mask = packet.build(layers)
    except ValueError as error:
        raise Fault(str(error)) from None
    entry = {"packet": data.hex(), "mask": mask.hex()}
    checks = verify_default(verdict, layers, mask) if verify is None else [name for name in verify if name != "none"]
    if checks:
        entry["verify"] = checks
    return entry


def outcome_read(head, lines, vector, runs):
    """(number, text) of the line `out ...` or `or ...`, and those below."""
    number, text = head
    text, because, why = text.partition(" because ")
    words = text.split()[1:]
    outcome, verify, flags = {"verdict": words[0] if words else ""}, None, []
    if outcome["verdict"] not in VERDICTS:
        raise Fault("line %d: a verdict is one of %s" % (number, ", ".join(VERDICTS)))
    for word in words[1:]:
        if word.startswith("verify="):
            verify = word[7:].split(",")
        elif word.partition("=")[0] in OUT_FLAGS and word.partition("=")[2] in ("", "false"):
            flags.append(word)
        else:
            raise Fault("line %d: %s is none of verify=, %s" % (number, word, ", ".join(OUT_FLAGS)))
    entries = []
    while lines:
        if lines[0][1].strip() == "packet":
            lines.pop(0)
        entries.append(entry_read(lines, runs, outcome["verdict"], verify))
    if len(entries) > 1:
        outcome["packets"] = [{"verdict": outcome["verdict"], **entry} for entry in entries]
    elif entries:
        outcome.update(entries[0])
    elif outcome["verdict"] == "passed-untouched":
        outcome.update(packet=vector["input"], mask="f" * len(vector["input"]))
    if because:
        outcome["why"] = why
    outcome.update((flag.partition("=")[0], "=" not in flag) for flag in flags)
    return outcome


# ---- vectors

def config_text(key, value):
    if isinstance(value, dict):
        return "config %s %s" % (key, " ".join("%s=%s" % pair for pair in value.items()))
    return "config %s %s" % (key, value if isinstance(value, str) else json.dumps(value))


def config_value(words):
    if all("=" in word for word in words):
        return dict(word.split("=", 1) for word in words)
    try:
        return json.loads(words[0])
    except ValueError:
        return words[0]


def vector_text(vector, payloads):
    """The block of a vector, without the name of its group."""
    runs = Bytes(payloads)
    strength = [] if vector["strength"] == "MUST" else [vector["strength"]]
    lines = ["vector " + vector["name"], " ".join(["clause"] + strength + vector["requirements"])]
    lines += [config_text(*pair) for pair in vector["config"].items()]
    lines += ["%s %s" % (key, vector[key]) for key in ("reason", "drop", "optional", "note") if key in vector]
    if vector["stage"] == "path":
        lines.append("path %s %s" % (vector["inject"], vector["observe"]))
    lines.append("in " + vector["direction"])
    layers = decode(bytes.fromhex(vector["input"]))
    lines += packet_text(layers, runs)
    runs.source = innermost_data(layers)
    lines += outcome_text("out", vector["expect"], vector, runs)
    for outcome in vector.get("accept", ()):
        lines += outcome_text("or", outcome, vector, runs)
    return "\n".join(lines) + "\n"


def block_read(lines, group, payloads):
    """The vector of a block's lines [(number, text)]."""
    runs, config, extra, outcomes, vector = Bytes(payloads), {}, {}, [], {"group": group}
    while lines:
        number, text = lines.pop(0)
        key, *words = text.split()
        below = []
        while lines and lines[0][1].startswith(" "):
            below.append(lines.pop(0))
        if below and key not in ("in", "out", "or") or text.startswith(" "):
            raise Fault("line %d: only in, out and or have a packet below" % number)
        if key == "vector" and len(words) == 1:
            vector["name"] = words[0]
        elif key == "clause" and words:
            strength = words[0] if words[0] in ("MUST", "SHOULD", "MAY") else None
            vector["strength"], vector["requirements"] = strength or "MUST", words[1:] if strength else words
        elif key == "config" and len(words) > 1:
            config[words[0]] = config_value(words[1:])
        elif key in ("reason", "drop", "optional", "note") and words:
            extra[key] = text.split(None, 1)[1]
        elif key == "path" and len(words) == 2:
            vector["inject"], vector["observe"] = words
        elif key == "in" and words in (["v6to4"], ["v4to6"]):
            vector["direction"] = words[0]
            layers = packet_read(below, runs)
            try:
                vector["input"] = packet.build(layers)[0].hex()
            except ValueError as error:
                raise Fault("line %d: %s" % (number, error)) from None
            runs.source = innermost_data(layers)
        elif key in ("out", "or") and "input" in vector and (key == "or") == bool(outcomes):
            outcomes.append(outcome_read((number, text), below, vector, runs))
        else:
            raise Fault("line %d: cannot be read here: %s" % (number, text))
    missing = [key for key in ("name", "requirements", "input") if key not in vector] + ["out"] * (not outcomes)
    if missing:
        raise Fault("a vector lacks %s" % ", ".join(missing))
    return ordered(vector, config, outcomes, extra)


def ordered(vector, config, outcomes, extra):
    """The object of a vector, its keys in the order that the JSONL files have."""
    out = {key: vector[key] for key in ("name", "group", "requirements", "strength", "direction")}
    out.update(stage="path" if "inject" in vector else "hook", config=config, input=vector["input"], expect=outcomes[0])
    if len(outcomes) > 1:
        out["accept"] = outcomes[1:]
    out.update((key, extra[key]) for key in ("reason", "drop", "optional", "note") if key in extra)
    out.update((key, vector[key]) for key in ("inject", "observe") if key in vector)
    return out


def read(path, payloads=None):
    """The vectors of a file GROUP.vec, in its order. Raises Fault with file and line."""
    payloads = payloads_read() if payloads is None else payloads
    group, vectors, block = os.path.basename(path).partition(".")[0], [], []
    with open(path) as f:
        lines = [(number, line.rstrip()) for number, line in enumerate(f, 1)] + [(0, "vector")]
    try:
        for number, text in lines:
            if text.split()[:1] == ["vector"] and not text.startswith(" ") and block:
                vectors.append(block_read(block, group, payloads))
                block = []
            if text and not text.lstrip().startswith("#"):
                block.append((number, text))
    except Fault as fault:
        raise Fault("%s: %s" % (path, fault)) from None
    return vectors


def line(vector):
    """A line of JSONL."""
    return json.dumps(vector, separators=(",", ":"), ensure_ascii=False)
