#!/usr/bin/env bash
# clang-tidy over the sources of a build folder (default build/dev).
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/dev}
git ls-files '*.c' | grep -vE '^(test|examples|bench|runtime)/' |
  xargs -P "$(nproc)" -n 4 clang-tidy-19 -p "$build" --quiet 2>/dev/null
