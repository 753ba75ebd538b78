#!/usr/bin/env bash
# Fuzzing guided by coverage: fuzz.sh TARGET_DIR SECONDS [FORMAT…] feeds every reader of files (tests/common/readers.rs)
# for so long each, two at a time. What widens the coverage is kept in TARGET_DIR/fuzz-corpus for the next time; what
# breaks a reader lies in fuzz/artifacts, and the exit code is 1.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1 seconds=$2
shift 2
scripts/setup.sh fuzz
# No sanitizer: those want a nightly compiler, and in safe Rust it is panics, hangs and memory that are looked for.
echo "fuzz: building (several minutes from scratch: dependencies are compiled again, with counters)"
RUSTC_WRAPPER="$PWD/fuzz/rustc.sh" cargo fuzz build -s none --target-dir "$target/fuzz" 2>&1 | grep -E '^error|^ +-->' || true
built=$(echo "$target"/fuzz/*/release)
[ $# -gt 0 ] || set -- $(ls fuzz/corpus)
feed() {
  name=$1
  mkdir -p "$2/fuzz-corpus/$name" "fuzz/artifacts/$name"
  log=$2/fuzz-corpus/$name.log
  if "$3/$name" -max_total_time="$4" -timeout=10 -rss_limit_mb=2048 -max_len=40000 -print_final_stats=1 \
    -artifact_prefix="fuzz/artifacts/$name/" "$2/fuzz-corpus/$name" "fuzz/corpus/$name" >"$log" 2>&1; then
    from=$(grep -m1 INITED "$log" | sed -E 's/.*cov: ([0-9]+).*/\1/') to=$(grep DONE "$log" | sed -E 's/.*cov: ([0-9]+).*/\1/')
    echo "fuzz: $name: $(grep -oP 'number_of_executed_units: \K\d+' "$log") files, coverage $from to $to, nothing broke"
  else
    echo "fuzz: $name broke:" && grep -aE 'panicked|SUMMARY|Test unit' -A1 "$log" && return 1
  fi
}
export -f feed
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c "feed {} '$target' '$built' $seconds"
