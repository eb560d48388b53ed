#!/bin/bash
#   client [fd00::2] --tun-- server [nat64-bpf, pool 192.168.240.0/20] --veth-- web [192.88.99.5]
#
# status, stats and map list as text: what a pipe, a terminal, a terminal without colours and a dumb one get; --watch.
. "${0%/*}/lib.sh"
topology tun
in_server nat64-bpf load vpn0
in_client ping -q -c 2 -i 0.2 -W 2 "$web6"
status 1 in_client ping -q -c 1 -W 1 64:ff9b::10.0.0.1
addr4=$(in_server nat64-bpf map list vpn0 -j | json "d['bindings'][0]['addr4']")

# terminal FRAMES ENVIRONMENT... -- WORDS...: what the command writes to a terminal of 24 lines, up to so many frames
terminal() {
	in_server python3 - "$@" << 'END'
import fcntl, os, pty, select, signal, struct, sys, termios, time
frames, cut = int(sys.argv[1]), sys.argv.index("--")
pid, fd = pty.fork()
if not pid:
    env = dict(os.environ, TERM="xterm", LANG="C.UTF-8", **dict(a.split("=", 1) for a in sys.argv[2:cut]))
    for name in ("NO_COLOR", "LC_ALL", "LC_CTYPE"):
        if not any(a.startswith(name + "=") for a in sys.argv[2:cut]):
            env.pop(name, None)
    time.sleep(0.1)
    os.execvpe(sys.argv[cut + 1], sys.argv[cut + 1:], env)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
out = b""
while out.count(b"\x1b[J") < frames and select.select([fd], [], [], 60)[0]:
    try:
        out += os.read(fd, 65536)
    except OSError:
        break
sys.stdout.buffer.write(out)
os.kill(pid, signal.SIGTERM)
os.waitpid(pid, 0)
END
}
escapes() { python3 -c 'import re, sys; print(*sorted(set(re.findall(r"\x1b\[[?0-9;]*[A-Za-z]", sys.stdin.read()))))'; }

say "a pipe: facts, a bar, tables with titles; no escape"
in_server nat64-bpf status vpn0 | sed -E 's/[0-9]+ flows/N flows/; s/^(  fast path ).*/\1 X/' > "$tmp/status"
cat > "$tmp/want" << 'END'
vpn0: translating
  interface  vpn0, no link header (l3), MTU 1420, attached by HOOK
  prefix     64:ff9b::/96
  pool       192.168.240.0/20, own4 192.168.240.1
  in use     [#...................] 1 of 4093 (< 0.1 %), 0 static
  nat44      masquerade, ok
  fast path  X
  bindings   1 made
  traffic  packets  bytes
  in64           2  208 B
  out46          2  208 B
  drops                packets  bytes
  private-destination        1  104 B
END
grep -v '^  fast[46][46] ' "$tmp/status" | sed 's/attached by .*/attached by HOOK/' | diff "$tmp/want" - || fail "status"
in_server nat64-bpf map list vpn0 > "$tmp/list"
equal "$(sed 's/[0-9]*s$/Ns/' "$tmp/list")" "$(printf '%-*s  client   kind     idle\n%s  fd00::2  dynamic  Ns' ${#addr4} address "$addr4")" "map list"
in_server nat64-bpf stats vpn0 > "$tmp/stats"
grep -qxE '  counter +packets  bytes' "$tmp/stats"
grep -qxE '  in64 +2  208 B' "$tmp/stats"
grep -qxE '  private-destination +1' "$tmp/stats"
in_server nat64-bpf stats vpn0 --explain | grep -E '^  pool-full +0 +no pool address is free' > /dev/null
equal "$(cat "$tmp/status" "$tmp/list" "$tmp/stats" | escapes)" "" "escapes in a pipe"

say "a terminal: colours; none with NO_COLOR, --no-color or TERM=dumb"
terminal 1 -- nat64-bpf status vpn0 > "$tmp/colour"
grep -q $'\e\\[32m\u25cf' "$tmp/colour" || fail "no green dot"
grep -q $'\e\\[1mvpn0' "$tmp/colour" || fail "no name in bold"
terminal 1 NO_COLOR=1 -- nat64-bpf status vpn0 > "$tmp/plain"
equal "$(escapes < "$tmp/plain")" "" "escapes with NO_COLOR"
equal "$(tr -d '\r' < "$tmp/plain" | grep -c .)" "$(in_server nat64-bpf status vpn0 | grep -c .)" "lines"
equal "$(terminal 1 -- nat64-bpf --no-color status vpn0 | escapes)" "" "escapes with --no-color"
equal "$(terminal 1 TERM=dumb -- nat64-bpf status vpn0 | escapes)" "" "escapes of a dumb terminal"

say "--watch: rates and their course; no clearing of the screen, one frame after another"
start traffic ip netns exec "$client" ping -i 0.02 "$web6"
terminal 7 NO_COLOR=1 -- nat64-bpf status vpn0 --watch=0.5 > "$tmp/watch"
equal "$(escapes < "$tmp/watch")" "$(printf '\e[?7h \e[?7l \e[H \e[J \e[K')" "what redraws"
python3 - "$tmp/watch" << 'END'
import re, sys
frames = open(sys.argv[1], newline="").read().split("\x1b[H\x1b[?7l")[1:]
assert len(frames) >= 4, len(frames)
for frame in frames[:-1]:	# the last one may have been cut off
    assert frame.endswith("\x1b[J\x1b[?7h"), frame
    assert all(line.endswith("\x1b[K\r") for line in frame.split("\n")[:-1]), frame
    assert re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, every 0\.5 s\x1b", frame), frame
row = re.search(r"in64 +\S+ +\S+ k?B +([0-9.]+) +([0-9.]+) k?bit +([\u2581-\u2588]+)", frames[-2])
assert row and 1 < float(row[1]) < 60 and float(row[2]) > 1, frames[-2]
assert re.search(r"  bindings   1 made, 0 per s  \u2581", frames[-2]), frames[-2]
END
in_server timeout 60 nat64-bpf status vpn0 --watch=0.3 | awk '/, every 0.3 s$/ && ++n == 4 { exit } { print }' > "$tmp/watch" || :
equal "$(escapes < "$tmp/watch")" "" "escapes of --watch in a pipe"
[ "$(grep -c ', every 0.3 s$' "$tmp/watch")" = 3 ] || fail "frames in a pipe"
in_server timeout 60 nat64-bpf status vpn0 -j --watch=0.3 | head -n 3 > "$tmp/watch" || :
[ "$(grep -c '^{"schema":1,"instances":\[{"name":"vpn0"' "$tmp/watch")" = 3 ] || fail "JSON"
equal "$(grep -vc '^{' "$tmp/watch" || true)" 0 "lines that are not JSON"
in_server nat64-bpf unload vpn0
in_server timeout 60 nat64-bpf status vpn0 --watch=0.3 | head -n 2 > "$tmp/watch" || :
grep -qx 'vpn0 is not loaded; load it: nat64-bpf load vpn0' "$tmp/watch"
