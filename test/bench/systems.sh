# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The systems that are compared. Each has a client and a server pod of its own:
#
#	raw		two namespaces, one veth pair
#	fairlead	two pods of node a; across: to a pod of node b
#	ptp, bridge	two pods of the reference plugin on a node of its own
#	kernel-vxlan	a pod on node k, one on node l; ptp on each, a VXLAN device
#			and one plain route between them
#
# unusable[SYSTEM] is why a system cannot be measured.
declare -A unusable client server address

# ---- reference plugins -------------------------------------------------------

# reference_config TYPE NAME SUBNET
reference_config() {
	jq -nc --arg type "$1" --arg name "$2" --arg subnet "$3" --arg dir "$DIR/run/ipam" --argjson mtu $MTU '
		{cniVersion: "1.0.0", name: $name, type: $type, mtu: $mtu, ipMasq: false,
		 ipam: {type: "host-local", dataDir: $dir, ranges: [[{subnet: $subnet}]],
			routes: [{dst: "0.0.0.0/0"}]}}
		+ if $type == "bridge" then {bridge: "cni0", isGateway: true} else {} end' \
		>"$DIR/$2.conf"
}

# reference_pod NODE CONFIG POD: prints its address.
reference_pod() {
	local type out
	type=$(jq -r .type "$DIR/$2.conf")
	ns_add "p-$3"
	out=$(in_node "$1" env CNI_COMMAND=ADD CNI_CONTAINERID="$3" CNI_NETNS="/run/netns/$P-p-$3" \
		CNI_IFNAME=eth0 CNI_PATH="$REFERENCE" "$REFERENCE/$type" <"$DIR/$2.conf") || {
		echo "$out" >&2
		return 1
	}
	jq -r '.ips[0].address | split("/")[0]' <<<"$out"
}

reference_up() { # reference_up SYSTEM SUBNET
	local type=$1
	if [ ! -x "$REFERENCE/$type" ]; then
		unusable[$type]="no $REFERENCE/$type (Debian: containernetworking-plugins)"
		return
	fi
	ns_add "$type"
	in_node "$type" sysctl -qw net.ipv4.ip_forward=1
	reference_config "$type" "$type" "$2"
	if ! reference_pod "$type" "$type" "$type-c" >"$DIR/out" 2>"$DIR/err" ||
		! address[$type]=$(reference_pod "$type" "$type" "$type-s" 2>"$DIR/err"); then
		unusable[$type]=$(cat "$DIR/err")
		return
	fi
	client[$type]=p-$type-c server[$type]=p-$type-s
}

# ---- the kernel alone --------------------------------------------------------

raw_up() {
	ns_add p-raw-c
	ns_add p-raw-s
	wire p-raw-c eth0 p-raw-s eth0
	ip -n "$P-p-raw-c" link set eth0 mtu $MTU
	ip -n "$P-p-raw-s" link set eth0 mtu $MTU
	give p-raw-c eth0 10.200.0.1/24
	give p-raw-s eth0 10.200.0.2/24
	client[raw]=p-raw-c server[raw]=p-raw-s address[raw]=10.200.0.2
}

# vxlan_node NODE PEER: the device, and the route to the other's pods.
vxlan_node() {
	in_node "$1" sysctl -qw net.ipv4.ip_forward=1
	ip -n "$P-$1" link add vx type vxlan id 42 dstport 4789 noudpcsum dev eth0 \
		local "$(node_addr "$1" 4)" remote "$(node_addr "$2" 4)" || return
	ip -n "$P-$1" link set vx mtu $MTU up
	give "$1" vx "10.99.0.$(node_number "$1")/24"
	ip -n "$P-$1" route add "$(node_cidr "$2" 4)" via "10.99.0.$(node_number "$2")" || return
	reference_config ptp "vxlan-$1" "$(node_cidr "$1" 4)"
}

vxlan_up() {
	local s=kernel-vxlan
	if [ ! -x "$REFERENCE/ptp" ]; then
		unusable[$s]="no $REFERENCE/ptp (Debian: containernetworking-plugins)"
		return
	fi
	if ! vxlan_node k l 2>"$DIR/err" || ! vxlan_node l k 2>"$DIR/err" ||
		! reference_pod k vxlan-k vxlan-c >"$DIR/out" 2>"$DIR/err" ||
		! address[$s]=$(reference_pod l vxlan-l vxlan-s 2>"$DIR/err"); then
		unusable[$s]=$(cat "$DIR/err")
		return
	fi
	client[$s]=p-vxlan-c server[$s]=p-vxlan-s
}

# ---- Fairlead ------------------------------------------------------------------

fairlead_up() {
	local program node
	for program in fairlead-agent fairlead-cni; do
		[ ! -x "$BUILD/$program" ] || continue
		unusable[fairlead]="$BUILD/$program is not built"
		return
	done
	for node in a b; do
		node_manifest $node
		node_config $node
		agent_start $node
	done
	for node in a b; do
		agent_wait $node 2>"$DIR/err" && continue
		unusable[fairlead]=$(cat "$DIR/err")
		return
	done
	if ! pod_add a fl-c 2>"$DIR/err" || ! pod_add a fl-s 2>"$DIR/err" ||
		! pod_add b fl-x 2>"$DIR/err"; then
		unusable[fairlead]=$(cat "$DIR/err")
		return
	fi
	client[fairlead]=p-fl-c server[fairlead]=p-fl-s address[fairlead]=$(pod_addr fl-s 4)
	client[fairlead-cross]=p-fl-c server[fairlead-cross]=p-fl-x
	address[fairlead-cross]=$(pod_addr fl-x 4)
}

# ---- all -----------------------------------------------------------------------

# What answers in a server pod. It sleeps while nobody asks.
servers_start() {
	local ns=${server[$1]}
	background on_cpu "$ns" sockperf server --tcp -p $PORT_TCP >"$DIR/log" 2>&1
	background on_cpu "$ns" sockperf server -p $PORT_UDP >"$DIR/log" 2>&1
	background on_cpu "$ns" iperf3 -s -p $PORT_IPERF >"$DIR/log" 2>&1
	background on_cpu "$ns" "$TOOLS/netbench" serve $PORT_NET >"$DIR/log" 2>&1
}

# Does anything pass at all? Else the system says so instead of a figure.
pair_check() {
	local s=$1
	# Closed connections leave at once, or ports would run out.
	in_ns "${client[$s]}" sysctl -qw net.ipv4.tcp_max_tw_buckets=0 \
		net.ipv4.ip_local_port_range="1024 65535"
	in_ns "${server[$s]}" sysctl -qw net.ipv4.tcp_max_tw_buckets=0
	servers_start "$s"
	wait_for 5 in_ns "${client[$s]}" timeout 2 "$TOOLS/netbench" connections \
		"${address[$s]}" $PORT_NET 0.01 && return
	unusable[$s]="no connection from ${client[$s]} to ${address[$s]}"
}

systems_up() {
	local s
	progress "making namespaces and pods"
	net_up
	raw_up
	reference_up ptp 10.201.0.0/22
	reference_up bridge 10.202.0.0/22
	vxlan_up
	fairlead_up
	for s in "${!client[@]}"; do
		pair_check "$s"
	done
	if [ -n "${unusable[fairlead]:-}" ]; then
		unusable[fairlead-cross]=${unusable[fairlead]}
	fi
}
