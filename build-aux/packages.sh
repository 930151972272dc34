#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs those of some Debian packages that are missing, unattended: no
# questions, no services that start on their own, and through sudo for a user
# who is not root.
# usage: packages.sh PACKAGE...
set -eu

missing=
for p; do
	dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null |
		grep -q '^install ok installed$' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "installing packages needs root, so through sudo:$missing" >&2
	exec sudo "$0" "$@"
fi

# The tests start what they need themselves.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	trap 'exit 130' INT TERM
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
apt-get -q update
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Options::=--force-confold \
	install --no-install-recommends $missing
