#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what fuzzing needs beside deps.sh, which comes first: the run-time
# library of clang's sanitizers and libFuzzer, in clang's version.
set -eu
version=$(clang -dumpversion | cut -d. -f1)
exec "$(dirname "$0")/packages.sh" "libclang-rt-$version-dev"
