#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The vectors as text are those of the conformance file; builder, decoder and the differences by field."""
import glob
import json
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "conformance")]
import difference  # noqa: E402
import match  # noqa: E402
import packet  # noqa: E402
import vectors  # noqa: E402
import blocks  # noqa: E402

PAYLOADS = blocks.payloads_read()
FILES = {os.path.basename(path)[:-4]: blocks.read(path, PAYLOADS) for path in glob.glob(os.path.join(HERE, "*.vec"))}
VECTORS = [vector for found in FILES.values() for vector in found]


def entries(vector):
    """All packets that a vector wants or tolerates, with their masks."""
    for outcome in [vector["expect"]] + vector.get("accept", []):
        for entry in outcome.get("packets", [outcome] if "packet" in outcome else []):
            yield bytes.fromhex(entry["packet"]), bytes.fromhex(entry["mask"])


def block(lines):
    """The vector of a text."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "some.vec")
        with open(path, "w") as f:
            f.write(lines)
        return blocks.read(path, PAYLOADS)[0]


def built(lines):
    """The packet of lines, its mask."""
    numbered = [(number, line) for number, line in enumerate(lines.strip("\n").split("\n"), 1)]
    return packet.build(blocks.packet_read(numbered, blocks.Bytes(PAYLOADS)))


UDP = """
    ipv6 src=fd00::2 dst=64:ff9b::192.88.99.5
    udp sport=40001 dport=53
    data "question"
"""
QUOTE = """
    ipv4 src=203.0.113.1 dst=192.168.240.2 id=?
    icmp type=time-exceeded
        ipv4 src=192.168.240.2 dst=192.88.99.5 ttl=1 id=?
        udp sport=40001 dport=53
        data count:600
        cut 128
    extension
    object class=1 type=1 data=003e8101
"""


class Texts(unittest.TestCase):
    def test_conformance_file(self):
        """Text and conformance/vectors.jsonl hold the same vectors, byte by byte."""
        with open(os.path.join(HERE, "..", "conformance", "vectors.jsonl")) as f:
            lines = f.read().splitlines()
        have = {json.loads(line)["name"]: line for line in lines}
        want = {vector["name"]: blocks.line(vector) for vector in VECTORS if vector["group"] != "extra"}
        self.assertEqual(len(have), len(lines))
        self.assertEqual(sorted(set(have) ^ set(want)), [])
        for name, line in want.items():
            self.assertEqual(have[name], line)

    def test_names(self):
        """A name stands once, and every group has a section of spec.md or is `extra`."""
        names = [vector["name"] for vector in VECTORS]
        self.assertEqual(sorted(names), sorted(set(names)))
        with open(os.path.join(HERE, "..", "conformance", "spec.md")) as f:
            spec = f.read()
        for group in FILES:
            self.assertTrue(group == "extra" or "`%s`" % group in spec, group)

    def test_there_and_back(self):
        """A vector made text by the decoder is the same vector again."""
        for vector in VECTORS:
            lines = blocks.vector_text(vector, PAYLOADS).splitlines()
            again = blocks.block_read([(i, line) for i, line in enumerate(lines, 1)], vector["group"], PAYLOADS)
            self.assertEqual(again, vector)

    def test_manual(self):
        """The example of the manual can be read."""
        with open(os.path.join(HERE, "..", "conformance", "README.md")) as f:
            examples = f.read().split("```\n")
        whole = [example for example in examples if example.startswith("vector ")]
        self.assertEqual(len(whole), 1)
        self.assertEqual(block(whole[0])["requirements"], ["R-5.1-02"])
        headers = [example for example in examples if example.startswith("    ipv4 ")]
        self.assertEqual(len(built(headers[0])[0]), 168)

    def test_update(self):
        """vectors.py update brings a JSONL file up to date, its order kept."""
        with open(os.path.join(HERE, "..", "conformance", "vectors.jsonl")) as f:
            right = f.read()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "some.jsonl")
            with open(path, "w") as f:
                f.write(right.replace('"requirements":["R-SYS-11"]', '"requirements":["R-SYS-12"]'))
            vectors.update(path, os.path.join(HERE, "robust.vec"))
            with open(path) as f:
                self.assertEqual(f.read(), right)

    def test_faults(self):
        """What cannot be read names file, line and what was meant."""
        good = "vector v\nclause R-5.1-01\nin v6to4\n    ipv6 src=fd00::2 dst=fd00::3\n    udp sport=1 dport=2\nout dropped\n"
        self.assertEqual(block(good)["expect"], {"verdict": "dropped"})
        for old, new, fault in (
                ("dst=fd00::3", "dts=fd00::3", "some.vec: line 4: .* ipv6 has no field dts; did you mean dst?"),
                ("dst=fd00::3", "dst=fd00::g", "line 4"), (" dst=fd00::3", "", "dst has to be given"),
                ("    udp", "    upd", "no header is called upd; did you mean udp?"),
                ("    udp", "        udp", "line 5: .*quotes a packet"), ("sport=1", "sport=65536", "does not fit 16 bits"),
                ("    udp sport=1 dport=2", "    data 00", "next_header has to be given"),
                ("dport=2", "dport=2\n    data r7z", "no bytes: r7z"), ("dport=2", "dport=2\n    cut 48", "48 bytes"),
                ("dropped", "droppd", "line 6: a verdict is one of"), ("clause R-5.1-01\n", "", "lacks requirements"),
                ("in v6to4", "in 6to4", "line 3: cannot be read here"), ("out dropped\n", "", "lacks out")):
            self.assertIn(old, good)
            with self.assertRaisesRegex(blocks.Fault, fault.replace("?", "[?]")):
                block(good.replace(old, new))


class Packets(unittest.TestCase):
    def test_decoder(self):
        """Every packet comes out of the decoder as it went in, and each of its bits belongs to one field."""
        for vector in VECTORS:
            for data in [bytes.fromhex(vector["input"])] + [data for data, _ in entries(vector)]:
                layers = packet.parse(data)
                self.assertEqual(packet.build(layers)[0], data)
                at = 0
                for span in packet.fields(layers):
                    self.assertEqual(span.at, at)
                    at += span.bits
                self.assertEqual(at, len(data) * 8)

    def test_cut_packets(self):
        """So does every packet that ends too early, and one of noise."""
        for vector in VECTORS[::19]:
            data = bytes.fromhex(vector["input"])[:200]
            for size in range(1, len(data)):
                self.assertEqual(packet.build(packet.parse(data[:size]))[0], data[:size])
                noise = data[:size][::-1]
                self.assertEqual(packet.build(packet.parse(noise))[0], noise)

    def test_computed(self):
        """Lengths, protocol numbers and checksums from scratch: known bytes, and match.py finds them right."""
        data, mask = built(UDP)
        self.assertEqual(data.hex(), "6000000000101140fd000000000000000000000000000002" "0064ff9b0000000000000000c0586305"
                         "9c41003500108836" + b"question".hex())
        self.assertEqual(mask, b"\xff" * 56)
        self.assertTrue(match.verify("udp", data))
        data, mask = built(QUOTE)
        self.assertEqual(len(data), 20 + 8 + 128 + 12)
        self.assertEqual((data[0], int.from_bytes(data[2:4], "big"), data[9], data[25]), (0x45, 168, 1, 32))
        self.assertEqual(int.from_bytes(data[30:32], "big"), 628)  # of the whole quoted packet
        for check in ("ip4", "icmp4", "inner-ip4"):
            self.assertTrue(match.verify(check, data), check)
        self.assertEqual(match.ones(data[156:]), 0xffff)
        # what hides: both identifications, their header checksums, the ICMP checksum over one of them
        self.assertEqual([i for i, bits in enumerate(mask) if not bits], [4, 5, 10, 11, 22, 23, 32, 33, 38, 39])

    def test_broken(self):
        """Packets that lie can be written."""
        data, _ = built(UDP.replace("udp ", "udp length=7 checksum=0x0001 ").replace("ipv6 ", "ipv6 payload_length=99 "))
        self.assertEqual((data[4:6], data[44:48]), (b"\0\x63", b"\0\x07\0\x01"))
        data, _ = built(UDP + "    trailing 00*5")
        self.assertEqual((len(data), data[4:6]), (61, b"\0\x10"))
        self.assertEqual(built(UDP + "    cut 45")[0], built(UDP)[0][:45])
        data, _ = built(UDP.replace("    udp", "    hopopts options=alert:0000\n    dstopts options=opt30:01\n    udp"))
        self.assertEqual(data[40:56].hex(), "3c000502000001001100" + "1e0101010100")

    def test_icmp_error_checks(self):
        """An outcome derives which checksums are to be verified from what its mask hides."""
        head = "vector v\nclause R-1-01\nin v6to4" + UDP + "out translated\n"
        self.assertEqual(block(head + QUOTE[1:])["expect"]["verify"], ["ip4", "icmp4", "inner-ip4"])
        self.assertNotIn("verify", block(head + QUOTE[1:].replace("id=?", ""))["expect"])
        self.assertEqual(block(head.replace("out translated", "out translated verify=udp") + UDP[1:])["expect"]["verify"], ["udp"])


class Differences(unittest.TestCase):
    def lines(self, wanted, change):
        """What is said of a packet after a change to its bytes."""
        data, mask = built(wanted)
        return list(difference.field_differences(data, mask, change(bytearray(data))))

    def put(self, at, value):
        def change(data):
            data[at:at + len(value)] = value
            return bytes(data)
        return change

    def test_names(self):
        for wanted, at, value, said in (
                (UDP, 7, b"\x3f", "ipv6.hop_limit is 63, want 64"), (UDP, 6, b"\x06", "ipv6.next_header is tcp, want udp"),
                (UDP, 40, b"\0\x01", "udp.sport is 1, want 40001"),
                (UDP, 23, b"\x07", "ipv6.src is fd00::7, want fd00::2"),
                (UDP, 39, b"\x09", "ipv6.dst is 64:ff9b::192.88.99.9, want 64:ff9b::192.88.99.5"),
                (UDP, 50, b"k", "data byte 2 (packet byte 50) is 6b, want 65"),
                (UDP, 48, b"answered", "data byte 0 (packet byte 48) is 61, want 71, 8 bytes differ"),
                (QUOTE, 36, b"\x02", "quoted ipv4.ttl is 2, want 1"), (QUOTE, 34, b"\x20\0", "quoted ipv4.mf is 1, want 0"),
                (QUOTE, 48, b"\0\0", "quoted udp.sport is 0, want 40001"),
                (QUOTE, 165, b"\x3f", "object.data byte 1 (packet byte 165) is 3f, want 3e")):
            self.assertEqual(self.lines(wanted, self.put(at, value)), [said])
        self.assertEqual(self.lines(QUOTE, self.put(4, b"\x12\x34")), [])
        syn = UDP.replace("udp sport=40001 dport=53", "tcp sport=1 dport=2 flags=syn options=mss:1360,nop,wscale:7")
        self.assertEqual(self.lines(syn, self.put(62, b"\x05\xb4")), ["tcp.options.mss is 1460, want 1360"])
        self.assertEqual(self.lines(syn, self.put(53, b"\x12")), ["tcp.flags is syn+ack, want syn"])

    def test_lengths(self):
        self.assertEqual(self.lines(UDP, lambda data: bytes(data) + b"\x01"),
                         ["the packet has 57 bytes, want 56, behind it 01"])
        self.assertEqual(self.lines(UDP, lambda data: bytes(data[:50])),
                         ["data has 2 bytes, want 8", "the packet has 50 bytes, want 56"])
        self.assertEqual(self.lines(UDP, lambda data: bytes(data[:46])),
                         ["udp.checksum is missing, want 0x8836", "data has 0 bytes, want 8",
                          "the packet has 46 bytes, want 56"])

    def test_every_field(self):
        """A bit that counts, wrong in any field of any wanted packet, names that field and no other."""
        for vector in VECTORS[::13]:
            for data, mask in entries(vector):
                for span in difference.spans_of(data)[1]:
                    at = next((at for at in range(span.at, span.at + span.bits) if packet.bits_get(mask, at, 1)), None)
                    if at is None:
                        continue
                    got = bytearray(data)
                    got[at // 8] ^= 0x80 >> at % 8
                    lines = list(difference.field_differences(data, mask, bytes(got)))
                    self.assertEqual(len(lines), 1)
                    self.assertTrue(lines[0].startswith(span.name + " "), lines)

    def test_explain(self):
        """Verdict, checksum and table."""
        vector = block("vector v\nclause R-1-01\nin v6to4" + UDP + "out translated" + QUOTE)
        right = bytes.fromhex(vector["expect"]["packet"])
        self.assertEqual(list(difference.explain(vector, "translated", [right])), [])
        lines = list(difference.explain(vector, "translated", [self.put(10, b"\0\0")(bytearray(right))]))
        self.assertEqual(lines[0], "ipv4.checksum is 0x0000, want 0x%s as computed" % right[10:12].hex())
        lines = list(difference.explain(vector, "translated", [self.put(8, b"\x3f")(bytearray(right))]))
        self.assertEqual(lines[0], "ipv4.ttl is 63, want 64")
        rows = [line.split() for line in lines]
        self.assertIn(["ipv4.ttl", "64", "63", "<"], rows)
        self.assertIn(["ipv4.id", "0x0*", "0x0"], rows)
        self.assertEqual(sum(row[-1] == "<" for row in rows), 1)
        lines = list(difference.explain(vector, "dropped", []))
        self.assertEqual(lines[0], "dropped, packets: 0; want translated, packets: 1")
        self.assertIn("    udp sport=40001 dport=53", lines)


if __name__ == "__main__":
    unittest.main()
