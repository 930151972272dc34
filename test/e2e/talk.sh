# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Traffic that runs while something else happens, and what it lost. Source
# lib.sh first.

declare -A running
# talk NAME NAMESPACE tcp|udp ADDRESS
talk() {
	rm -f "$DIR/on-$1"
	background in_ns "$2" "$E2E/traffic.py" steady "$3" "$4" 7000 600 200 "$DIR/on-$1" >"$DIR/talk-$1" 2>&1
	running[$1]=$!
}
# Is it so far that all of it is answered?
all_talk() {
	local name
	for name in "${!running[@]}"; do
		[ -e "$DIR/on-$name" ] || return
	done
}

# End it and say what was lost: "lost name:n ...", "none of N"
talk_end() {
	local name out lost='' sent=0
	for name in "${!running[@]}"; do
		kill "${running[$name]}"
	done
	for name in "${!running[@]}"; do
		wait "${running[$name]}"
		out=$(jq -r '"\(.sent) \(.lost)"' "$DIR/talk-$name" 2>/dev/null) || out="0 all"
		sent=$((sent + ${out% *}))
		[ "${out#* }" = 0 ] || lost+="$name: $(tail -n 1 "$DIR/talk-$name") "
	done
	running=()
	echo "${lost:-nothing} of $sent"
}
nothing_lost() { # nothing_lost SENTENCE
	local out
	talk_end >"$DIR/talk-end"
	out=$(cat "$DIR/talk-end")
	note "$1: $out"
	[[ $out = nothing\ of\ [1-9]* ]] && ok "$1" || not_ok "$1" "$out"
}
