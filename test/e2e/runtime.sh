# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A containerd of our own on a node: everything it keeps is in $DIR, and it
# runs in a mount namespace of its own, where /etc/cni/net.d and /opt/cni/bin
# (which `ctr run --cni` insists on) and /run (its shims' sockets)
# are ours. Source lib.sh first.

R=$DIR/containerd
container_pids=()

runtime_config() { # runtime_config NODE: our plugin, and only that
	mkdir -p "$R/etc" "$R/etc.work" "$R/opt/cni/bin" "$R/etc/cni/net.d" "$R/rootfs"
	cp "$BUILD/fairlead-cni" "$R/opt/cni/bin/fairlead-cni"
	jq -n --arg s "$(state_dir "$1")" '{cniVersion: "1.0.0", name: "fairlead",
		plugins: [{type: "fairlead-cni", stateDir: $s}]}' >"$R/etc/cni/net.d/10-fairlead.conflist"
	cat >"$R/config.toml" <<-TOML
		version = 2
		root = "$R/root"
		state = "$R/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.tracing.processor.v1.otlp"]
		[grpc]
		address = "$R/containerd.sock"
	TOML
}

# A root file system of busybox alone, with a page to serve.
runtime_rootfs() {
	local r=$R/rootfs name
	mkdir -p "$r"/{bin,dev,proc,sys,tmp,etc,www}
	cp "$(command -v busybox)" "$r/bin/busybox"
	for name in $("$r/bin/busybox" --list); do
		[ "$name" = busybox ] || ln -sf busybox "$r/bin/$name"
	done
	echo "hello" >"$r/www/index.html"
}

runtime_start() { # runtime_start NODE
	runtime_node=$1
	runtime_config "$1"
	runtime_rootfs
	background in_node "$1" unshare --mount --propagation private bash -c '
		mount -t overlay overlay -o "lowerdir=/etc,upperdir=$0/etc,workdir=$0/etc.work" /etc &&
		mount --bind "$0/opt" /opt && mount -t tmpfs tmpfs /run &&
		exec containerd --config "$0/config.toml" --log-level warn' "$R" >"$R/log" 2>&1
	runtime_pid=$!
	at_exit runtime_stop
	wait_for 20 ctr version || bail "containerd starts" "$(tail "$R/log")"
}

in_runtime() {
	${as_process:-} nsenter --net="/run/netns/$P-$runtime_node" --mount="/proc/$runtime_pid/ns/mnt" -- "$@"
}
ctr() { in_runtime ctr --address "$R/containerd.sock" --namespace "$P" "$@"; }

# All containers, also those that a failed test has left.
runtime_stop() {
	local id
	for id in $(ctr task ls -q 2>/dev/null); do
		ctr task kill -s KILL "$id"
	done
	for id in "$DIR/runc/$P"/*; do
		runc --root "$DIR/runc/$P" delete -f "${id##*/}"
	done >/dev/null 2>&1
	stop "$runtime_pid"
}

# container ID COMMAND...: in the background, until it is killed.
container() {
	local id=$1
	shift
	# shellcheck disable=SC2209 # the word, not the command
	(as_process=exec ctr run --rm --cni --runc-root "$DIR/runc" \
		--rootfs "$R/rootfs" "$id" "$@") >"$R/out.$id" 2>&1 </dev/null &
	container_pids+=($!)
	disown # no word of its end
}
