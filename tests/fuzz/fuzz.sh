#!/bin/bash
# A short run of the fuzzer: the whole corpus, then a million new inputs, the same ones in every run, for at most a
# minute. FUZZ_SEED, FUZZ_RUNS: others, and more.
#
#   tests/fuzz/fuzz.sh FUZZER CORPUS
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" -artifact_prefix="$work/" -max_len=2048 -seed="${FUZZ_SEED:-1}" -runs="${FUZZ_RUNS:-1000000}" -max_total_time=60 -print_final_stats=1 \
	"$work" "$2" > "$work.log" 2>&1 || { tail -n 40 "$work.log"; xxd -p "$work"/crash-* 2>/dev/null; rm -f "$work.log"; exit 1; }
grep -E '^stat::|INITED' "$work.log"
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work.log")
rm -f "$work.log"
[ "$runs" -gt 2000 ]
