#!/bin/sh
# results_are_named.sh ROOT - results under version control against docs/PERFORMANCE.md; 1 when one
# lies there whose commit the page does not name: nothing in its tables is from that file.
cd "$1" || exit 1
files=$(git ls-files perf/results 2>/dev/null) || exit 77
status=0
for file in $files; do
	commit=$(basename "$file" | sed -E 's/^[a-z-]+-[0-9]{8}-[0-9]{6}-([0-9a-f]+).*/\1/')
	grep -q "$commit" docs/PERFORMANCE.md && continue
	echo "$file: docs/PERFORMANCE.md does not name commit $commit; delete it, git remembers" >&2
	status=1
done
exit $status
