# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Whatever a test makes goes away when it ends, in whatever way; and what a run
# that was killed has left goes away when the next one begins.

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
	local p=$1 ns d
	[[ $p =~ ^fl[a-z]+[0-9]+$ ]] || return
	for ns in /run/netns/"$p"-*; do
		ip netns pids "${ns##*/}" 2>/dev/null | xargs -r kill -9 2>/dev/null
	done
	for d in /tmp/"$p".*; do
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

# An instrumented program tells what it has to tell when it ends: FL_GENTLE lets
# it. Whoever does not end soon is killed all the same.
end_gently() {
	local i pid
	kill "${pids[@]}"
	for pid in "${pids[@]}"; do
		for ((i = 0; i < 100; i++)); do
			kill -0 "$pid" || break
			sleep 0.1
		done
	done
}

cleanup() {
	local c pid
	trap '' INT TERM
	for c in "${cleanups[@]}"; do
		eval "$c"
	done
	{
		[ -z "${FL_GENTLE:-}" ] || end_gently
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
mountpoint -q "$BPFFS" || mount -t bpf bpf "$BPFFS"
remove_stale
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
DIR=$(mktemp -d "/tmp/$P.XXXXXX")
chmod 755 "$DIR"
mkdir "$DIR/cluster" "$DIR/pod"
