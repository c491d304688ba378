#!/usr/bin/env bash
# clang-format over all C files; with --check it only reports and fails.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" != --check ] || mode=(--dry-run -Werror)
git ls-files '*.c' '*.h' | xargs clang-format-19 "${mode[@]}"
