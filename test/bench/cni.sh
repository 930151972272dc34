# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How long ADD and DEL of a pod take: one after the other, on the one CPU, and
# PODS at once on all CPUs. The namespaces are made beforehand.

CNI_SYSTEMS=(fairlead ptp bridge)
CNI_ALONE=10	# pods a round

declare -A cni_node=([fairlead]=a [ptp]=ptp [bridge]=bridge)
cni_ready=

cni_prepare() {
	local i
	[ -z "$cni_ready" ] || return 0
	cni_ready=1
	progress "making $PODS namespaces"
	for ((i = 0; i < PODS; i++)); do
		ip netns add "$P-bench$i"
	done
	[ -n "${unusable[fairlead]:-}" ] || plugin_config a >"$DIR/fairlead.conf"
}

cni_plugin() {
	if [ "$1" = fairlead ]; then echo "$BUILD/fairlead-cni"; else echo "$REFERENCE/$1"; fi
}

# cni_run NAME SYSTEM COMMAND COUNT [-p]: a sample for each pod.
cni_run() {
	local name=$1 system=$2 command=$3 count=$4 us
	local pin=(taskset -c "$CPU")
	shift 4
	[ $# = 0 ] || pin=()
	progress "round $((round + 1)) of $ROUNDS: $name, $system"
	in_node "${cni_node[$system]}" "${pin[@]}" "$TOOLS/cnibench" "$@" "$(cni_plugin "$system")" \
		"$DIR/$system.conf" "$command" "bench-$system" "/run/netns/$P-bench" 0 "$count" \
		>"$DIR/times" 2>"$DIR/out" || failed "$name" "$system" "$(head -n 1 "$DIR/out")"
	while read -r us; do
		sample "$name" "$system" ms "$us"
	done < <(awk '{ print $1 / 1000 }' "$DIR/times")
}

cni_one() { # cni_one SYSTEM
	local system=$1
	if [ -n "${unusable[$system]:-}" ]; then
		if [ "$round" = 0 ]; then
			failed cni_add "$system" "${unusable[$system]}"
			failed cni_del "$system" "${unusable[$system]}"
		fi
		return
	fi
	cni_run cni_add "$system" ADD $CNI_ALONE
	cni_run cni_del "$system" DEL $CNI_ALONE
	cni_run cni_add_100 "$system" ADD $PODS -p
	[ "$system" != fairlead ] || agent_memory
	cni_run cni_del_100 "$system" DEL $PODS -p
}

cni_round() {
	local round=$1 i n=${#CNI_SYSTEMS[@]}
	wanted cni_add || wanted cni_del || wanted agent_rss || return 0
	cni_prepare
	for ((i = 0; i < n; i++)); do
		cni_one "${CNI_SYSTEMS[(i + round) % n]}"
	done
}
