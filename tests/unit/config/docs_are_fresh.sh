#!/bin/sh
# docs_are_fresh.sh GEN PAGE FILE - a generated page against the committed one; 1 when stale.
"$1" "$2" | diff -u "$3" - && exit 0
echo "$3 is stale: write it anew with 'ninja -C BUILD docs'" >&2
exit 1
