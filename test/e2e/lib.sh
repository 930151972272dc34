# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the end-to-end tests, the demo and the benchmarks share: TAP, clean-up,
# and a small cluster in network namespaces:
#
#	 pod pod        pod pod
#	   \ /            \ /
#	  node a         node b        each with its own agent
#	     \             /
#	      --- router --            the underlay
#	            |
#	          world                knows the nodes, but no pod network
#
# A "node" is a network namespace with a state directory and a bpf root of its
# own. All names begin with a prefix that holds our process id, so several
# runs live side by side, and what a crashed run has left is found and removed.
#
# A test sources this file and calls:
#
#	cluster_up		# see "Switches" below
#	pod_add a web		# through the real plugin
#	check "a pod reaches the world" in_pod web ping -c1 -W2 "$(world_addr 4)"
#	done_testing

set -u
shopt -s nullglob
FL_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-build}
[[ $BUILD = /* ]] || BUILD=$FL_SRC/$BUILD
E2E=$FL_SRC/test/e2e
BPFFS=/sys/fs/bpf
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1 PATH=/usr/local/sbin:/usr/sbin:/sbin:$PATH

# ---- Switches: set before cluster_up ---------------------------------------

FL_NODES=${FL_NODES:-a b}
FL_MODE=${FL_MODE:-overlay}	# overlay | native
FL_ATTACH=${FL_ATTACH:-auto}	# auto | tcx | clsact
FL_UNDERLAY=${FL_UNDERLAY:-bridge} # bridge: one link; router: one link a node
FL_FAMILIES=${FL_FAMILIES:-4 6} # of the InternalIPs in the Node manifests
FL_CONFIG=${FL_CONFIG:-}	# further lines for every fairlead.yaml; FL_CONFIG_a: for a's
FL_MANIFESTS=${FL_MANIFESTS:-}	# directory of manifests to use instead of our own
FL_TAG=${FL_TAG:-flt}		# first part of the prefix

# ---- TAP --------------------------------------------------------------------

tap_count=0 tap_failed=0

ok() { echo "ok $((++tap_count)) - $*"; }

# not_ok SENTENCE [DETAILS]
not_ok() {
	echo "not ok $((++tap_count)) - $1"
	tap_failed=$((tap_failed + 1))
	[ -z "${2:-}" ] || echo "$2" | sed 's/^/# /'
}

skip() { echo "ok $((++tap_count)) - $1 # SKIP $2"; }
note() { echo "$*" | sed 's/^/# /'; }

# check SENTENCE COMMAND...: ok if the command succeeds, else with its output.
check() {
	local sentence=$1 out
	shift
	if out=$("$@" 2>&1); then
		ok "$sentence"
	else
		not_ok "$sentence" "failed: $*
$out"
		return 1
	fi
}

# check_not SENTENCE COMMAND...: ok if the command fails.
check_not() {
	local sentence=$1 out
	shift
	if out=$("$@" 2>&1); then
		not_ok "$sentence" "should have failed: $*
$out"
		return 1
	else
		ok "$sentence"
	fi
}

# check_eq SENTENCE GOT WANTED
check_eq() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got:    $2
wanted: $3"
		return 1
	fi
}

done_testing() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
	exit
}

# Give up: what follows makes no sense without what has just failed.
bail() {
	not_ok "$1" "${2:-}"
	done_testing
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt $end ] || return 1
		sleep 0.05
	done
}

# ---- clean-up ---------------------------------------------------------------

P=$FL_TAG$$
pids=() cleanups=()

# Run a command at the end; the last one named runs first.
at_exit() { cleanups=("$*" "${cleanups[@]}"); }

# background COMMAND...: runs it, remembers it; its id is in $!. `exec` takes
# the place of the subshell, so that a signal reaches the command itself.
background() {
	# shellcheck disable=SC2030,SC2209
	(as_process=exec && "$@") &
	pids+=($!)
}

# stop PID [SIGNAL]: ends a process that we started, and waits for it.
stop() {
	local i
	kill "-${2:-TERM}" "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	# In a subshell it is not ours to wait for.
	for ((i = 0; i < 100; i++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.05
	done
	kill -9 "$1" 2>/dev/null
}

# Remove what belongs to a prefix: processes, namespaces, mounts, pins, files.
remove_prefix() {
	local p=$1 ns m d
	[[ $p =~ ^fl[a-z]+[0-9]+$ ]] || return
	for ns in /run/netns/"$p"-*; do
		ip netns pids "${ns##*/}" 2>/dev/null | xargs -r kill -9 2>/dev/null
	done
	for d in /tmp/"$p".*; do
		for m in "$d"/pid/*; do
			kill -9 "${m##*/}" 2>/dev/null
		done
		awk -v d="$d/" 'index($2, d) == 1 { print $2 }' /proc/mounts |
			sort -r | xargs -r -n 1 umount -l
	done
	for d in "$BPFFS/$p"-*; do
		rm -rf "$d"
	done
	for d in /sys/fs/cgroup/"$p" /sys/fs/cgroup/*/"$p"; do
		find "$d" -depth -type d -exec rmdir {} +
	done 2>/dev/null
	for ns in /run/netns/"$p"-*; do
		ip netns del "${ns##*/}"
	done
	rm -rf /tmp/"$p".*
}

# What runs that died left behind. A kept demo has a file `keep`.
remove_stale() {
	local x pid
	for x in /run/netns/flt[0-9]*-* /run/netns/fldemo[0-9]*-* \
		/tmp/flt[0-9]*.* /tmp/fldemo[0-9]*.* \
		"$BPFFS"/flt[0-9]*-* "$BPFFS"/fldemo[0-9]*-*; do
		x=${x##*/} x=${x%%[-.]*} pid=${x//[a-z]/}
		kill -0 "$pid" 2>/dev/null && continue
		compgen -G "/tmp/$x.*/keep" >/dev/null || remove_prefix "$x"
	done
}

cleanup() {
	local c pid
	trap '' INT TERM
	for c in "${cleanups[@]}"; do
		eval "$c"
	done
	{
		for pid in "${pids[@]}"; do
			kill -9 "$pid"
		done
		wait "${pids[@]}"
	} 2>/dev/null
	remove_prefix "$P"
}

if [ "$(id -u)" != 0 ]; then
	echo "$0: needs root" >&2
	exit 1
fi
mountpoint -q $BPFFS || mount -t bpf bpf $BPFFS
remove_stale
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
DIR=$(mktemp -d "/tmp/$P.XXXXXX")
chmod 755 "$DIR"
mkdir "$DIR/cluster" "$DIR/pod" "$DIR/pid"

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

# ---- nodes ------------------------------------------------------------------

state_dir() { echo "$DIR/$1/state"; }
bpf_root() { echo "$BPFFS/$P-$1"; }
config_of() { echo "$DIR/$1/fairlead.yaml"; }

# The manifest of a node, into the directory that all agents watch.
node_manifest() {
	local node=$1 f
	if [ -n "$FL_MANIFESTS" ]; then
		cp "$FL_MANIFESTS/node-$node.yaml" "$DIR/cluster/"
		return
	fi
	{
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
	} >"$DIR/node-$node.new"
	mv "$DIR/node-$node.new" "$DIR/cluster/node-$node.yaml"
}

node_config() {
	local node=$1 own=FL_CONFIG_$1
	mkdir -p "$DIR/$node"
	{
		echo "node-name: node-$node"
		echo "cluster-dir: $DIR/cluster"
		echo "state-dir: $(state_dir "$node")"
		echo "bpf-root: $(bpf_root "$node")"
		echo "http-address: 127.0.0.1:9876"
		echo "mode: $FL_MODE"
		echo "attach: $FL_ATTACH"
		[ "$FL_MODE" != native ] || [ "$FL_UNDERLAY" != bridge ] || echo "direct-routes: true"
		[ -z "$FL_CONFIG" ] || echo "$FL_CONFIG"
		[ -z "${!own:-}" ] || echo "${!own}"
	} >"$(config_of "$node")"
}

# The ids of processes are kept in files too, for remove_stale.
agent_pid() { cat "$DIR/$1/agent.pid" 2>/dev/null; }

agent_start() {
	local node=$1
	shift
	background in_node "$node" "$BUILD/fairlead-agent" --config "$(config_of "$node")" "$@" \
		>>"$DIR/$node/agent.log" 2>&1 </dev/null
	disown # no word of its death
	echo $! >"$DIR/$node/agent.pid"
	: >"$DIR/pid/$!"
}

# agent_stop NODE [SIGNAL]
agent_stop() {
	local pid
	pid=$(agent_pid "$1") || return 0
	stop "$pid" "${2:-TERM}"
	rm -f "$DIR/$1/agent.pid" "$DIR/pid/$pid"
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
	mkdir "$DIR/cluster" "$DIR/pod" "$DIR/pid"
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

# ---- pods -------------------------------------------------------------------

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
