#!/bin/bash
# SPDX-License-Identifier: MIT
# Writes debian/changelog from NEWS.md in the current directory. An entry begins with "## VERSION (YYYY-MM-DD)". The entry of the next
# version has "(unreleased)"; dpkg sorts its version before the release: 0.1~dev20261124.1224 is the state of that day and time.
set -euo pipefail

# The time of the last commit makes the package reproducible. A tarball has no commits, but its files have that time.
now=$(git log -1 --format=%ct 2> /dev/null || date -r NEWS.md +%s)
maintainer=$(sed -n 's/^Maintainer: //p' "$(dirname "$0")/control")

entry() {
  local version=$1 date=$2 distribution=unstable time
  if [ "$date" = unreleased ]; then
    version+=~dev$(date -u -d "@$now" +%Y%m%d.%H%M) distribution=UNRELEASED time=@$now
  else
    time="$date 12:00 UTC"
  fi
  printf 'preroot (%s) %s; urgency=medium\n' "$version" "$distribution"
  # Joins and rewraps the lines of each item.
  awk -v heading="## $1 (" '
    function say(  words, count, i, line) {
      count = split(item, words, " ")
      line = "  *"
      for (i = 1; i <= count; i++) {
        if (length(line) + length(words[i]) > 78) { print line; line = "   " }
        line = line " " words[i]
      }
      if (count) print line
      item = ""
    }
    /^## / { say(); here = index($0, heading) == 1 }
    here && /^- / { say(); item = substr($0, 3); next }
    here && /^ / && item { item = item $0; next }
    { say() }
    here && /:$/ { print "\n  [ " substr($0, 1, length($0) - 1) " ]" }
    END { say() }' NEWS.md
  printf '\n -- %s  %s\n\n' "$maintainer" "$(LC_ALL=C date -u -R -d "$time")"
}

sed -n 's/^## \([^ ]*\) (\(.*\))$/\1 \2/p' NEWS.md | while read -r version date; do entry "$version" "$date"; done
