# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Pods through the real plugin; traffic, captures, and counters.

# plugin NODE COMMAND ID NETNS IFNAME [CNI_ARGS]: the configuration on stdin.
plugin() {
	in_node "$1" env -i PATH="$PATH" CNI_COMMAND="$2" CNI_CONTAINERID="$3" CNI_NETNS="$4" \
		CNI_IFNAME="$5" CNI_ARGS="${6:-}" CNI_PATH="$BUILD" "$BUILD/fairlead-cni"
}

# plugin_config NODE [JSON]: the network configuration, with more keys merged.
plugin_config() {
	jq -nc --arg s "$(state_dir "$1")" --argjson more "${2:-{\}}" \
		'{cniVersion: "1.1.0", name: "fairlead", type: "fairlead-cni", stateDir: $s} + $more'
}

pod_attach() { # pod_attach NODE NAME [JSON] [CNI_ARGS]: ADD for a namespace that is there
	local node=$1 name=$2 id
	id=$name-$$-$RANDOM$RANDOM
	echo "$node $id" >"$DIR/pod/$name"
	plugin_config "$node" "${3:-{\}}" |
		plugin "$node" ADD "$id" "/run/netns/$P-p-$name" eth0 \
			"IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=$name${4:+;$4}" \
			>"$DIR/pod/$name.json"
}

# pod_add NODE NAME [JSON] [CNI_ARGS]; pod_add_at NODE NAME ADDRESS...: at these addresses.
pod_add() {
	ns_add "p-$2" && pod_attach "$@" && return
	cat "$DIR/pod/$2.json" >&2
	return 1
}
pod_add_at() {
	local node=$1 name=$2
	shift 2
	pod_add "$node" "$name" '{"capabilities": {"ips": true}, "runtimeConfig": {"ips": '"$(jq -nc '$ARGS.positional' --args "$@")"'}}'
}

pod_detach() { # DEL, the namespace stays
	local name=$1 node id
	read -r node id <"$DIR/pod/$name"
	plugin_config "$node" | plugin "$node" DEL "$id" "/run/netns/$P-p-$name" eth0
}

pod_del() {
	local rc
	pod_detach "$1"
	rc=$?
	ip netns pids "$P-p-$1" | xargs -r kill -9 2>/dev/null
	ip netns del "$P-p-$1"
	rm -f "$DIR/pod/$1" "$DIR/pod/$1.json"
	return $rc
}

pod_node() { cut -d' ' -f1 "$DIR/pod/$1"; }
pod_id() { cut -d' ' -f2 "$DIR/pod/$1"; }

# pod_addr NAME 4|6: without the prefix length.
pod_addr() {
	jq -r --arg f "$2" '[.ips[].address | select(contains(":") == ($f == "6"))][0] | split("/")[0]' \
		"$DIR/pod/$1.json"
}

# Name of the host-side device, its number, and the pod's MAC.
pod_device() { jq -r '[.interfaces[] | select((.sandbox // "") == "")][0].name' "$DIR/pod/$1.json"; }
pod_ifindex() { in_node "$(pod_node "$1")" ip -j link show dev "$(pod_device "$1")" | jq '.[0].ifindex'; }
pod_mac() { jq -r '[.interfaces[] | select((.sandbox // "") != "")][0].mac' "$DIR/pod/$1.json"; }

# ---- traffic ----------------------------------------------------------------

# serve NAMESPACE [PORT]: TCP and UDP of both families, see traffic.py.
serve() {
	local ns=$1 port=${2:-7000}
	background in_ns "$ns" "$E2E/traffic.py" serve "$port" >"$DIR/serve-$ns.log" 2>&1
	disown # no word of its end
	wait_for 5 in_ns "$ns" "$E2E/traffic.py" who tcp 127.0.0.1 "$port" ||
		echo "serve: nothing listens in $ns" >&2
}
sctp_serve() { # sctp_serve NAMESPACE PORT
	background in_ns "$1" "$E2E/traffic.py" sctp-serve "$2" >"$DIR/sctp-$1.log" 2>&1
	disown
	wait_for 5 grep -q ready "$DIR/sctp-$1.log" || echo "sctp_serve: nothing listens in $1" >&2
}
traffic() { # traffic NAMESPACE COMMAND...
	local ns=$1
	shift
	in_ns "$ns" "$E2E/traffic.py" "$@"
}
ping_ok() { # ping_ok NAMESPACE ADDRESS [PING OPTIONS]
	local ns=$1 addr=$2
	shift 2
	in_ns "$ns" ping -n -q -c 1 -W 2 "$@" "$addr"
}

# ---- captures ---------------------------------------------------------------

# capture NAME NAMESPACE DEVICE FILTER; then capture_end NAME; capture_count NAME FILTER
capture() {
	background in_ns "$2" tcpdump -Z root --immediate-mode -U -n -s 200 -i "$3" -w "$DIR/$1.pcap" "$4" \
		2>"$DIR/$1.capture"
	echo $! >"$DIR/$1.capture.pid"
	wait_for 5 grep -q 'listening on' "$DIR/$1.capture"
}
capture_end() {
	sleep 0.2
	stop "$(cat "$DIR/$1.capture.pid")" INT
}
capture_show() { tcpdump -n -r "$DIR/$1.pcap" "${2:-}" 2>/dev/null; }
capture_count() { capture_show "$@" | wc -l; }

# ---- what is in the maps ----------------------------------------------------

# counter NODE NAME; drops NODE REASON: packets, all hooks together
counter() { fairlead "$1" metrics --json | jq --arg n "$2" '.counters[] | select(.name == $n).value'; }
drops() {
	fairlead "$1" drops -i 0 --json |
		jq --arg r "$2" '[.drops[] | select(.reason == $r).packets] | add // 0'
}
