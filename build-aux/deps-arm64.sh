#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What building for arm64 needs beside deps.sh, unattended: Debian's cross
# compiler, and below DIR the libraries. These are not installed but unpacked:
# the -dev packages of two architectures do not all go side by side.
# usage: deps-arm64.sh DIR
set -eu
dir=$1

"$(dirname "$0")/packages.sh" gcc-aarch64-linux-gnu
[ ! -e "$dir/usr/include/cmocka.h" ] || exit 0
rm -rf "$dir" "$dir.new"
"$(dirname "$0")/unpack.sh" arm64 "$dir.new" libc6-dev linux-libc-dev libbpf-dev libelf-dev \
	zlib1g-dev libnl-3-dev libnl-route-3-dev libevent-dev libcurl4-openssl-dev libyaml-dev \
	libcmocka-dev
mv "$dir.new" "$dir"
