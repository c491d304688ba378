#!/usr/bin/env bash
# Runs every fuzz target for a while, from its corpus, and fails on a crash, a
# leak, a hang or too much memory. What it finds is printed and kept in
# BUILD_DIR/test/fuzz/found.
#   scripts/fuzz.sh SECONDS BUILD_DIR [NAME...]
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: scripts/fuzz.sh SECONDS BUILD_DIR [NAME...]" >&2
  exit 2
fi
cd "$(dirname "$0")/.."
seconds=$1
build=$(realpath "$2")
shift 2
[ $# -gt 0 ] || set -- $(cd test/fuzz && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
found=$build/test/fuzz/found
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
mkdir -p "$found"

# New inputs go to a copy: a run leaves the tree as it was.
run_one() {
  mkdir -p "$corpus/$1"
  if [ -d "test/fuzz/corpus/$1" ]; then
    cp test/fuzz/corpus/"$1"/* "$corpus/$1"
  fi
  if [ -f "test/fuzz/make_$1_seeds.py" ]; then
    /usr/bin/python3 "test/fuzz/make_$1_seeds.py" "$corpus/$1" ../shared
  fi
  "$build/test/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=20 \
    -rss_limit_mb=2048 -malloc_limit_mb=1024 -max_len=8192 -close_fd_mask=1 \
    -artifact_prefix="$found/$1-" "$corpus/$1" >"$corpus/$1.log" 2>&1
}

failed=0
running=()
names=("$@")
jobs=$(nproc)
wait_for() {
  if wait "${pids[$1]}"; then
    echo "fuzz $1: $(grep -E '^Done' "$corpus/$1.log" | tail -1)," \
      "$(grep -oE 'DONE +cov: [0-9]+ ft: [0-9]+ corp: [0-9]+' "$corpus/$1.log" | sed 's/DONE *//')"
  else
    echo "fuzz $1: FAILED"
    tail -40 "$corpus/$1.log"
    failed=1
  fi
}
declare -A pids
for name in "${names[@]}"; do
  if [ ${#running[@]} -ge "$jobs" ]; then
    wait_for "${running[0]}"
    running=("${running[@]:1}")
  fi
  run_one "$name" &
  pids[$name]=$!
  running+=("$name")
done
for name in "${running[@]}"; do wait_for "$name"; done
exit $failed
