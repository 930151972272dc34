# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests that fail system calls: test/faults/*.py print TAP of their own.
export BUILD

# each_fails WORDS PROGRAM ARGUMENT...: on node a; its lines, after the words.
each_fails() {
	local words=$1 program=$2 line
	shift 2
	while read -r line; do
		case $line in
		"ok "*) ok "$words${line#* - }" ;;
		"not ok "*) not_ok "$words${line#* - }" ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done < <(in_node a "$FL_SRC/test/faults/$program" "$@" 2>&1 || echo "not ok 0 - $program ended with $?")
}
