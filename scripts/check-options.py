# SPDX-License-Identifier: GPL-2.0-only
"""Called by scripts/check options: verbs, options and settings of the built program (help -j) against the man pages and
the completion, both ways. Prints what differs; exit status 1 then."""
import json
import os
import re
import subprocess
import sys

PROGRAM = os.environ.get("NAT64_BUILD", "build") + "/user/nat64-bpf"
faults = []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def compare(what, here, there, where_here, where_there):
    for word in sorted(here - there):
        faults.append(f"{what} {word}: in {where_here}, not in {where_there}")
    for word in sorted(there - here):
        faults.append(f"{what} {word}: in {where_there}, not in {where_here}")


if not os.access(PROGRAM, os.X_OK):
    sys.exit(f"{PROGRAM}: not built")
helps = json.loads(subprocess.run([PROGRAM, "help", "-j"], check=True, capture_output=True, timeout=20).stdout)
verb_rows = {row["verb"]: row for row in helps["verbs"]}
rows = [row for row in verb_rows["load"]["details"] if row["setting"]]
keys = {row["option"] for row in rows}
page5, page8 = read("docs/nat64-bpf.conf.5"), read("docs/nat64-bpf.8")
later = re.search(r"^\.Sh NOT IN THIS VERSION\n(?:(?!\.Sh ).*\n)*", page8, re.M)
later = later[0] if later else ""
page8 = page8.replace(later, "")
completion = read("scripts/completion/nat64-bpf.bash")

# nat64-bpf.conf(5): an entry for each key, with the words of its value; the default that is a single word.
entries = {m[1]: m for m in re.finditer(r"^\.It Cm ([a-z0-9-]+)((?: .*)?)\n((?:(?!\.It |\.El).*\n)*)", page5, re.M)}
compare("key", keys, set(entries), "the program", "docs/nat64-bpf.conf.5")
for row in rows:
    key = row["option"]
    if key not in entries:
        continue
    heading, text = entries[key][2], entries[key][3]
    for word in row["words"] + re.findall(r"\b[a-z]+\b", row["value"]):
        if not re.search(rf"\b{word}\b", heading):
            faults.append(f"key {key}: value {word} is missing in its heading in docs/nat64-bpf.conf.5")
    for word in re.findall(r"\b[a-z]+\b", re.sub(r"\b(?:Ar|Cm|Ns|Oo|Oc) ", "", heading)):
        if not re.search(rf"\b{word}\b", row["value"]):
            faults.append(f"key {key}: value {word} is in its heading in docs/nat64-bpf.conf.5, not in the program")
    plain = re.sub(r"^\.(?:Cm|Li|Pa|Ar) ", "", text, flags=re.M).replace("\n", " ")
    for said in re.findall(r"Default: (\S+?),? ", plain) + re.findall(r"(\S+) , the default", plain):
        if "default" in row and said != row["default"]:
            faults.append(f"key {key}: its default is {row['default']}, docs/nat64-bpf.conf.5 says {said}")
    if row["repeatable"] != ("Repeatable" in text):
        faults.append(f"key {key}: is it repeatable? docs/nat64-bpf.conf.5 says otherwise")

# nat64-bpf(8) lists the keys as options of load; so does the completion.
load_list = re.search(r"^A setting:\n((?:\.Fl -.*\n)*)", page8, re.M)
compare("option", {"--" + key for key in keys},
        set("--" + word for word in re.findall(r"\.Fl -([a-z0-9-]+)", load_list[1] if load_list else "")),
        "the program", "docs/nat64-bpf.8 (load)")
words = {name: set(text.split()) for name, text in
         re.findall(r'^\tlocal (global|verbs|load)="([^"]*)"', completion, re.M)}
compare("option", {"--" + key for key in keys}, words["load"] - {"--dry-run", "--replace"},
        "the program", "the completion (load)")
values = {}
body = completion.split("_nat64_bpf_values() {")[1].split("\n}")[0].replace("\\\n", "")
for names, words_after in re.findall(r"^\t(--[^)]*)\)\s*echo ([^;]*?)\s*;;", body, re.M):
    for name in re.findall(r"--([a-z0-9-]+)", names):
        values[name] = {word for word in words_after.split() if word[0] != "@"}
for row in rows:
    key, offered = row["option"], set(row["words"]) | set(re.findall(r"^[a-z]+", row["value"].split("|")[-1]))
    if key not in values:
        faults.append(f"option --{key}: the completion does not know what follows it")
    elif values[key] - {row.get("default")} != offered - {row.get("default")}:
        faults.append(f"option --{key}: the completion offers {sorted(values[key])}, the program takes {sorted(offered)}")

# Verbs and options: page and completion, then the program.
synopsis = page8.split(".Sh DESCRIPTION")[0]
verbs = set(re.findall(r"^\.Cm ([a-z-]+)", synopsis, re.M))
described = set(re.findall(r"^\.It Cm ([a-z-]+)", page8, re.M))
compare("verb", verbs, described, "docs/nat64-bpf.8 (synopsis)", "docs/nat64-bpf.8 (verbs)")
compare("verb", verbs, words["verbs"], "docs/nat64-bpf.8", "the completion")
flags = {"--" + word for word in re.findall(r"(?:Fl|\||,) -([a-z0-9][a-z0-9-]+)", page8)}
promised = set(re.findall(r"^\.It Cm ((?:map )?[a-z-]+)", later, re.M))
compare("option", flags, set(re.findall(r"--[a-z0-9-]{2,}", completion)), "docs/nat64-bpf.8", "the completion")

has = set(verb_rows)
compare("verb", has, verbs, "the program", "docs/nat64-bpf.8")
options = {"--" + row["option"] for row in helps["options"]}
options |= {"--" + name for row in helps["verbs"] for name in row["options"]}
compare("option", options, flags, "the program", "docs/nat64-bpf.8")
actions = {"map " + word for word in re.findall(r"[a-z]+", verb_rows["map"]["operands"])}
for verb in sorted((has | actions) & promised):
    faults.append(f"verb {verb}: docs/nat64-bpf.8 says that it is not in this version, the program has it")
if ("run" in has) != ("nat64-bpf-run@.service" in read("scripts/meson.build")):
    faults.append("nat64-bpf-run@.service is to be installed when the program has the verb run, and only then")

print("\n".join(faults) or f"{len(keys)} keys, {len(verbs)} verbs, {len(flags)} options")
sys.exit(bool(faults))
