# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# From samples to build/bench.json, and from that to a table.

# A list of {name, system, unit, median, p99, rounds, budget}; what could not be
# measured has `why` instead of figures. Budgets are those of our own figures:
# most of them follow from the reference's median in the same run.
report() {
	jq -n --rawfile samples "$DIR/samples" --rawfile failures "$DIR/failures" '
	def rows($text): $text | split("\n") | map(select(. != "") | split("\t"));
	def percentile($p): sort | .[((length - 1) * $p + 0.5) | floor];
	def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
	def round3: . * 1000 + 0.5 | floor / 1000;

	def of($all; $name; $system):
		[$all[] | select(.name == $name and .system == $system) | .median // empty][0];
	def times($all; $name; $system; $factor):
		of($all; $name; $system) | if . then . * $factor | round3 else null end;
	def budget($all; $name):
		if $name | test("^cross_.*_p50$") then times($all; $name; "kernel-vxlan"; 1.05)
		elif $name | test("^cross_.*_p99$") then null
		elif $name | startswith("cross_") then times($all; $name; "kernel-vxlan"; 0.95)
		elif $name | test("latency_p50$") then times($all; $name; "raw"; 1.05)
		elif $name | startswith("tcp_throughput") then times($all; $name; "raw"; 0.95)
		elif $name == "connections" then times($all; $name; "raw"; 0.85)
		elif $name == "udp_packets" then times($all; $name; "raw"; 0.90)
		elif $name == "cni_add" then [4, times($all; $name; "bridge"; 1 / 3)] | map(values) | min
		elif $name == "cni_add_100_p99" then 50
		elif $name == "cni_del" or $name == "cni_del_100" then times($all; $name; "bridge"; 1)
		elif $name | startswith("fast_path_") then if $name | endswith("_spread") then null else 80 end
		else {agent_rss: 8, agent_start: 100, agent_start_cold: 500, map_memory: 32,
		      scale_rss: 64, scale_rss_peak: 64, scale_change: 20,
		      kube_scale_large_rss: 64, kube_scale_large_rss_peak: 64, kube_scale_large_churn_cpu: 25, policy_compile: 200, policy_change: 10, policy_enforce: 50}[$name] end;

	# One figure a round, or many (CNI): then the 99th percentile is a figure too.
	def entry:
		. as $s | $s[0] as [$name, $system, $unit]
		| {name: $name, system: $system, unit: $unit, median: (map(.[3] | tonumber) | median | round3),
		   p99: (if $name | startswith("cni_") then map(.[3] | tonumber) | percentile(0.99) | round3
			 else [.[][4] | select(. != "") | tonumber]
			      | if length > 0 then median | round3 else null end end),
		   rounds: (map(.[5]) | unique | length)};
	def with_p99:
		., (select(.name | startswith("cni_")) | .name += "_p99" | .median = .p99 | .p99 = null);

	(rows($samples) | group_by([.[0], .[1]]) | map(entry | with_p99)) as $measured
	| (rows($failures) | unique_by([.[0], .[1]])
	   | map(. as [$name, $system, $why]
		 | select(any($measured[]; .name == $name and .system == $system) | not)
		 | {name: $name, system: $system, unit: null, median: null, p99: null, rounds: 0, why: $why})) as $missing
	| ["raw", "fairlead", "ptp", "bridge", "kernel-vxlan"] as $order
	| $measured + $missing
	| map(.name as $n | .budget = if .system == "fairlead" then budget($measured; $n) else null end)
	| sort_by([.name, (.system as $s | $order | index($s))])'
}

# ≤ for times and sizes, ≥ for rates.
table() {
	local name unit budget raw ours within ptp bridge vxlan
	printf '\n%-32s %-7s %9s %9s %9s %9s %12s  %s\n' '' unit raw fairlead ptp bridge kernel-vxlan budget
	jq -r '
	def figure: if . == null then "-" elif . >= 1000 then round | tostring
		elif . >= 100 then . * 10 | round / 10 | tostring else . * 100 | round / 100 | tostring end;
	group_by(.name)[] | . as $g
	| def of($s): [$g[] | select(.system == $s) | .median][0] | figure;
	([$g[] | .unit | values][0] // "-") as $unit
	| ([$g[] | select(.system == "fairlead")][0] // {}) as $ours
	| ($unit == "1/s" or $unit == "Gbit/s") as $more
	| [$g[0].name, $unit, of("raw"), of("fairlead"), of("ptp"), of("bridge"), of("kernel-vxlan"),
	   (if $ours.budget == null then "-" else (if $more then ">= " else "<= " end) + ($ours.budget | figure) end),
	   (if $ours.budget == null or $ours.median == null then ""
	    elif ($more and $ours.median >= $ours.budget) or ($more or $ours.median > $ours.budget | not) then "within"
	    else "over" end)]
	| join("\t")' "$1" | while IFS=$'\t' read -r name unit raw ours ptp bridge vxlan budget within; do
		printf '%-32s %-7s %9s %9s %9s %9s %12s  %-12s %s\n' \
			"$name" "$unit" "$raw" "$ours" "$ptp" "$bridge" "$vxlan" "$budget" "$within"
	done
	jq -r 'map(select(.why)) | group_by([.system, .why])[]
		| "not measured for \(.[0].system): \(map(.name) | join(", ")): \(.[0].why)"' "$1"
	echo
}
