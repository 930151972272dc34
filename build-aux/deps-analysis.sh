#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what sanitizers, static analysis and coverage need beside deps.sh,
# unattended.
set -eu

packages="clang-format clang-tidy cppcheck gcovr libclang-rt-14-dev valgrind"

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
