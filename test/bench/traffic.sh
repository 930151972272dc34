# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Traffic between the pair of pods of each system. All ends are on one CPU.

LOCAL_SYSTEMS=(raw fairlead ptp bridge)
CROSS_SYSTEMS=(fairlead kernel-vxlan)

# Each measure_X SYSTEM prints a figure, or two (median and p99).

sockperf_percentiles() {
	awk '/percentile 50.000/ { p50 = $NF } /percentile 99.000/ { p99 = $NF }
		END { if (!p50) exit 1; print p50, p99 }'
}
measure_tcp_latency() {
	on_cpu "${client[$1]}" timeout 20 sockperf ping-pong --tcp \
		-i "${address[$1]}" -p $PORT_TCP -t 1 2>&1 | tee "$DIR/out" | sockperf_percentiles
}
measure_udp_latency() {
	on_cpu "${client[$1]}" timeout 20 sockperf ping-pong \
		-i "${address[$1]}" -p $PORT_UDP -t 1 2>&1 | tee "$DIR/out" | sockperf_percentiles
}

# Rates are for a second of CPU time that client, server and the kernel's
# thread for packets use. All are on one CPU, so on a quiet machine that is any
# second; on a busy one, what others take in between is not held against us.
ksoftirqd=$(pgrep -x "ksoftirqd/$CPU")
softirq_seconds() {
	awk '{ s = $1 / 1e9 } END { print s + 0 }' "/proc/${ksoftirqd:-none}/schedstat" 2>/dev/null || echo 0
}

# rate COMMAND...: it prints a quantity and the seconds of client and server.
rate() {
	local before figures
	before=$(softirq_seconds)
	figures=$("$@") && [ -n "$figures" ] || return
	awk '{ print $1 / ($2 + $4 - $3) }' <<<"$figures $before $(softirq_seconds)"
}

iperf_gbits() {
	on_cpu "${client[$1]}" timeout 20 iperf3 -J -t 1 -c "${address[$1]}" \
		-p $PORT_IPERF >"$DIR/out" 2>&1
	jq -er '.end | "\(.sum_received.bytes * 8 / 1e9) \((.cpu_utilization_percent |
		.host_total + .remote_total) * .sum_received.seconds / 100)"' "$DIR/out"
}

# offload SYSTEM on|off: in both pods. Not GRO: it is off on a veth device, and
# to switch it on would change how the device receives (NAPI) for good.
offload() {
	in_ns "${client[$1]}" ethtool -K eth0 tso "$2" gso "$2" >/dev/null 2>&1
	in_ns "${server[$1]}" ethtool -K eth0 tso "$2" gso "$2" >/dev/null 2>&1
}
measure_tcp_throughput() {
	local rc
	offload "$1" off
	rate iperf_gbits "$1"
	rc=$?
	offload "$1" on
	return $rc
}
measure_tcp_throughput_gso() { rate iperf_gbits "$1"; }

netbench() { # netbench SYSTEM WHAT
	on_cpu "${client[$1]}" timeout 20 "$TOOLS/netbench" "$2" \
		"${address[$1]}" $PORT_NET 0.6 2>"$DIR/out"
}
measure_connections() { rate netbench "$1" connections; }
measure_udp_packets() { rate netbench "$1" packets; }

# traffic_one PREFIX MEASURE PAIR SYSTEM
traffic_one() {
	local prefix=$1 measure=$2 pair=$3 system=$4 name figures
	name=$prefix$measure
	[[ $measure != *_latency ]] || name=${name}_p50
	if [ -n "${unusable[$pair]:-}" ]; then
		[ "$round" != 0 ] || failed "$name" "$system" "${unusable[$pair]}"
		return
	fi
	if ! figures=$("measure_$measure" "$pair"); then
		failed "$name" "$system" "$(tail -n 3 "$DIR/out")"
		return
	fi
	# shellcheck disable=SC2086
	set -- $figures
	case $measure in
	*_latency)
		sample "$name" "$system" us "$1" "$2"
		sample "${name%_p50}_p99" "$system" us "$2"
		;;
	tcp_throughput*) sample "$name" "$system" Gbit/s "$1" ;;
	*) sample "$name" "$system" 1/s "$1" ;;
	esac
}

# One measure of all systems follows upon the other, so that what else the
# machine does meets them alike; who comes first changes from round to round.
traffic_turn() { # traffic_turn ROUND PREFIX MEASURE SYSTEM...
	local round=$1 prefix=$2 measure=$3 i n pair system
	shift 3
	wanted "$prefix$measure" || return
	n=$#
	for ((i = 0; i < n; i++)); do
		system=${*:$(((i + round) % n + 1)):1}
		pair=$system
		[ "$prefix$system" != cross_fairlead ] || pair=fairlead-cross
		progress "round $((round + 1)) of $ROUNDS: $prefix$measure, $system"
		traffic_one "$prefix" "$measure" "$pair" "$system"
	done
}

traffic_round() {
	local measure
	for measure in tcp_latency udp_latency tcp_throughput tcp_throughput_gso connections udp_packets; do
		traffic_turn "$1" "" $measure "${LOCAL_SYSTEMS[@]}"
		traffic_turn "$1" cross_ $measure "${CROSS_SYSTEMS[@]}"
	done
}
