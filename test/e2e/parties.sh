# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Who reaches whom: the parties that table.py tries. Source lib.sh first.

POLICIES=$E2E/policies
POLICY_PORTS=(tcp/80 udp/80 tcp/6379 udp/6379 tcp/5978 tcp/31999 tcp/32000 tcp/32500
	tcp/32768 tcp/32769 udp/32500)

party() { # party NAME NAMESPACE IPV4 IPV6 bind|- GROUPS
	echo "$1 /run/netns/$P-$2 $3 $4 $5 $6" >>"$DIR/parties"
}
no_party() { sed -i "\\|^$1 |d" "$DIR/parties"; } # no_party NAME
party_of() { # party_of NAMESPACE NAME: a pod, in a namespace of its own name
	party "$1/$2" "p-$1.$2" "$(pod_addr "$1.$2" 4)" "$(pod_addr "$1.$2" 6)" - \
		"pods,$1,on-$(pod_node "$1.$2")"
}

# The outside may begin connections to pods, and has more addresses.
outside() {
	local node f
	for node in a b; do
		for f in 4 6; do
			ip -n "$P-router" route replace "$(node_cidr $node $f)" via "$(node_addr $node $f)"
		done
	done
	ip -n "$P-world" route add 10.0.0.0/8 via 203.0.113.1
	ip -n "$P-world" route add fd00::/16 via 2001:db8:203::1
	give world lo 172.17.0.5/32 172.17.1.5/32 2001:db8:17::5/128 2001:db8:17:1::5/128
	ip -n "$P-router" route add 172.17.0.0/16 via "$(world_addr 4)"
	ip -n "$P-router" route add 2001:db8:17::/48 via "$(world_addr 6)"
	party outside world 172.17.0.5 2001:db8:17::5 bind world
	party excepted world 172.17.1.5 2001:db8:17:1::5 bind world
	party elsewhere world "$(world_addr 4)" "$(world_addr 6)" bind world
}

# parties_serve [NAME]: they listen from now on, all of them, or one that came.
parties_serve() {
	local file=$DIR/parties log=$DIR/serve.log
	if [ -n "${1:-}" ]; then
		file=$DIR/party.$RANDOM log=$file.log
		grep "^$1 " "$DIR/parties" >"$file"
	fi
	background "$E2E/table.py" serve "$file" "${POLICY_PORTS[@]}" >"$log"
	disown
	wait_for 10 grep -q ready "$log" || { cat "$log" >&2; return 1; }
}

# in_force NAME...: these policies, and no others, on both nodes.
in_force() {
	local node
	for node in a b; do
		[ "$(jq -r '[.policies[].name] | sort | join(" ")' "$(state_dir $node)/policy.json")" = \
			"$(printf '%s\n' "$@" | sort | xargs)" ] || return
	done
}

table() { # table SENTENCE FILE
	check "$1" "$E2E/table.py" check "$DIR/parties" "$2"
}

# step SENTENCE: its table on stdin, after what all steps have in common.
step() {
	{
		echo "ports tcp/6379 udp/80"
		echo "* * * * yes"
		cat
	} >"$DIR/step.table"
	table "$1" "$DIR/step.table"
}
