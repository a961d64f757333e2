#!/bin/bash
# SPDX-License-Identifier: MIT
# Finds a Swift that is new enough, or installs Debian's: as a package if the release has it, else in a tree of Debian's development
# version below .build/swift, whose bin/ is in make's PATH. There, swift-in-tree.sh stands in for the programs.
set -euo pipefail

needed=6.2
swift=$PWD/.build/swift

is_new_enough() { [ -n "$1" ] && [ "$(printf '%s\n' "$needed" "$1" | sort -V | head -n 1)" = "$needed" ]; }
fail() {
  echo "make: Swift $needed or later is needed: $1; see https://www.swift.org/install/linux/" >&2
  exit 1
}

if [ -x "$swift/bin/swift" ]; then
  "$swift/bin/swift" --version >/dev/null || fail "the one in .build/swift does not run, and is fetched again where you remove that directory"
  exit
fi
if is_new_enough "$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1)"; then exit; fi
command -v apt-get >/dev/null || fail "this is not Debian"
[ "$(id -u)" = 0 ] || fail "run this as root to have it installed"

apt-get update -qq
if is_new_enough "$(apt-cache policy swiftlang | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }')"; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends swiftlang
  exit
fi

echo "make: this release has no Swift $needed: unpacking Debian sid's into .build/swift, once; it takes some minutes, and 3 GB" >&2
command -v mmdebstrap >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap
rm -rf "$swift"
mkdir -p "$swift/bin"
trap 'rm -rf "$swift"' ERR INT TERM
# The signature is valid for a week, but a mirror may be older than that.
mmdebstrap --quiet --variant=minbase --include=swiftlang,git,ca-certificates,libsystemd-dev,libc6-dev \
  --aptopt='Acquire::Check-Valid-Until "false"' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' sid "$swift/tree" >&2
install -m 0755 docs/debian/swift-in-tree.sh "$swift/bin/swift"
for name in swiftc llvm-objcopy; do ln -s swift "$swift/bin/$name"; done
