#!/usr/bin/env bash
# Installs what is missing, builds release and runs the tests. Prints
# `N passed, N failed` last.
#   scripts/test.sh          everything that CI runs
#   scripts/test.sh --quick  the tests of `ninja check`, at most a minute
#   scripts/test.sh --full   the long runs too
set -euo pipefail
cd "$(dirname "$0")/.."
suite=slow
case "${1:-}" in
  "") ;;
  --quick) suite=quick ;;
  --full) suite=full ;;
  *) echo "usage: scripts/test.sh [--quick | --full]" >&2; exit 2 ;;
esac
scripts/setup.sh --tests
cmake --preset release >/dev/null
ninja -C build/release --quiet
export SF_SUITE=$suite
exec /usr/bin/python3 scripts/run_tests.py build/release
