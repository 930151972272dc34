# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Policies: what they cost a new flow and an established one (slow_path.c), the
# compiler (policy_compile.c), and how soon a change is enforced (enforce.py) on
# a node (p) with an agent and a cluster directory of its own.

POLICY_LOCAL=40		# pods of node p
POLICY_PODS=1000	# of the cluster
POLICY_NUMBER=1000
POLICY_CHANGES=6	# a round

slow_path_round() {
	local family policies name ns
	for family in 4 6; do
		for policies in 0 10 1000 10000; do
			wanted slow_path_v$family || wanted fast_path_v${family}_policies || continue
			progress "round $((round + 1)) of $ROUNDS: slow_path_v$family, $policies policies"
			if ! taskset -c "$CPU" "$TOOLS/slow_path" "$BPFFS/$P-slow" $family $policies \
				>"$DIR/times" 2>"$DIR/out"; then
				name=_$policies
				failed slow_path_v$family${name#_0} fairlead "$(tail -n 1 "$DIR/out")"
				[ $policies = 0 ] || failed fast_path_v${family}_policies_$policies \
					fairlead "$(tail -n 1 "$DIR/out")"
				rm -rf "${BPFFS:?}/$P-slow"
			fi
			while read -r name ns; do
				sample "$name" fairlead ns "$ns"
			done <"$DIR/times"
		done
	done
}

# Each line is a world; what grows has its kind and size in the name.
compile_round() {
	local name unit value
	wanted policy_compile || wanted policy_change || wanted policy_identities ||
		wanted policy_entries || wanted policy_bytes || return 0
	progress "round $((round + 1)) of $ROUNDS: policy_compile"
	if ! taskset -c "$CPU" "$TOOLS/policy_compile" quick >"$DIR/worlds" 2>"$DIR/out"; then
		failed policy_compile fairlead "$(tail -n 1 "$DIR/out")"
		return
	fi
	while IFS=$'\t' read -r name unit value; do
		sample "$name" fairlead "$unit" "$value"
	done < <(jq -r '
		(if .world == "budget" then "" elif .world == "base" then "_base"
		 else "_\(.world)_\(if .world == "labels" then .own_labels else .[.world] end)" end) as $world
		| (select($world == "") | ["policy_compile", "ms", .ms_from_nothing],
					  ["policy_change", "ms", .ms_one_change]),
		  ["policy_identities\($world)", "count", .identities],
		  ["policy_entries\($world)", "count", .entries],
		  ["policy_bytes\($world)", "KiB", .bytes / 1024]
		| @tsv' "$DIR/worlds")
}

# ---- enforcement -------------------------------------------------------------

enforce_ready=
enforce_prepare() {
	local i
	mkdir -p "$DIR/cluster-p"
	node_manifest p
	mv "$DIR/cluster/node-p.yaml" "$DIR/cluster-p/"
	node_config p
	sed -i "s|^cluster-dir:.*|cluster-dir: $DIR/cluster-p|" "$(config_of p)"
	agent_start p
	agent_wait p 2>"$DIR/out" || return
	for ((i = 0; i < POLICY_LOCAL; i++)); do
		pod_add p "pol-$i" 2>"$DIR/out" || return
	done
	python3 "$BENCH/enforce.py" world "$DIR/cluster-p" $POLICY_PODS $POLICY_NUMBER \
		"$DIR"/pod/pol-*.json 2>"$DIR/out" || return
	enforce_ready=1
}

enforce_round() {
	local ms
	wanted policy_enforce || return 0
	[ "$round" != 0 ] || enforce_prepare || failed policy_enforce fairlead "$(tail -n 2 "$DIR/out")"
	[ -n "$enforce_ready" ] || return 0
	progress "round $((round + 1)) of $ROUNDS: policy_enforce"
	if ! python3 "$BENCH/enforce.py" measure "$DIR/cluster-p" $POLICY_CHANGES \
		"/run/netns/$P-p-pol-0" "/run/netns/$P-p-pol-1" "$(pod_addr pol-1 4)" \
		>"$DIR/times" 2>"$DIR/out"; then
		failed policy_enforce fairlead "$(tail -n 1 "$DIR/out")"
	fi
	while read -r ms; do
		sample policy_enforce fairlead ms "$ms"
	done <"$DIR/times"
}

policy_round() {
	local round=$1
	slow_path_round
	compile_round
	enforce_round
}
