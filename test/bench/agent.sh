# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The agent: memory with PODS pods on its node, and how long it takes to be
# ready, on a node (c) that does nothing else.

# While the pods of cni_add_100 are there. VmRSS counts shared libraries too.
agent_memory() {
	local rss
	wanted agent_rss || return 0
	if ! rss=$(awk '/^VmRSS/ { print $2 / 1024 }' "/proc/$(agent_pid a)/status" 2>/dev/null) ||
		[ -z "$rss" ]; then
		failed agent_rss fairlead "the agent does not run"
		return
	fi
	sample agent_rss fairlead MiB "$rss"
}

map_memory() {
	local mib
	wanted map_memory || return 0
	mib=$(fairlead a map --json 2>"$DIR/out" | jq -e '[.maps[].bytes] | add / 1048576') &&
		sample map_memory fairlead MiB "$mib" ||
		failed map_memory fairlead "$(tail -n 2 "$DIR/out")"
}

agent_start_one() { # agent_start_one NAME
	local name=$1 ms
	progress "round $((round + 1)) of $ROUNDS: $name"
	if ms=$(in_node c "$TOOLS/startbench" 9876 /readyz "$BUILD/fairlead-agent" \
		--config "$(config_of c)" 2>"$DIR/out"); then
		sample "$name" fairlead ms "$ms"
	else
		failed "$name" fairlead "$(tail -n 2 "$DIR/out")"
	fi
}

agent_round() {
	local round=$1
	wanted agent_start || wanted map_memory || return 0
	if [ -n "${unusable[fairlead]:-}" ]; then
		if [ "$round" = 0 ]; then
			failed agent_start fairlead "${unusable[fairlead]}"
			failed map_memory fairlead "${unusable[fairlead]}"
		fi
		return
	fi
	[ "$round" != 0 ] || node_manifest c
	node_config c
	# From nothing: no pins, no files, no devices.
	rm -rf "$(bpf_root c)" "$(state_dir c)"
	ip -n "$P-c" link del fl_vxlan 2>/dev/null
	ip -n "$P-c" link del fl_host 2>/dev/null
	agent_start_one agent_start_cold
	agent_start_one agent_start
	map_memory
}
