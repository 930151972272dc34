#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks Debian packages of another architecture, and all that they depend on,
# into a directory. Nothing is installed, and nothing of the machine's own is
# touched: what is unpacked is for a compiler or a virtual machine to look at.
#
# usage: build-aux/unpack.sh ARCHITECTURE DIR PACKAGE...
set -eu
arch=$1 dir=$2
shift 2
mkdir -p "$dir"
apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
chmod 755 "$apt"
mkdir -p "$apt/lists/partial" "$apt/archives/partial"
: >"$apt/status" # of a machine that has nothing

# The mirror and the release that this machine uses.
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' 2>/dev/null | head -n 1)
echo "deb [arch=$arch] ${site:-http://deb.debian.org/debian} bookworm main" >"$apt/list"
options=(-q -y -o "Dir::Etc::sourcelist=$apt/list" -o Dir::Etc::sourceparts=/dev/null
	-o "Dir::State::Lists=$apt/lists" -o "Dir::State::status=$apt/status"
	-o "Dir::Cache::archives=$apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
	-o Acquire::Languages=none -o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
	-o APT::Sandbox::User=root -o Debug::NoLocking=1)
{
	apt-get "${options[@]}" update &&
		apt-get "${options[@]}" install --download-only --no-install-recommends "$@"
} >"$apt/log" 2>&1 || { tail -n 20 "$apt/log" >&2; exit 1; }
for deb in "$apt"/archives/*.deb; do
	dpkg -x "$deb" "$dir"
done
