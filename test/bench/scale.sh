# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A large cluster (scale.c): what its objects take of the agent's memory, and a
# pass of processor time. In process: neither API server nor kernel.

scale_round() {
	local round=$1 name unit value
	wanted scale || return 0
	progress "round $((round + 1)) of $ROUNDS: scale"
	if ! taskset -c "$CPU" "$TOOLS/scale" >"$DIR/scale" 2>"$DIR/out"; then
		failed scale_rss fairlead "$(tail -n 1 "$DIR/out")"
		return
	fi
	while IFS=$'\t' read -r name unit value; do
		sample "scale_$name" fairlead "$unit" "$value"
	done < <(jq -r '
		["rss", "MiB", .rss_mib.settled], ["rss_peak", "MiB", .rss_mib.first],
		["read", "ms", .read_ms], ["first", "ms", .first.ms], ["change", "ms", .one_pod_alone_ms], ["whole", "ms", .one_pod.ms],
		(.bytes | to_entries[] | select(.key != "shared") | ["bytes_\(.key)", "bytes", .value])
		| @tsv' "$DIR/scale")
}
