#!/bin/sh
# usage: acl.sh PRESETS OUTPUT
# Writes the broker's access list: tally.acl, and for the presets that Ingest reads (PRESETS is its setting Ingest__Presets, word for
# word) the topics that devices may publish to and Ingest may read; then own.acl beside this file, where there is one, for sources of
# your own (`Ingest acl` prints it). So a device is refused what nobody would read.
set -eu

[ $# = 2 ] || { echo "acl.sh: usage: acl.sh PRESETS OUTPUT" >&2; exit 1; }
here=$(dirname "$0")
names=" tally seeds senml "
for word in $(printf '%s' "$1" | tr ',A-Z' ' a-z'); do
  name=${word#-}
  grep -q "^$name " "$here/presets.txt" || { echo "acl.sh: '$name' is no preset: expected some of $(cut -d' ' -f1 "$here/presets.txt" | uniq | tr '\n' ' ')" >&2; exit 1; }
  names=$(printf '%s' "$names" | sed "s/ $name / /")
  [ "$word" != "$name" ] || names="$names$name "
done

umask 077
{
  cat "$here/tally.acl"
  while read -r preset filter; do
    case $names in *" $preset "*) printf '\nuser ingest\ntopic read %s\n\nuser device\ntopic write %s\n' "$filter" "$filter" ;; esac
  done <"$here/presets.txt"
  if [ -f "$here/own.acl" ]; then cat "$here/own.acl"; fi
} >"$2"
