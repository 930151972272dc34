#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what sanitizers, static analysis and coverage need beside deps.sh.
set -eu
exec "$(dirname "$0")/packages.sh" \
	clang-format clang-tidy cppcheck gcovr libclang-rt-14-dev
