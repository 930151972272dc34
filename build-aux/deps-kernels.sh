#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what test-kernels needs beside deps.sh: emulators, and what takes
# kernel packages apart and makes root file systems.
set -eu
exec "$(dirname "$0")/packages.sh" \
	busybox-static cpio kmod qemu-system-arm qemu-system-x86 xz-utils zstd
