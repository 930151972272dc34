# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What is left of pods on node a: for tests that want nothing left. Source
# lib.sh first, call leftovers_begin when the agent is ready and no pod is there.

links_pins() { find "$(bpf_root a)/" -path '*/links/*' | sort; }
leftovers_begin() { links_pins >"$DIR/pins.before"; }

# All that there is of pods, a line each; nothing if there are none.
leftovers() {
	local s
	s=$(state_dir a)
	in_node a ip -j link | jq -r '.[].ifname | select(startswith("fl_")) |
		select(. != "fl_vxlan" and . != "fl_host") | "link \(.)"'
	{ in_node a ip route && in_node a ip -6 route; } |
		grep 'dev fl_' | grep -v 'dev fl_host\|dev fl_vxlan' | sed 's/^/route /'
	find "$s/ips" -type f 2>/dev/null | sed 's/^/address /'
	find "$s/endpoints" -type f 2>/dev/null | sed 's/^/endpoint /'
	find "$s" \( -name '.*' -o -name '*.tmp*' -o -name '*.new' \) -type f |
		grep -v '/endpoints/\|/ips/\|lock' | sed 's/^/temporary /'
	links_pins | comm -13 "$DIR/pins.before" - | sed 's/^/pin /'
	bpftool -j map dump pinned "$(bpf_root a)/v2/maps/fl_endpoints" |
		jq -r '.[] | "map entry \(.formatted.key // .key | tojson)"'
}
nothing_left() { check_eq "$1" "$(leftovers)" ""; }

# gc [NAME...]: GC, with these pods as all that are valid.
gc() {
	local name
	for name; do
		jq -nc --arg id "$(pod_id "$name")" '{containerID: $id, ifname: "eth0"}'
	done | jq -sc '{"cni.dev/valid-attachments": .}' >"$DIR/valid"
	plugin_config a "$(cat "$DIR/valid")" | plugin a GC "" "" ""
}
