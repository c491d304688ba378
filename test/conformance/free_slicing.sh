#!/usr/bin/env bash
# Every network of features/ that both chips take, with the fewest cores that
# their memories allow: boxes of several populations on one core.
# usage: free_slicing.sh SOURCE PYTHON
set -u
pipeline='canonicalize,legalize,fanin-fanout-balancing,balance-delays{dmin=1,max-delay=62}'
pipeline+=',memory-layout-optimization,partition{slicing=free},place,route'
ran=0
for network in "$1"/test/conformance/features/*.sf; do
  grep -qE -- '--cannot|--targets|--passes' "$network" && continue
  "$2" "$1/test/conformance/every_target.py" "$network" \
    --targets loihi2,spinnaker2 --passes "$pipeline" ||
    { echo "$network differs"; exit 1; }
  ran=$((ran + 1))
done
echo "$ran networks"
[ "$ran" -ge 15 ]
