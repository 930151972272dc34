#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what test-kernels needs beside deps.sh, unattended: emulators, and
# what takes kernel packages apart and makes root file systems.
set -eu

packages="busybox-static cpio kmod qemu-system-arm qemu-system-x86 xz-utils zstd"

missing=
for p in $packages; do
	dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null |
		grep -q '^install ok installed$' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "installing packages needs root, so through sudo:$missing" >&2
	exec sudo "$0" "$@"
fi
apt-get -q update
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Options::=--force-confold \
	install --no-install-recommends $missing
