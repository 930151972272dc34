#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that building and testing need, unattended, and
# unpacks the source of cJSON (Debian has no static library of it).
# usage: deps.sh DIR [build]   (DIR: where the cJSON source goes; `build`: only
# what building needs)
set -eu

dir=$1 only=${2:-}
packages="
	clang llvm bpftool gcc make pkg-config dpkg-dev libc6-dev linux-libc-dev
	libbpf-dev libelf-dev zlib1g-dev libnl-3-dev libnl-route-3-dev
	libevent-dev libcurl4-openssl-dev libyaml-dev
"
[ "$only" = build ] || packages="$packages
	libcmocka-dev
	iproute2 iputils-ping ethtool tcpdump iperf3 sockperf netcat-openbsd socat
	jq openssl procps psmisc python3 python3-h2 python3-yaml strace util-linux valgrind
	nftables containerd runc containernetworking-plugins busybox-static
"

# shellcheck disable=SC2086
"$(dirname "$0")/packages.sh" $packages

if [ ! -e "$dir/cJSON.c" ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "fetching a source package needs root, so through sudo" >&2
		exec sudo "$0" "$@"
	fi
	lists=$(mktemp -d)
	trap 'rm -rf "$lists"' EXIT
	# The source comes from the mirror that the machine already uses.
	uri=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' \
		'Codename: bookworm' 2>/dev/null | head -n 1)
	uri=${uri:-http://deb.debian.org/debian}
	mkdir -p "$lists/state/partial" "$lists/src"
	echo "deb-src $uri bookworm main" >"$lists/sources.list"
	apt="apt-get -q -o Dir::Etc::sourcelist=$lists/sources.list
		-o Dir::Etc::sourceparts=/dev/null -o Dir::State::Lists=$lists/state"
	$apt update
	chown -R _apt "$lists" 2>/dev/null || true
	chmod 755 "$lists" "$lists/src"
	(cd "$lists/src" && $apt source --download-only cjson)
	(cd "$lists/src" && dpkg-source --no-check -x cjson_*.dsc tree >/dev/null)
	mkdir -p "$dir"
	cp "$lists"/src/tree/cJSON.[ch] "$lists"/src/tree/LICENSE "$dir/"
fi
