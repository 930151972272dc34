# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What an established flow costs a packet, by BPF_PROG_TEST_RUN: fast_path.c.

fast_path_round() {
	local round=$1 family name ns
	for family in 4 6; do
		wanted fast_path_v$family || continue
		progress "round $((round + 1)) of $ROUNDS: fast_path_v$family"
		if ! taskset -c "$CPU" "$TOOLS/fast_path" "$BPFFS/$P-fast" $family >"$DIR/times" 2>"$DIR/out"; then
			failed fast_path_v$family fairlead "$(head -n 1 "$DIR/out")"
			rm -rf "${BPFFS:?}/$P-fast"
		fi
		while read -r name ns; do
			sample "$name" fairlead ns "$ns"
		done <"$DIR/times"
	done
}
