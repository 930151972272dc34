#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the programs of another commit, for tests of upgrades, and says where
# they are. Built once for each commit. Fails where there is no such commit (a
# shallow clone, a tarball).
# usage: previous.sh COMMIT BUILD-DIRECTORY
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
commit=$(git -C "$top" rev-parse --verify --quiet "$1^{commit}")
deps=$(cd "$2" && pwd)/deps
dir=$(cd "$2" && pwd)/previous/$commit

if [ ! -e "$dir/stamp" ]; then
	rm -rf "$dir"
	mkdir -p "$dir/src" "$dir/out"
	git -C "$top" archive "$commit" | tar -x -C "$dir/src"
	cp -r "$deps" "$dir/out/deps"
	# Nothing is installed for it: what this commit needs is there.
	touch "$dir/out/deps/stamp"
	env -u MAKEFLAGS -u MAKELEVEL -u BUILD make -s -C "$dir/src" \
		BUILD="$dir/out" programs >"$dir/log" 2>&1 ||
		{ tail -n 20 "$dir/log" >&2; exit 1; }
	rm -rf "$dir/src" "$dir/out/obj" "$dir"/out/*.a
	touch "$dir/stamp"
fi
echo "$dir/out"
