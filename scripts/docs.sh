#!/usr/bin/env bash
# Writes the reference pages that come from tables. With --check it only compares
# and fails when a page is not what the tables say.
#   scripts/docs.sh [--check] [BUILD_DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
check=
if [ "${1:-}" = --check ]; then
  check=1
  shift
fi
bin=${1:-build/release}/bin
status=0
page() { # page FILE COMMAND...
  local file=docs/$1 new
  shift
  new=$(mktemp)
  "$@" >"$new"
  if [ -n "$check" ]; then
    cmp -s "$new" "$file" || { echo "$file is not current; run scripts/docs.sh"; status=1; }
    rm -f "$new"
  else
    chmod 644 "$new"
    mv "$new" "$file"
  fi
}
commands() { # every verb's --help, as one page
  echo "# Commands"
  echo
  echo "Generated from the tables of \`tools/sfc\` by \`scripts/docs.sh\`."
  echo
  echo '```'
  "$bin/sfc" --help
  echo '```'
  for verb in demo import check compile run verify neurons version compare export; do
    printf '\n## sfc %s\n\n```\n' "$verb"
    "$bin/sfc" "$verb" --help
    echo '```'
  done
  printf '\n## sf-opt\n\n```\n'
  "$bin/sf-opt" --help
  echo '```'
}
diagnostics() { # include/sf/diag.def as a table
  echo "# Diagnostics"
  echo
  echo "Generated from \`include/sf/diag.def\` by \`scripts/docs.sh\`. The class gives the exit code: INPUT 1, USAGE 2, FIT 3, DIFFER 4, SYSTEM 5, BUG 70."
  echo
  echo "| id | class | meaning |"
  echo "|---|---|---|"
  sed -nE 's/^SF_DIAG\([A-Z_0-9]+, *"([^"]*)", *([A-Z]+), *"([^"]*)"\)$/| `\1` | \2 | \3 |/p' include/sf/diag.def
}
onnx_operators() { # the tables of the ONNX reader
  echo "# ONNX operators"
  echo
  echo "Generated from the tables of \`frontend/onnx\` by \`scripts/docs.sh\`. \`onnx.md\` explains the words; an operator that is not here is refused as unknown."
  echo
  echo "| operator | opsets | becomes | of constants | limits, what helps |"
  echo "|---|---|---|---|---|"
  "$bin/sfc" import --list-ops | awk '/^[a-z]+: / { here = $1 == "onnx:"; next }
  here && NF > 2 {
    folded = $4 == "constants"
    note = ""
    for (i = folded ? 5 : 4; i <= NF; i++) note = note (note == "" ? "" : " ") $i
    printf "| `%s` | %s | %s | %s | %s |\n", $1, $2, $3, folded ? "computed" : "", note
  }'
}
nir_nodes() { # the table of the NIR reader
  echo "# NIR nodes"
  echo
  echo "Generated from the table of \`frontend/nir\` by \`scripts/docs.sh\`. \`nir.md\` explains the conventions; a type that is not here is refused as unknown."
  echo
  echo "| node | becomes | limits, what helps |"
  echo "|---|---|---|"
  "$bin/sfc" import --list-ops | awk '/^[a-z]+: / { here = $1 == "nir:"; next }
  here && NF > 2 {
    note = ""
    for (i = 4; i <= NF; i++) note = note (note == "" ? "" : " ") $i
    printf "| `%s` | %s | %s |\n", $1, $3, note
  }'
}
page ops.md "$bin/sf-opt" --print-op-docs
page passes.md "$bin/sf-opt" --print-pass-docs
page commands.md commands
page diagnostics.md diagnostics
page onnx-operators.md onnx_operators
page neurons.md python3 scripts/neuron_docs.py ir/library
page nir-nodes.md nir_nodes
exit $status
