# SPDX-License-Identifier: GPL-2.0-only
"""Packets by field: one table of header fields, a builder and a decoder over it.

    layers = parse(packet)          every field explicit
    packet, mask = build(layers)    lengths, protocol numbers and checksums computed from scratch unless given
    spans = fields(layers)          name, place and text of each field

A packet is a list of layers, from the IP header on. An ICMP error holds the packet that it quotes as a list of its
own. parse() never fails: what no header explains is a layer `data`, what lies behind the length that the IP header
declares is a layer `trailing`. A mask has a 1 for each bit that counts."""
import functools
import ipaddress
import re
from collections import namedtuple

AUTO = "auto"


class Number:
    """A number as text, in decimal or hexadecimal. `unit`: what one step on the wire stands for."""

    def __init__(self, form="%d", unit=1, names=()):
        self.form, self.unit, self.names = form, unit, dict(names)

    def text(self, value):
        return self.names.get(value) or self.form % (value * self.unit)

    def value(self, text):
        for value, name in self.names.items():
            if name == text:
                return value
        value, rest = divmod(int(text, 0), self.unit)
        if rest:
            raise ValueError("%s is not a multiple of %d" % (text, self.unit))
        return value


class Address:
    """An IPv4 or IPv6 address. Those of the well-known prefix show the IPv4 address within."""

    def __init__(self, size):
        self.size = size

    def text(self, value):
        if self.size == 4:
            return str(ipaddress.IPv4Address(value))
        if value >> 32 == 0x64ff9b << 64:
            return "64:ff9b::" + str(ipaddress.IPv4Address(value & 0xffffffff))
        return str(ipaddress.IPv6Address(value))

    def value(self, text):
        return int(ipaddress.IPv4Address(text) if self.size == 4 else ipaddress.IPv6Address(text))


class Flags:
    """Single bits by name, joined by +; 0 is none."""

    def __init__(self, *names):
        self.names = names

    def text(self, value):
        return "+".join(name for bit, name in enumerate(self.names) if value >> bit & 1) or "0"

    def value(self, text):
        return sum(1 << self.names.index(name) for name in text.split("+")) if text != "0" else 0


DEC, HEX = Number(), Number("%#x")
PROTOCOLS = {0: "hopopts", 1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 33: "dccp", 43: "routing", 44: "frag", 47: "gre",
             50: "esp", 51: "ah", 58: "icmp6", 59: "none", 60: "dstopts", 132: "sctp", 136: "udplite"}
PROTO = Number(names=PROTOCOLS)
ICMP_TYPE = Number(names={0: "echo-reply", 3: "unreachable", 4: "source-quench", 5: "redirect", 8: "echo",
                          11: "time-exceeded", 12: "parameter-problem"})
ICMP6_TYPE = Number(names={1: "unreachable", 2: "too-big", 3: "time-exceeded", 4: "parameter-problem", 128: "echo",
                           129: "echo-reply"})
TCP_FLAGS = Flags("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")

Field = namedtuple("Field", "name bits default show", defaults=(0, DEC))
# Bytes of a length of their own at the end of a header: `options`, or `data` without a structure known here.
Variable = namedtuple("Variable", "name")

PORTS = [Field("sport", 16), Field("dport", 16)]
CHECKSUM = Field("checksum", 16, AUTO, Number("0x%04x"))
OPTIONS_HEADER = [Field("next_header", 8, AUTO, PROTO), Field("length", 8, AUTO), Variable("options")]
HEADERS = {
    "ipv4": [Field("version", 4, 4), Field("ihl", 4, AUTO), Field("tos", 8, 0, HEX), Field("length", 16, AUTO),
             Field("id", 16, 0, HEX), Field("rf", 1), Field("df", 1), Field("mf", 1),
             Field("offset", 13, 0, Number(unit=8)), Field("ttl", 8, 64), Field("proto", 8, AUTO, PROTO), CHECKSUM,
             Field("src", 32, None, Address(4)), Field("dst", 32, None, Address(4)), Variable("options")],
    "ipv6": [Field("version", 4, 6), Field("tc", 8, 0, HEX), Field("flow", 20, 0, HEX),
             Field("payload_length", 16, AUTO), Field("next_header", 8, AUTO, PROTO), Field("hop_limit", 8, 64),
             Field("src", 128, None, Address(16)), Field("dst", 128, None, Address(16))],
    "hopopts": OPTIONS_HEADER,
    "dstopts": OPTIONS_HEADER,
    "routing": [Field("next_header", 8, AUTO, PROTO), Field("length", 8, AUTO), Field("type", 8),
                Field("segments_left", 8), Variable("data")],
    "frag": [Field("next_header", 8, AUTO, PROTO), Field("reserved", 8), Field("offset", 13, 0, Number(unit=8)),
             Field("res2", 2), Field("mf", 1), Field("id", 32, 0, HEX)],
    "udp": PORTS + [Field("length", 16, AUTO), CHECKSUM],
    "tcp": PORTS + [Field("seq", 32), Field("ack", 32), Field("offset", 4, AUTO), Field("reserved", 4),
                    Field("flags", 8, 16, TCP_FLAGS), Field("window", 16, 65535), CHECKSUM, Field("urgent", 16),
                    Variable("options")],
    # the first 8 bytes of TCP, as far as old routers quote it
    "tcp8": PORTS + [Field("seq", 32)],
    "udplite": PORTS + [Field("coverage", 16), CHECKSUM],
    "dccp": PORTS + [Field("offset", 8), Field("ccval", 4), Field("cscov", 4), CHECKSUM],
    "sctp": PORTS + [Field("tag", 32, 0, HEX), Field("checksum", 32, 0, HEX)],
    "icmp": [Field("type", 8, None, ICMP_TYPE), Field("code", 8), CHECKSUM],
    "icmp6": [Field("type", 8, None, ICMP6_TYPE), Field("code", 8), CHECKSUM],
    # RFC 4884: what stands behind the quoted packet, and each object in it
    "extension": [Field("version", 4, 2), Field("reserved", 12), CHECKSUM],
    "object": [Field("length", 16, AUTO), Field("class", 8), Field("type", 8), Variable("data")],
    "data": [Variable("data")],
    "trailing": [Variable("data")],
}
# Bytes 4 to 7 of an ICMP message, by type.
ECHO = [Field("id", 16), Field("seq", 16)]
LENGTH = Field("length", 8, AUTO)
REST = {
    "icmp": {0: ECHO, 8: ECHO, 3: [Field("unused", 8), LENGTH, Field("mtu", 16)],
             11: [Field("unused", 8), LENGTH, Field("unused2", 16)],
             12: [Field("pointer", 8), LENGTH, Field("unused", 16)]},
    "icmp6": {128: ECHO, 129: ECHO, 1: [LENGTH, Field("unused", 24)], 2: [Field("mtu", 32)],
              3: [LENGTH, Field("unused", 24)], 4: [Field("pointer", 32)]},
}
REST_UNKNOWN = [Field("rest", 32, 0, Number("0x%08x"))]
ICMP_ERRORS = {"icmp": (3, 4, 5, 11, 12), "icmp6": range(0, 128)}
LENGTH_UNIT = {"icmp": 4, "icmp6": 8}  # bytes in a step of the RFC 4884 length
NUMBER_OF = {name: number for number, name in PROTOCOLS.items()}
NUMBER_OF.update(tcp8=6, ipv4=4, ipv6=41)
OPTION_NAMES = {
    "ipv4": {0: "eol", 1: "nop", 7: "rr", 68: "ts", 130: "sec", 131: "lsrr", 137: "ssrr", 148: "alert"},
    "tcp": {0: "eol", 1: "nop", 2: "mss", 3: "wscale", 4: "sackok", 5: "sack", 8: "ts"},
    "hopopts": {0: "pad1", 1: "padn", 5: "alert", 194: "jumbo"},
    "dstopts": {0: "pad1", 1: "padn"},
}
BARE = {"ipv4": (0, 1), "tcp": (0, 1), "hopopts": (0,), "dstopts": (0,)}  # options of one byte


Table = namedtuple("Table", "fixed variable size")  # fields, name of the variable part or None, bytes of the fields


@functools.lru_cache(maxsize=None)
def table_of(kind, icmp_type):
    rows = HEADERS[kind] + (REST[kind].get(icmp_type, REST_UNKNOWN) if kind in REST else [])
    fixed = [row for row in rows if isinstance(row, Field)]
    variable = next((row.name for row in rows if isinstance(row, Variable)), None)
    return Table(fixed, variable, sum(field.bits for field in fixed) // 8)


class Layer:
    """A header or a run of bytes. `values` has what is given: numbers, bytes for a variable part; `masks` the bits
    that count where they are given."""

    def __init__(self, kind, values=None, masks=None, quote=None):
        self.kind, self.values, self.masks, self.quote = kind, values or {}, masks or {}, quote
        self.at = self.end = 0

    def table(self):
        return table_of(self.kind, self.values.get("type") if self.kind in REST else None)

    def fixed(self):
        return self.table().fixed

    def variable(self):
        return self.table().variable

    def fixed_size(self):
        return self.table().size

    def size(self):
        return self.fixed_size() + len(self.values.get(self.variable(), b""))

    def is_error(self):
        return self.kind in ICMP_ERRORS and self.values.get("type") in ICMP_ERRORS[self.kind]


def ones(data):
    """The ones' complement sum of RFC 1071 over 16-bit units, folded."""
    data = bytes(data) + b"\0" * (len(data) & 1)
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def bits_get(data, at, bits):
    """`bits` bits of bytes, from bit `at` on, as a number."""
    first, last = at // 8, (at + bits + 7) // 8
    return int.from_bytes(data[first:last], "big") >> (last * 8 - at - bits) & (1 << bits) - 1


def bits_put(data, at, bits, value):
    first, last = at // 8, (at + bits + 7) // 8
    shift = last * 8 - at - bits
    whole = int.from_bytes(data[first:last], "big") & ~((1 << bits) - 1 << shift) | value << shift
    data[first:last] = whole.to_bytes(last - first, "big")


def walk(layers):
    """Every layer, those of quoted packets included, in the order of the bytes."""
    for layer in layers:
        yield layer
        if layer.quote is not None:
            yield from walk(layer.quote)


def field_places(layer):
    """Each fixed field with the bit that it begins at."""
    at = layer.at * 8
    for field in layer.fixed():
        yield field, at
        at += field.bits


def place(layers, at=0):
    """Sets offset, end and surroundings of each layer. Returns the offset behind the last one."""
    ip = None
    for i, layer in enumerate(layers):
        layer.at, layer.next, layer.ip = at, layers[i + 1] if i + 1 < len(layers) else None, ip
        at += layer.size()
        if layer.quote is not None:
            at = place(layer.quote, at)
        layer.end = at
        if layer.kind in ("ipv4", "ipv6"):
            ip = layer
    end = next((layer.at for layer in layers if layer.kind == "trailing"), at)
    for layer in layers:
        layer.stop = end
    return at


def checksum_covers(layer, data):
    """First and last byte of what the checksum of a header covers; in a pseudo-header besides: see pseudo()."""
    if layer.kind == "ipv4":
        return layer.at, layer.at + layer.size()
    if layer.kind == "udplite" and 8 <= int.from_bytes(data[layer.at + 4:layer.at + 6], "big") <= layer.stop - layer.at:
        return layer.at, layer.at + int.from_bytes(data[layer.at + 4:layer.at + 6], "big")
    if layer.kind == "dccp" and data[layer.at + 5] & 15:
        words = data[layer.at + 4] + (data[layer.at + 5] & 15) - 1
        return layer.at, min(layer.stop, layer.at + words * 4)
    return layer.at, layer.stop


def pseudo(layer, data):
    """The pseudo-header's bytes, none where the checksum has no such."""
    if layer.kind in ("ipv4", "icmp", "extension") or layer.ip is None:
        return b""
    at, length = layer.ip.at, layer.stop - layer.at
    if layer.ip.kind == "ipv4":
        return bytes(data[at + 12:at + 20]) + bytes((0, NUMBER_OF[layer.kind])) + (length & 0xffff).to_bytes(2, "big")
    return bytes(data[at + 8:at + 40]) + length.to_bytes(4, "big") + bytes((0, 0, 0, NUMBER_OF[layer.kind]))


def checksum(layer, data):
    """The right checksum of a header, from scratch."""
    first, last = checksum_covers(layer, data)
    covered = bytearray(data[first:last])
    own = next(at for field, at in field_places(layer) if field.name == "checksum") // 8 - layer.at
    covered[own:own + 2] = b"\0\0"
    value = 0xffff - ones(pseudo(layer, data) + covered)
    return value or 0xffff if layer.kind in ("udp", "udplite") else value


def automatic(layer, field, data):
    """What a field that is computed has to be."""
    kind, name = layer.kind, field.name
    if name == "checksum":
        return checksum(layer, data)
    if name in ("next_header", "proto"):
        if layer.next is None or layer.next.kind not in NUMBER_OF:
            raise ValueError("%s: %s has to be given, as no header known here follows" % (kind, name))
        return NUMBER_OF[layer.next.kind]
    if name == "payload_length":
        return layer.stop - layer.at - 40
    if name == "ihl" or (kind, name) == ("tcp", "offset"):
        return layer.size() // 4
    if kind in ("ipv4", "udp"):
        return layer.stop - layer.at
    if kind in LENGTH_UNIT:
        extended = layer.next is not None and layer.next.kind == "extension"
        return (layer.end - layer.at - 8) // LENGTH_UNIT[kind] if extended else 0
    if kind == "object":
        return layer.size()
    return layer.size() // 8 - 1


def build(layers):
    """Returns packet and mask as bytes. Raises ValueError where a field has to be given."""
    data = bytearray(place(layers))
    mask = bytearray(b"\xff" * len(data))
    later = []
    for layer in walk(layers):
        for field, at in field_places(layer):
            value = layer.values.get(field.name, field.default)
            if value is None:
                raise ValueError("%s: %s has to be given" % (layer.kind, field.name))
            if value == AUTO and field.name == "checksum":
                later.append((layer, field, at))
                continue
            if value == AUTO:
                value = automatic(layer, field, data)
            if not 0 <= value < 1 << field.bits:
                raise ValueError("%s: %s: %d does not fit %d bits" % (layer.kind, field.name, value, field.bits))
            bits_put(data, at, field.bits, value)
        if layer.variable():
            at, value = layer.at + layer.fixed_size(), layer.values.get(layer.variable(), b"")
            data[at:at + len(value)] = value
            mask[at:at + len(value)] = layer.masks.get(layer.variable(), b"\xff" * len(value))
    # from the last to the first: the checksum of an ICMP error covers those of the packet that it quotes
    for layer, field, at in reversed(later):
        bits_put(data, at, 16, checksum(layer, data))
    for layer in reversed(list(walk(layers))):
        for field, at in field_places(layer):
            bits_put(mask, at, field.bits, layer.masks.get(field.name, mask_default(layer, field, data, mask)))
    return bytes(data), bytes(mask)


def hides(layer, name, bits):
    """Some bits of a field do not count."""
    full = (1 << bits) - 1
    return layer.masks.get(name, full) != full


def mask_default(layer, field, data, mask):
    """All bits count, but for a checksum over something hidden. The masks of what it covers are known already, but
    for its own header's."""
    full = (1 << field.bits) - 1
    if field.default != AUTO or field.name != "checksum":
        return full
    hidden = any(hides(layer, other.name, other.bits) for other in layer.fixed() if other is not field)
    if pseudo(layer, data):
        bits = 32 if layer.ip.kind == "ipv4" else 128
        hidden = hidden or hides(layer.ip, "src", bits) or hides(layer.ip, "dst", bits)
    covered = mask[layer.at + layer.fixed_size():checksum_covers(layer, data)[1]]
    return 0 if hidden or covered.strip(b"\xff") else full


# ---- decoder

def header(kind, data, at, variable=0):
    """The layer of a header at an offset, all its fields given."""
    layer = Layer(kind)
    layer.at = at
    if kind in REST:
        layer.values["type"] = data[at]
    for field, bit in field_places(layer):
        layer.values[field.name] = bits_get(data, bit, field.bits)
    if layer.variable():
        behind = at + layer.fixed_size()
        layer.values[layer.variable()] = bytes(data[behind:behind + variable])
    return layer


def run(data, first, last, kind="data"):
    """A layer of the bytes of a range; none for an empty one."""
    return [Layer(kind, {"data": bytes(data[first:last])})] if last > first else []


def parse_transport(data, at, end, proto, version):
    room = end - at
    if version == 6 and proto in (0, 43, 60) and room >= 8 and (data[at + 1] + 1) * 8 <= room:
        kind = PROTOCOLS[proto]
        layer = header(kind, data, at, (data[at + 1] + 1) * 8 - (4 if kind == "routing" else 2))
        return [layer] + parse_transport(data, at + layer.size(), end, data[at], version)
    if version == 6 and proto == 44 and room >= 8:
        layer = header("frag", data, at)
        if layer.values["offset"]:
            return [layer] + run(data, at + 8, end)
        return [layer] + parse_transport(data, at + 8, end, data[at], version)
    if proto == 6 and room >= 20:
        options = (data[at + 12] >> 4) * 4 - 20
        layer = header("tcp", data, at, options if 0 < options <= room - 20 else 0)
        return [layer] + run(data, at + layer.size(), end)
    if proto == 6 and room >= 8:
        return [header("tcp8", data, at)] + run(data, at + 8, end)
    if proto in (1, 58) and room >= 8:
        return parse_icmp(data, at, end, PROTOCOLS[proto])
    kind = {17: "udp", 33: "dccp", 132: "sctp", 136: "udplite"}.get(proto)
    if kind and room >= Layer(kind).fixed_size():
        layer = header(kind, data, at)
        return [layer] + run(data, at + layer.size(), end)
    return run(data, at, end)


def parse_icmp(data, at, end, kind):
    layer = header(kind, data, at)
    if not layer.is_error() or end == at + 8:
        return [layer] + run(data, at + 8, end)
    quoted = end
    if layer.values.get("length"):
        behind = at + 8 + layer.values["length"] * LENGTH_UNIT[kind]
        if behind + 4 <= end and data[behind] >> 4 == 2:
            quoted = behind
    layer.quote = parse_ip(data, at + 8, quoted)
    return [layer] + (parse_extension(data, quoted, end) if quoted < end else [])


def parse_extension(data, at, end):
    layers, at = [header("extension", data, at)], at + 4
    while end - at >= 4 and 4 <= int.from_bytes(data[at:at + 2], "big") <= end - at:
        layers.append(header("object", data, at, int.from_bytes(data[at:at + 2], "big") - 4))
        at += layers[-1].size()
    return layers + run(data, at, end)


def parse_ip(data, at, end):
    version = data[at] >> 4
    if version == 4 and end - at >= 20:
        options = (data[at] & 15) * 4 - 20
        layer = header("ipv4", data, at, options if 0 < options <= end - at - 20 else 0)
        declared, proto, later = at + layer.values["length"], layer.values["proto"], layer.values["offset"]
    elif version == 6 and end - at >= 40:
        layer = header("ipv6", data, at)
        declared, proto, later = at + 40 + layer.values["payload_length"], layer.values["next_header"], 0
        if not layer.values["payload_length"] and not proto:
            declared = end  # RFC 2675: a jumbogram, its length in the Hop-by-Hop options
    else:
        return run(data, at, end)
    first = at + layer.size()
    stop = declared if first <= declared < end else end
    inner = run(data, first, stop) if later else parse_transport(data, first, stop, proto, version)
    return [layer] + inner + run(data, stop, end, "trailing")


def parse(data):
    """The layers of a packet, every field given."""
    return parse_ip(data, 0, len(data)) if data else []


def simplify(layers, mask=None):
    """Leaves out what build() would come to by itself. `mask`: of the packet, default: all bits count."""
    explicit = {id(layer): dict(layer.values) for layer in walk(layers)}
    data, _ = build(layers)
    for layer in walk(layers):
        for field, at in field_places(layer):
            if field.name == "type" and layer.kind in REST:
                continue  # says which fields there are
            try:
                default = automatic(layer, field, data) if field.default == AUTO else field.default
            except ValueError:
                continue
            if explicit[id(layer)][field.name] == default:
                del layer.values[field.name]
        if layer.values.get(layer.variable()) == b"":
            del layer.values[layer.variable()]
    if mask is not None:
        simplify_masks(layers, data, mask)
    return layers


def masks_take(layers, mask):
    """Gives every field its part of a packet's mask. The layers are placed."""
    for layer in walk(layers):
        layer.masks = {field.name: bits_get(mask, at, field.bits) for field, at in field_places(layer)}
        at, size = layer.at + layer.fixed_size(), len(layer.values.get(layer.variable(), b""))
        if mask[at:at + size].strip(b"\xff"):
            layer.masks[layer.variable()] = bytes(mask[at:at + size])


def simplify_masks(layers, data, mask):
    masks_take(layers, mask)
    usual = [(layer, field.name) for layer in walk(layers) for field in layer.fixed()
             if layer.masks[field.name] == mask_default(layer, field, data, mask)]
    for layer, name in usual:
        del layer.masks[name]


# ---- names and texts of fields

Span = namedtuple("Span", "name at bits show")  # `at`: first bit; `show`: None for a run of bytes


def names(layers, prefix=""):
    """Each layer with its name: quoted packets have a prefix, a second header of a kind a number."""
    seen = {}
    for layer in layers:
        seen[layer.kind] = seen.get(layer.kind, 0) + 1
        yield layer, prefix + layer.kind + (str(seen[layer.kind]) if seen[layer.kind] > 1 else "")
        if layer.quote is not None:
            yield from names(layer.quote, prefix + "quoted ")


def option_places(layer):
    """(name, offset, length) of each option of a header; what makes no sense is one piece."""
    data, at = layer.values.get("options", b""), 0
    while at < len(data):
        kind = data[at]
        size = 1 if kind in BARE[layer.kind] else 0
        if not size and at + 1 < len(data):
            size = data[at + 1] + (2 if layer.kind in ("hopopts", "dstopts") else 0)
            size = size if 2 <= size <= len(data) - at else 0
        yield OPTION_NAMES[layer.kind].get(kind, "opt%d" % kind) if size else "raw", at, size or len(data) - at
        at += size or len(data) - at


def option_spans(name, at, size):
    """The spans of one option: of a number its first two bytes, kind and length, and the number."""
    if name.endswith((".mss", ".wscale")) and size > 2:
        return [Span(name + ".kind+length", at, 16, None), Span(name, at + 16, size * 8 - 16, DEC)]
    return [Span(name, at, size * 8, None)]


def fields(layers):
    """Spans of all fields of layers that are placed, in the order of the bytes."""
    spans = []
    for layer, name in names(layers):
        spans += [Span("%s.%s" % (name, field.name), at, field.bits, field.show) for field, at in field_places(layer)]
        variable, at = layer.variable(), layer.at + layer.fixed_size()
        if variable == "options":
            for option, first, size in option_places(layer):
                spans += option_spans("%s.options.%s" % (name, option), (at + first) * 8, size)
        elif layer.values.get(variable):
            label = name if layer.kind in ("data", "trailing") else "%s.%s" % (name, variable)
            spans.append(Span(label, at * 8, len(layer.values[variable]) * 8, None))
    return spans


# ---- text of options

def options_text(layer):
    """Options as text: name, or name:HEX of what follows the length; mss and wscale as a number."""
    data, out = layer.values["options"], []
    for name, at, size in option_places(layer):
        if name == "raw":
            out.append("raw:" + data[at:].hex())
        elif size == 1:
            out.append(name)
        elif name in ("mss", "wscale") and size == {"mss": 4, "wscale": 3}[name]:
            out.append("%s:%d" % (name, int.from_bytes(data[at + 2:at + size], "big")))
        elif name == "padn" and not any(data[at + 2:at + size]):
            out.append("padn:%d" % size)
        else:
            out.append(name + (":" + data[at + 2:at + size].hex() if size > 2 else ""))
    return ",".join(out)


def option_value(kind, text):
    """The bytes of one option."""
    name, _, rest = text.partition(":")
    if name == "raw":
        return bytes.fromhex(rest)
    number = next((n for n, known in OPTION_NAMES[kind].items() if known == name), None)
    if number is None and re.fullmatch(r"opt\d+", name):
        number = int(name[3:])
    if number is None:
        raise ValueError("%s has no option %s" % (kind, name))
    if number in BARE[kind]:
        return bytes((number,))
    if name == "padn":
        body = bytes(int(rest) - 2)
    elif name in ("mss", "wscale"):
        body = int(rest).to_bytes(2 if name == "mss" else 1, "big")
    else:
        body = bytes.fromhex(rest)
    return bytes((number, len(body) + (0 if kind in ("hopopts", "dstopts") else 2))) + body


def options_value(kind, text):
    """The bytes of options as text, padded to what the header needs: IPv4 and TCP to 4, IPv6 to 8 bytes."""
    data = b"".join(option_value(kind, option) for option in text.split(","))
    if kind in ("ipv4", "tcp"):
        return data + bytes(-len(data) % 4)
    short = -(len(data) + 2) % 8
    return data + (b"" if not short else b"\0" if short == 1 else bytes((1, short - 2)) + bytes(short - 2))
