#!/bin/bash
# SPDX-License-Identifier: MIT
# toolset.sh ARCH SYSROOT: prints the file for SwiftPM's --toolset to build for an architecture.
set -euo pipefail
arch=$1 sysroot=$2
# shellcheck source=Sources/cross/row.sh
. "$(dirname "$0")/row.sh"
list() {
  local item separator=
  for item; do
    printf '%s"%s"' "$separator" "$item"
    separator=', '
  done
}
read -ra further <<< "$options"
swift=("${further[@]}" -Xfrontend -clang-target -Xfrontend "$target" -Xcc -fPIC)
for headers in "$sysroot/usr/include/$multiarch" "$sysroot/usr/include"; do swift+=(-Xcc "-isystem$headers"); done
swift+=(-use-ld=lld -Xclang-linker "--target=$target" -Xclang-linker -pie)
cat << JSON
{
  "schemaVersion": "1.0",
  "swiftCompiler": { "extraCLIOptions": [$(list "${swift[@]}")] },
  "cCompiler": { "extraCLIOptions": ["--target=$target", "-fPIE"] }
}
JSON
