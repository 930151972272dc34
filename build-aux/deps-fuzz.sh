#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what fuzzing needs beside deps.sh, unattended: the run-time library of
# clang's sanitizers and libFuzzer, in clang's version.
set -eu

version=$(clang -dumpversion | cut -d. -f1)
package=libclang-rt-$version-dev

dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
	grep -q '^install ok installed$' && exit 0
if [ "$(id -u)" != 0 ]; then
	echo "installing packages needs root, so through sudo: $package" >&2
	exec sudo "$0" "$@"
fi
apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Options::=--force-confold \
	install --no-install-recommends "$package"
