# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# TAP ("ok 1 - a sentence"), for tests written in bash.

tap_count=0 tap_failed=0

ok() { echo "ok $((++tap_count)) - $*"; }

# not_ok SENTENCE [DETAILS]
not_ok() {
	echo "not ok $((++tap_count)) - $1"
	tap_failed=$((tap_failed + 1))
	[ -z "${2:-}" ] || echo "$2" | sed 's/^/# /'
}

skip() { echo "ok $((++tap_count)) - $1 # SKIP $2"; }
note() { echo "$*" | sed 's/^/# /'; }

# check SENTENCE COMMAND...: ok if the command succeeds, else with its output.
check() {
	local sentence=$1 out
	shift
	if out=$("$@" 2>&1); then
		ok "$sentence"
	else
		not_ok "$sentence" "failed: $*
$out"
		return 1
	fi
}

# check_not SENTENCE COMMAND...: ok if the command fails.
check_not() {
	local sentence=$1 out
	shift
	if out=$("$@" 2>&1); then
		not_ok "$sentence" "should have failed: $*
$out"
		return 1
	else
		ok "$sentence"
	fi
}

# check_eq SENTENCE GOT WANTED
check_eq() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got:    $2
wanted: $3"
		return 1
	fi
}

done_testing() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
	exit
}

# Give up: what follows makes no sense without what has just failed.
bail() {
	not_ok "$1" "${2:-}"
	done_testing
}

# wait_for SECONDS COMMAND...: until the command succeeds, which takes so long at
# the most where nothing else runs. The limit is FL_SLOW times as far away: it
# tells "late" from "never", for a machine may be busy, or an emulated one.
wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000 * ${FL_SLOW:-5}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt $end ] || return 1
		sleep 0.05
	done
}
