# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Namespaces, and the wires between them: nodes, router, world.

# ---- addresses --------------------------------------------------------------

node_number() { printf '%d\n' $(($(printf '%d' "'$1") - 96)); } # a: 1, b: 2

# Addresses of the underlay have the link's number in them: 0 for the bridge.
node_link() {
	if [ "$FL_UNDERLAY" = bridge ]; then echo 0; else node_number "$1"; fi
}

link_v6() { if [ "$1" = 0 ]; then echo fd00; else echo "fd00:0:0:$1"; fi; }

# node_addr NODE 4|6, its gateway, its pod range, its own address in that.
node_addr() {
	local n l
	n=$(node_number "$1") l=$(node_link "$1")
	if [ "$2" = 4 ]; then echo "10.0.$l.$((10 + n))"; else echo "$(link_v6 "$l")::1$n"; fi
}
node_gateway() {
	local l
	l=$(node_link "$1")
	if [ "$2" = 4 ]; then echo "10.0.$l.1"; else echo "$(link_v6 "$l")::1"; fi
}
node_cidr() {
	local n
	n=$(node_number "$1")
	if [ "$2" = 4 ]; then echo "10.$n.0.0/24"; else echo "fd00:$n::/64"; fi
}
node_pod_addr() {
	local n
	n=$(node_number "$1")
	if [ "$2" = 4 ]; then echo "10.$n.0.1"; else echo "fd00:$n::1"; fi
}
world_addr() {
	if [ "$1" = 4 ]; then echo 203.0.113.10; else echo 2001:db8:203::10; fi
}

# ---- the network ------------------------------------------------------------

in_ns() { # in_ns NAMESPACE COMMAND...
	local ns=$1
	shift
	# shellcheck disable=SC2031
	${as_process:-} nsenter --net="/run/netns/$P-$ns" -- "$@"
}
in_node() { in_ns "$@"; }
in_router() { in_ns router "$@"; }
in_world() { in_ns world "$@"; }
in_pod() {
	local pod=$1
	shift
	in_ns "p-$pod" "$@"
}

# A namespace in which IPv6 addresses work at once, and no router is asked for.
ns_add() {
	ip netns add "$P-$1"
	in_ns "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.dad_transmits=0 \
		net.ipv6.conf.default.router_solicitations=0
	ip -n "$P-$1" link set lo up
}

# wire NS1 DEV1 NS2 DEV2: a veth pair, up.
wire() {
	ip link add name "$2" netns "$P-$1" type veth peer name "$4" netns "$P-$3"
	ip -n "$P-$1" link set "$2" up
	ip -n "$P-$3" link set "$4" up
}

# give NS DEV ADDRESS/LEN...
give() {
	local ns=$1 dev=$2 a
	shift 2
	for a in "$@"; do
		case $a in
		*:*) ip -n "$P-$ns" addr add "$a" dev "$dev" nodad ;;
		*) ip -n "$P-$ns" addr add "$a" dev "$dev" ;;
		esac
	done
}

node_wire() {
	local node=$1
	ns_add "$node"
	wire "$node" eth0 router "to-$node"
	if [ "$FL_UNDERLAY" = bridge ]; then
		ip -n "$P-router" link set "to-$node" master lan
	else
		give router "to-$node" "$(node_gateway "$node" 4)/24" "$(node_gateway "$node" 6)/64"
	fi
	give "$node" eth0 "$(node_addr "$node" 4)/24" "$(node_addr "$node" 6)/64"
	ip -n "$P-$node" route add default via "$(node_gateway "$node" 4)"
	ip -n "$P-$node" route add default via "$(node_gateway "$node" 6)"
}

# Router, world and nodes; no Fairlead yet.
net_up() {
	local node
	ns_add router
	ns_add world
	in_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	wire world eth0 router to-world
	give router to-world 203.0.113.1/24 2001:db8:203::1/64
	give world eth0 "$(world_addr 4)/24" "$(world_addr 6)/64"
	# The nodes, but no pods: those must come masqueraded.
	ip -n "$P-world" route add 10.0.0.0/16 via 203.0.113.1
	ip -n "$P-world" route add fd00::/48 via 2001:db8:203::1
	if [ "$FL_UNDERLAY" = bridge ]; then
		ip -n "$P-router" link add name lan type bridge
		ip -n "$P-router" link set lan up
		give router lan 10.0.0.1/24 fd00::1/64
	fi
	for node in $FL_NODES; do
		node_wire "$node"
	done
	[ "$FL_MODE" = native ] || return 0
	for node in $FL_NODES; do
		ip -n "$P-router" route add "$(node_cidr "$node" 4)" via "$(node_addr "$node" 4)"
		ip -n "$P-router" route add "$(node_cidr "$node" 6)" via "$(node_addr "$node" 6)"
	done
}
