#!/bin/bash
# SPDX-License-Identifier: MIT
# sysroot.sh ARCH DIR: unpacks Debian's headers and libraries of libc, libgcc and libsystemd for an architecture.
#
# Uses a private apt root, with this machine's mirror and keys. It neither changes this machine's packages nor runs any of the others.
set -euo pipefail
arch=$1 directory=$2
# shellcheck source=Sources/cross/row.sh
. "$(dirname "$0")/row.sh"
fail() {
  echo "make: $1; or give SYSROOT=DIR, with the headers and libraries of libc, libgcc and libsystemd for $arch" >&2
  exit 1
}
for program in apt-get dpkg-deb; do
  command -v "$program" > /dev/null || fail "without '$program' there is no sysroot from Debian's packages: install the package '${program%-*}'"
done
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -E '/debian/?$' | sort -u | head -n 1) || true
[ -n "$mirror" ] || fail "no Debian mirror is in this machine's apt sources: run apt-get update"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keys" ] || fail "the archive's keys are missing: install the package 'debian-archive-keyring'"

work=$(mktemp -d)
# Another make may be at the same work.
unfinished=$directory.unfinished.$$
trap 'rm -rf "$work" "$unfinished"' EXIT
# fetch ARCHITECTURE RELEASE: downloads the packages of one release, with their dependencies.
fetch() {
  local of=$1 release=$2 apt=$work/$1 compiler=libgcc-14-dev
  [ "$release" != bookworm ] || compiler=libgcc-12-dev
  rm -rf "$apt"
  mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,etc/{apt.conf.d,preferences.d,trusted.gpg.d}}
  touch "$apt/state/status"
  echo "deb [arch=$of signed-by=$keys] $mirror $release main" > "$apt/etc/sources.list"
  local options=(-qq -o Dir::Etc="$apt/etc" -o Dir::Etc::sourcelist="$apt/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State="$apt/state" -o Dir::State::status="$apt/state/status" -o Dir::Cache="$apt/cache"
    -o APT::Architecture="$of" -o APT::Architectures::="$of" -o APT::Sandbox::User=root -o Acquire::Languages=none)
  apt-get "${options[@]}" update && apt-get "${options[@]}" -y --no-install-recommends --download-only install libsystemd-dev libc6-dev "$compiler" > /dev/null
}
echo "make: unpacking Debian's libraries for $arch, once, a few seconds" >&2
found=
for release in ${suite//,/ }; do
  if fetch "$debian" "$release"; then
    found=$release
    break
  fi
done
[ -n "$found" ] || fail "the packages of ${suite//,/ or } for $debian cannot be downloaded"
mkdir -p "$unfinished/DEBIAN"
# /lib is a link, as in every release since; packages may have files below both names.
for name in bin lib sbin; do
  mkdir -p "$unfinished/usr/$name"
  ln -s "usr/$name" "$unfinished/$name"
done
for package in "$work/$debian"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink --no-same-owner -C "$unfinished"
  # For dpkg-shlibdeps(1): the package version that introduced each symbol.
  rm -rf "$work/control"
  dpkg-deb --control "$package" "$work/control"
  [ ! -e "$work/control/symbols" ] || cat "$work/control/symbols" >> "$unfinished/DEBIAN/symbols"
done
if [ "$arch" = armv6 ]; then
  fetch armel "$found" || fail "the packages of $found for armel cannot be downloaded"
  for package in "$work"/armel/cache/archives/lib{c6,gcc-*}-dev_*.deb; do dpkg-deb --extract "$package" "$work/old"; done
  for file in "$work"/old/usr/lib/arm-linux-gnueabi/{*crt*.o,libc_nonshared.a}; do cp "$file" "$unfinished/usr/lib/$multiarch"; done
  rm -rf "$unfinished/usr/lib/gcc/$multiarch"
  cp -r "$work/old/usr/lib/gcc/arm-linux-gnueabi" "$unfinished/usr/lib/gcc/$multiarch"
fi
# Debian's absolute links start at the machine's root. Make them start at the sysroot.
find "$unfinished" -lname '/*' -exec bash -c 'ln -srfn "$0$(readlink "$1")" "$1"' "$unfinished" {} \;
mv -T "$unfinished" "$directory" 2> /dev/null || [ -e "$directory/DEBIAN" ]
