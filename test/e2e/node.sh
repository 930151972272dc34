# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Nodes: manifests, configuration, agents, and the programs run on them.

state_dir() { echo "$DIR/$1/state"; }
bpf_root() { echo "$BPFFS/$P-$1"; }
config_of() { echo "$DIR/$1/fairlead.yaml"; }

# node_object NODE: its manifest
node_object() {
	local node=$1 f
	echo "apiVersion: v1"
	echo "kind: Node"
	echo "metadata:"
	echo "  name: node-$node"
	echo "spec:"
	echo "  podCIDR: $(node_cidr "$node" 4)"
	echo "  podCIDRs: [\"$(node_cidr "$node" 4)\", \"$(node_cidr "$node" 6)\"]"
	echo "status:"
	echo "  addresses:"
	for f in $FL_FAMILIES; do
		echo "  - {type: InternalIP, address: \"$(node_addr "$node" "$f")\"}"
	done
	echo "  - {type: Hostname, address: node-$node}"
}

# It is known to all: in the directory that agents watch, or the API server.
node_manifest() {
	local node=$1
	if [ "$FL_SOURCE" = kube ]; then
		node_object "$node" | api put -
		return
	fi
	if [ -n "$FL_MANIFESTS" ]; then
		cp "$FL_MANIFESTS/node-$node.yaml" "$DIR/cluster/"
		return
	fi
	node_object "$node" >"$DIR/node-$node.new"
	mv "$DIR/node-$node.new" "$DIR/cluster/node-$node.yaml"
}

node_config() {
	local node=$1 own=FL_CONFIG_$1
	mkdir -p "$DIR/$node"
	{
		echo "node-name: node-$node"
		if [ "$FL_SOURCE" = kube ]; then
			echo "kubeconfig: $(kube_config_of "$node")"
			echo "start-spread: 0" # this machine may have just booted
		else
			echo "cluster-dir: $DIR/cluster"
		fi
		echo "state-dir: $(state_dir "$node")"
		echo "bpf-root: $(bpf_root "$node")"
		echo "http-address: 127.0.0.1:9876"
		echo "mode: $FL_MODE"
		echo "attach: $FL_ATTACH"
		[ "$FL_MODE" != native ] || [ "$FL_UNDERLAY" != bridge ] || echo "direct-routes: true"
		[ -z "$FL_CONFIG" ] || echo "$FL_CONFIG"
		[ -z "${!own:-}" ] || echo "${!own}"
	} >"$(config_of "$node")"
	[ "$FL_SOURCE" != kube ] || kube_config "$node"
}

agent_pid() { cat "$DIR/$1/agent.pid" 2>/dev/null; }

agent_start() {
	local node=$1
	shift
	background in_node "$node" "$BUILD/fairlead-agent" --config "$(config_of "$node")" "$@" \
		>>"$DIR/$node/agent.log" 2>&1 </dev/null
	disown # no word of its death
	echo $! >"$DIR/$node/agent.pid"
}

# agent_stop NODE [SIGNAL]
agent_stop() {
	local pid
	pid=$(agent_pid "$1") || return 0
	stop "$pid" "${2:-TERM}"
	rm -f "$DIR/$1/agent.pid"
}

# http_get NODE PATH: the body; fails unless the status is 200.
http_get() { traffic "$1" http 127.0.0.1 9876 "$2"; }

agent_wait() {
	wait_for "${2:-10}" http_get "$1" /readyz && return
	echo "the agent of node $1 did not become ready:" >&2
	tail -n 20 "$DIR/$1/agent.log" >&2
	return 1
}

# Everything up to ready agents; the test is over if that fails.
cluster_up() {
	local node
	net_up
	# shellcheck disable=SC2086
	[ "$FL_SOURCE" != kube ] || kube_up $FL_KUBE
	for node in $FL_NODES; do
		node_manifest "$node"
		node_config "$node"
	done
	for node in $FL_NODES; do
		agent_start "$node"
	done
	for node in $FL_NODES; do
		agent_wait "$node" || bail "the agent of node $node becomes ready" \
			"$(tail -n 30 "$DIR/$node/agent.log")"
	done
}

# Agents, pods and namespaces away, for a second cluster in the same test.
cluster_down() {
	local ns pid
	{
		[ -z "${FL_GENTLE:-}" ] || end_gently
		for pid in "${pids[@]}"; do
			kill -9 "$pid"
		done
		wait "${pids[@]}"
		for ns in /run/netns/"$P"-*; do
			ip netns pids "${ns##*/}" | xargs -r kill -9
			ip netns del "${ns##*/}"
		done
	} 2>/dev/null
	pids=()
	rm -rf "$BPFFS/$P"-* "${DIR:?}"/*
	mkdir "$DIR/cluster" "$DIR/pod"
}

# fairlead NODE ARGUMENT...: the command line tool on a node.
fairlead() {
	local node=$1
	shift
	in_node "$node" "$BUILD/fairlead" --state-dir "$(state_dir "$node")" \
		--bpf-root "$(bpf_root "$node")" "$@"
}

loader() {
	local node=$1
	shift
	in_node "$node" "$BUILD/fairlead-loader" --config "$(config_of "$node")" "$@"
}
