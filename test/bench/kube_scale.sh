# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# An agent on the API server of a large cluster and of a small one (kube_scale).
# A minute of CPU and several of patience: in the first round only.

kube_scale_of() { # kube_scale_of SIZE
	local name unit value
	wanted "kube_scale_$1" || return 0
	progress "kube_scale_$1"
	if ! SIZE=$1 "$BENCH/kube_scale" >"$DIR/scale" 2>"$DIR/out"; then
		failed "kube_scale_$1_rss" fairlead "$(head -n 1 "$DIR/out")"
		return
	fi
	while IFS=$'\t' read -r name unit value; do
		sample "kube_scale_$1_$name" fairlead "$unit" "$value"
	done < <(jq -r '
		["ready", "s", .first.ready_s], ["ready_again", "s", .restart.ready_s],
		["start_cpu", "s", .first.cpu_s], ["start_bytes", "MiB", .first.mib],
		["start_requests", "count", .first.requests],
		["rss", "MiB", .rss_mib], ["rss_anon", "MiB", .rss_anon_mib],
		["rss_peak", "MiB", ([.first.rss_peak_mib, .rss_peak_mib, .churn.rss_peak_mib] | max)],
		["idle_cpu", "%", .idle.cpu_percent], ["idle_bytes", "KiB/h", .idle.bytes_per_hour / 1024],
		["idle_requests", "1/h", .idle.requests_per_hour],
		["churn_cpu", "%", .churn.cpu_percent], ["churn_bytes", "KiB/s", .churn.bytes_per_second / 1024],
		["change", "ms", .change_ms.quiet.median], ["change_max", "ms", .change_ms.quiet.max],
		["change_churn", "ms", .change_ms.churn.median], ["change_churn_max", "ms", .change_ms.churn.max],
		["routes", "count", .maps.fl_routes.entries], ["maps", "MiB", .maps_mib]
		| @tsv' "$DIR/scale")
}

kube_scale_round() {
	[ "$1" = 0 ] || return 0
	kube_scale_of small
	kube_scale_of large
}
