# SPDX-License-Identifier: GPL-2.0-only
"""Called by scripts/check options: the keys of user/config/opt.h, and verbs and options of the program's help where it
is built, against the man pages and the completion, both ways. Prints what differs; exit status 1 then."""
import os
import re
import subprocess
import sys

PROGRAM = "build/user/nat64-bpf"
faults = []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def compare(what, here, there, where_here, where_there):
    for word in sorted(here - there):
        faults.append(f"{what} {word}: in {where_here}, not in {where_there}")
    for word in sorted(there - here):
        faults.append(f"{what} {word}: in {where_there}, not in {where_here}")


rows = re.findall(r'^\tX\(\w+,\s*"([a-z0-9-]+)",\s*"([^"]*)",\s*"([^"]*)",\s*(true|false),', read("user/config/opt.h"), re.M)
if len(rows) < 20:
    sys.exit("user/config/opt.h: the list of keys is not understood")
keys = {row[0] for row in rows}
page5, page8 = read("docs/nat64-bpf.conf.5"), read("docs/nat64-bpf.8")
later = re.search(r"^\.Sh NOT IN THIS VERSION\n(?:(?!\.Sh ).*\n)*", page8, re.M)
later = later[0] if later else ""
page8 = page8.replace(later, "")
completion = read("scripts/completion/nat64-bpf.bash")

# nat64-bpf.conf(5): an entry for each key, with the words of its value; the default that is a single word.
entries = {m[1]: m for m in re.finditer(r"^\.It Cm ([a-z0-9-]+)((?: .*)?)\n((?:(?!\.It |\.El).*\n)*)", page5, re.M)}
compare("key", keys, set(entries), "user/config/opt.h", "docs/nat64-bpf.conf.5")
for key, value, _, repeatable in rows:
    if key not in entries:
        continue
    heading, text = entries[key][2], entries[key][3]
    for word in re.findall(r"\b[a-z]+\b", value):
        if not re.search(rf"\b{word}\b", heading):
            faults.append(f"key {key}: value {word} is missing in its heading in docs/nat64-bpf.conf.5")
    if (repeatable == "true") != ("Repeatable" in text):
        faults.append(f"key {key}: is it repeatable? docs/nat64-bpf.conf.5 says otherwise")

# nat64-bpf(8) lists the keys as options of load; so does the completion.
load_list = re.search(r"^A setting:\n((?:\.Fl -.*\n)*)", page8, re.M)
compare("option", {"--" + key for key in keys},
        set("--" + word for word in re.findall(r"\.Fl -([a-z0-9-]+)", load_list[1] if load_list else "")),
        "user/config/opt.h", "docs/nat64-bpf.8 (load)")
words = {name: set(text.split()) for name, text in
         re.findall(r'^\tlocal (global|verbs|load)="([^"]*)"', completion, re.M)}
compare("option", {"--" + key for key in keys}, words["load"] - {"--dry-run", "--replace"},
        "user/config/opt.h", "the completion (load)")
for key in keys:
    if not re.search(rf"^\t[^#]*--{key}\b[^#]*\)|^\t--{key}\b.*\\$", completion, re.M):
        faults.append(f"option --{key}: the completion does not know what follows it")

# Verbs and options: page and completion, then the program.
synopsis = page8.split(".Sh DESCRIPTION")[0]
verbs = set(re.findall(r"^\.Cm ([a-z-]+)", synopsis, re.M))
described = set(re.findall(r"^\.It Cm ([a-z-]+)", page8, re.M))
compare("verb", verbs, described, "docs/nat64-bpf.8 (synopsis)", "docs/nat64-bpf.8 (verbs)")
compare("verb", verbs, words["verbs"], "docs/nat64-bpf.8", "the completion")
flags = {"--" + word for word in re.findall(r"(?:Fl|\||,) -([a-z0-9][a-z0-9-]+)", page8)}
promised = set(re.findall(r"^\.It Cm ((?:map )?[a-z-]+)", later, re.M))
compare("option", flags, set(re.findall(r"--[a-z0-9-]{2,}", completion)), "docs/nat64-bpf.8", "the completion")

if os.access(PROGRAM, os.X_OK):
    def shown(*arguments):
        run = subprocess.run([PROGRAM, "help", *arguments], capture_output=True, text=True, timeout=20)
        if run.returncode:
            faults.append(f"{PROGRAM} help {' '.join(arguments)}: exit status {run.returncode}")
        return run.stdout

    general = shown()
    has = set(re.findall(r"^ +([a-z][a-z-]+) ", general, re.M)) & (verbs | words["verbs"]) | \
        set(re.findall(r"^  ([a-z][a-z-]+)\b", general, re.M))
    compare("verb", has, verbs, "the program", "docs/nat64-bpf.8")
    options = set(re.findall(r"--[a-z0-9-]{2,}", general + "".join(shown(verb) for verb in sorted(has))))
    compare("option", options, flags, "the program", "docs/nat64-bpf.8")
    actions = re.search(r"^  map ([a-z|/]+)", general, re.M)
    actions = {"map " + word for word in re.findall(r"[a-z]+", actions[1] if actions else "")}
    for verb in sorted((has | actions) & promised):
        faults.append(f"verb {verb}: docs/nat64-bpf.8 says that it is not in this version, the program has it")
    if ("run" in has) != ("nat64-bpf-run@.service" in read("scripts/meson.build")):
        faults.append("nat64-bpf-run@.service is to be installed when the program has the verb run, and only then")

print("\n".join(faults) or f"{len(keys)} keys, {len(verbs)} verbs, {len(flags)} options")
sys.exit(bool(faults))
