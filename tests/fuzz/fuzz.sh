#!/bin/bash
# A short run of the fuzzer: the whole corpus, then 15 seconds of new inputs.
#
#   tests/fuzz/fuzz.sh FUZZER CORPUS
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" -artifact_prefix="$work/" -max_len=2048 -max_total_time="${FUZZ_SECONDS:-15}" -print_final_stats=1 \
	"$work" "$2" > "$work.log" 2>&1 || { tail -n 40 "$work.log"; xxd -p "$work"/crash-* 2>/dev/null; rm -f "$work.log"; exit 1; }
grep -E '^stat::|INITED' "$work.log"
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work.log")
rm -f "$work.log"
[ "$runs" -gt 2000 ]
