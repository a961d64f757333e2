# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# To be sourced: sets the table's columns for the architecture in $arch. The table is next to this file.
read -r _ debian suite elf swift target multiarch emulator options < <(awk -v arch="$arch" '$1 == arch' "$(dirname "${BASH_SOURCE[0]}")/architectures") || {
  echo "make: '$arch' is none of the architectures: $(awk '!/^#/ { printf " %s", $1 }' "$(dirname "${BASH_SOURCE[0]}")/architectures")" >&2
  exit 1
}
