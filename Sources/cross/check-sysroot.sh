#!/bin/bash
# SPDX-License-Identifier: MIT
# check-sysroot.sh ARCH DIR: checks that the libraries below DIR are for an architecture, before the linker reports hundreds of errors.
set -euo pipefail
arch=$1 directory=$2
# shellcheck source=Sources/cross/row.sh
. "$(dirname "$0")/row.sh"
[ -d "$directory" ] || { echo "make: SYSROOT=$directory is not a directory" >&2; exit 1; }
libc=
for place in "$directory"/{usr/,}lib{,64,32}/{"$multiarch/",,*/}libc.so.6; do
  [ ! -e "$place" ] || { libc=$place; break; }
done
[ -n "$libc" ] || { echo "make: the sysroot $directory has no libc.so.6 in lib or usr/lib" >&2; exit 1; }
# e_ident[EI_CLASS], e_ident[EI_DATA], e_machine, and e_flags, which follows three addresses. See elf(5).
bytes() { od -An -tu1 -j"$1" -N"$2" "$libc" | tr -s ' \n' ' '; }
read -r class order <<< "$(bytes 4 2)"
read -r low high <<< "$(bytes 18 2)"
read -r a b _ _ <<< "$(bytes "$([ "$class" = 2 ] && echo 48 || echo 36)" 4)"
IFS=. read -r wanted_class wanted_machine wanted_flag <<< "$elf"
if [ "$order" != 1 ] || [ "$class" != "$wanted_class" ] || [ $((high << 8 | low)) != $((16#$wanted_machine)) ] \
  || [ $(((b << 8 | a) & 16#${wanted_flag:-0})) != $((16#${wanted_flag:-0})) ]; then
  echo "make: the sysroot $directory is not for $arch: its libc.so.6 is for another architecture$(command -v file > /dev/null && file -Lb "$libc" | cut -d, -f1-2 | sed 's/^/, /')" >&2
  exit 1
fi
