#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts into ROOT all that the image holds: our programs, stripped, the dynamic
# loader and the shared libraries that they need, and whose they are. The last
# stage of the Dockerfile is this directory and nothing else; the tests build
# their image with this script, too.
# usage: image-rootfs.sh BUILD ROOT	(BUILD: where `make` has put the programs)
set -eu

build=$1 root=$2
here=$(cd "$(dirname "$0")/.." && pwd)
programs="fairlead fairlead-agent fairlead-cni fairlead-loader"

linked() { ldd "$1" 2>/dev/null | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p'; }

# The libraries of a program: those that it is linked with, and those whose
# names it has in it because it opens them when it runs, from where its C
# library is. A static one has none.
libraries() {
	linked "$1" | grep . || return 0
	dir=$(dirname "$(linked "$1" | grep '/libc\.so')")
	grep -aoE 'lib[a-z0-9_+-]+\.so\.[0-9]+' "$1" | sort -u | while read -r name; do
		[ ! -e "$dir/$name" ] || { echo "$dir/$name" && linked "$dir/$name"; }
	done
}

mkdir -p "$root/usr/bin" "$root/usr/share/doc/fairlead"
for p in $programs; do
	install -m 755 "$build/$p" "$root/usr/bin/$p"
	strip "$root/usr/bin/$p"
	libraries "$build/$p"
done | sort -u >"$root.libraries"

while read -r library; do
	install -D -m 755 "$library" "$root$library"
	strip --strip-unneeded "$root$library"
	# Debian knows a file by its place below /usr, or by the other one.
	real=$(readlink -f "$library")
	package=$(dpkg-query -S "$real" "${real#/usr}" 2>/dev/null | head -n 1 | cut -d: -f1)
	[ -z "$package" ] || install -D -m 644 "/usr/share/doc/$package/copyright" \
		"$root/usr/share/doc/$package/copyright"
done <"$root.libraries"
rm -f "$root.libraries"
install -m 644 "$here/LICENSE" "$root/usr/share/doc/fairlead/LICENSE"
