#!/bin/bash
# SPDX-License-Identifier: MIT
# Stands in for `swift`, `swiftc` and `llvm-objcopy` if these are in a separate tree, next to the directory of this file: see find-swift.sh.
#
# They run in the tree, on this machine's files. The tests' programs run outside of it, because the tests call this machine's tools: they
# get the tree's dynamic linker, and its libraries by DT_RPATH. The programs that ship get neither.
set -euo pipefail

name=$(basename "$0")
tree=$(dirname "$(dirname "$(readlink -f "$0")")")/tree

in_tree() {
  local user=()
  [ "$(id -u)" = 0 ] || user=(--map-root-user)
  # The mounts are in a private namespace, and disappear with it.
  unshare --mount "${user[@]}" bash -euc '
    tree=$1 here=$PWD
    shift
    for place in /*; do
      case $place in /boot|/etc|/lost+found|/usr|/var) continue ;; esac
      if [ ! -d "$place" ] || [ -L "$place" ]; then continue; fi
      mkdir -p "$tree$place"
      mount --rbind "$place" "$tree$place"
    done
    if ! [ "$here" -ef "$tree$here" ]; then
      mkdir -p "$tree$here"
      mount --rbind "$here" "$tree$here"
    fi
    for file in /etc/gitconfig /etc/hosts /etc/resolv.conf; do
      [ -f "$file" ] || continue
      [ -f "$tree$file" ] || { rm -f "$tree$file"; touch "$tree$file"; }
      mount --bind "$file" "$tree$file"
    done
    cd /
    exec chroot "$tree" env --chdir="$here" PATH=/usr/libexec/swift/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
  ' bash "$tree" "$@"
}

# Builds a program that runs outside of the tree: the caller's arguments follow the linker's options.
for_outside() {
  local linker libraries flags=()
  linker=$(compgen -G "$tree/lib64/ld-linux-*.so.*" || compgen -G "$tree/lib/ld-linux-*.so.*")
  libraries=$(dirname "$(compgen -G "$tree/usr/lib/*/libc.so.6")")
  # The program itself links GCC's libraries: Swift's libraries have a DT_RUNPATH, for which a program's DT_RPATH does not count.
  for flag in "--dynamic-linker=$linker" --disable-new-dtags "-rpath=$libraries" "-rpath=$tree/usr/libexec/swift/lib/swift/linux" \
    --no-as-needed -l:libstdc++.so.6 -l:libgcc_s.so.1 -l:libm.so.6; do
    flags+=(-Xlinker "$flag")
  done
  if [ "$1" = swift ]; then in_tree swift build "${flags[@]}" "${@:3}"; else in_tree "$1" "${flags[@]}" "${@:2}"; fi
}

case "$name ${1-}" in
  "swift build")
    case " $* " in
      *" Embedded"*) in_tree "$name" "$@" ;;
      *) for_outside "$name" "$@" ;;
    esac
    ;;
  "swift test")
    shift
    if [ "${1-}" = --skip-build ]; then shift; else for_outside swift build --build-tests; fi
    exec .build/debug/prerootPackageTests.xctest --testing-library swift-testing "$@"
    ;;
  "swift run")
    shift
    options=()
    while [[ "${1-}" == -* ]]; do options+=("$1"); shift; done
    product=$1
    shift
    for_outside swift build "${options[@]}" --product "$product"
    exec ".build/debug/$product" "$@"
    ;;
  swiftc\ *) for_outside "$name" "$@" ;;
  *) in_tree "$name" "$@" ;;
esac
