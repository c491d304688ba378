#!/usr/bin/env bash
# Installs what building (and with --tests, testing) needs from the distribution's
# packages. Does nothing when everything is there.
set -euo pipefail

build=(cmake ninja-build pkg-config clang-19 lld-19 llvm-19 llvm-19-dev
  libc6-dev libhdf5-dev libxml2-dev libjansson-dev libssl-dev libxxhash-dev
  libprotobuf-c-dev protobuf-c-compiler uthash-dev zlib1g-dev qemu-system-arm)
test=(llvm-19-tools clang-format-19 clang-tidy-19 libclang-rt-19-dev
  libcmocka-dev libonnx-testdata qemu-user gcc g++ gcc-aarch64-linux-gnu
  libc6-dev-arm64-cross libxml2-utils python3 python3-numpy python3-h5py
  python3-psutil file git)

packages=("${build[@]}")
if [ "${1:-}" = --tests ]; then
  packages+=("${test[@]}")
fi

missing=()
for package in "${packages[@]}"; do
  if [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" != "install ok installed" ]; then
    missing+=("$package")
  fi
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || {
    echo "setup: needs root or sudo to install: ${missing[*]}" >&2
    exit 5
  }
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
