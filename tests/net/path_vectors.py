# SPDX-License-Identifier: GPL-2.0-only
"""The conformance vectors of stage "path", through the kernel's IPv4 stack: results as run-vectors prints
them, for tests/conformance/match.py. Configuration of each: tests/conformance/README.md."""
import json
import sys

import raw
from ends import CLIENT, WAIT, WEB, counters, enter, ip, server


def interface_mtus(config):
    space = server("ip", "netns", "identify").strip()
    vpn, wan = str(config.get("vpn_mtu", 1500)), str(config.get("wan_mtu", 1500))
    for where, name, mtu in ((CLIENT, "vpn0", vpn), (space, "vpn0", vpn), (space, "wan0", wan), (WEB, "eth0", wan)):
        ip("-n", where, "link", "set", name, "mtu", mtu)


def load(config):
    """A fresh instance; the vectors' defaults are not all ours."""
    server("nat64-bpf", "unload", "vpn0")
    open_ = "deny" if config.get("wkpf_strict") else "allow"
    command = ["nat64-bpf", "load", "vpn0", "--clients", config.get("vpn_net", "fd00::/64"), "--pool",
               config.get("pool", "192.168.240.0/20"), "--private", open_, "--hairpin", open_, "--mss-clamp", "off",
               "--nat44", "none", "--guard", "off", "--own6", "fd00::1", "--own4", "192.168.240.1",
               "--static", "192.168.240.2 fd00::2", "--static", "192.168.240.3 fd00::3"]
    server(*command)


def link_noise(packet):
    """Neighbour and multicast listener discovery of the kernels."""
    return packet[0] >> 4 == 6 and (packet[6] == 0 or packet[6] == 58 and packet[40] in range(130, 144))


def is_error(packet):
    if packet[0] >> 4 == 6:
        return packet[6] == 58 and packet[40] < 128
    return packet[9] == 1 and packet[20] in (3, 4, 5, 11, 12)


def run(vector, mac):
    known = {"vpn_mtu", "wan_mtu", "wkpf_strict", "pool", "vpn_net"}
    if set(vector["config"]) - known:
        sys.exit("%s: settings %s unknown here" % (vector["name"], set(vector["config"]) - known))
    interface_mtus(vector["config"])
    load(vector["config"])
    enter(CLIENT)
    vpn = raw.Link("vpn0", "ip6", mac.get("vpn"))
    enter(WEB)
    wan = raw.Link("eth0", "ip", mac["wan"])
    ends = {"vpn": vpn, "wan": wan}
    ends[vector["inject"]].send(bytes.fromhex(vector["input"]))
    want = len(vector["expect"].get("packets", [0]))
    packets = ends[vector["observe"]].receive(WAIT, lambda p: not link_noise(p), want)
    # one more than expected would show here
    packets += ends[vector["observe"]].receive(WAIT / 4, lambda p: not link_noise(p))
    verdict = "dropped" if not packets else "icmp-error" if is_error(packets[0]) else "translated"
    now = counters()
    print(vector["name"], verdict, len(packets), now, file=sys.stderr)
    # out of the interface that it came from, the kernel also answers with a Redirect, which has no translation
    if now["drops"] not in ({}, {"icmp-type": 1} if vector["name"].startswith("path-hairpin") else {}):
        sys.exit("%s: dropped: %s" % (vector["name"], now["drops"]))
    return {"name": vector["name"], "verdict": verdict, "packets": [p.hex() for p in packets]}


def main():
    mac = {"wan": bytes.fromhex(sys.argv[2].replace(":", ""))}
    if len(sys.argv) > 3:
        mac["vpn"] = bytes.fromhex(sys.argv[3].replace(":", ""))
    with open(sys.argv[1]) as vectors:
        for line in vectors:
            vector = json.loads(line)
            if vector["stage"] == "path":
                print(json.dumps(run(vector, mac)), flush=True)


if __name__ == "__main__":
    main()
