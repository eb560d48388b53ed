#!/bin/bash
# A short run of a fuzzer: the whole corpus, then RUNS new inputs, the same ones in every run, for at most half a
# minute. FUZZ_SEED, FUZZ_RUNS, FUZZ_TIME (s): others, and more.
#
#   tests/fuzz/fuzz.sh CORPUS RUNS FUZZER [ARGUMENT...]
set -euo pipefail
corpus=$1 runs=${FUZZ_RUNS:-$2}
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/new"
"$@" -artifact_prefix="$work/" -max_len=2048 -seed="${FUZZ_SEED:-1}" -runs="$runs" \
	-max_total_time="${FUZZ_TIME:-30}" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 "$work/new" "$corpus" > "$work/log" 2>&1 || {
	tail -n 60 "$work/log"
	for input in "$work"/*-*; do
		[ ! -e "$input" ] || { echo "== ${input##*/}"; xxd -p "$input"; }
	done
	exit 1
}
grep -E '^stat::|INITED' "$work/log"
units=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
[ "$units" -gt 500 ]
