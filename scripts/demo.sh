#!/usr/bin/env bash
# Installs what is missing, builds release, and compiles and runs a bundled trained
# network on every target. Arguments go to `sfc demo`.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
ninja -C build/release --quiet
exec build/release/bin/sfc demo "$@"
