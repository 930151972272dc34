# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The image and its containers on node a. Source lib.sh first.

ROOTFS=$DIR/rootfs
BIN=$DIR/opt/cni/bin
CONF=$DIR/etc/cni/net.d

b() {
	buildah --root "$DIR/storage/root" --runroot "$DIR/storage/run" \
		--storage-driver vfs "$@"
}

# The last stage of deploy/Dockerfile, by hand: FROM scratch, COPY, ENTRYPOINT;
# then out of the archive again, as a runtime would get it.
image_build() {
	local c entry
	entry=$(sed -n 's/^ENTRYPOINT //p' "$FL_SRC/deploy/Dockerfile")
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$DIR/policy.json"
	{
		"$FL_SRC/deploy/image-rootfs.sh" "$BUILD" "$DIR/assembled" &&
			c=$(b from --isolation chroot scratch) &&
			b copy "$c" "$DIR/assembled" / &&
			b config --entrypoint "$entry" "$c" &&
			b commit --disable-compression=false --signature-policy "$DIR/policy.json" "$c" "oci-archive:$DIR/image.tar:fairlead" &&
			image_unpack
	} >"$DIR/image.log" 2>&1
}

blob() { echo "$DIR/oci/blobs/$(tr : / <<<"$1")"; }
image_manifest() { cat "$(blob "$(jq -r '.manifests[0].digest' "$DIR/oci/index.json")")"; }
image_config() { cat "$(blob "$(image_manifest | jq -r .config.digest)")"; }
image_unpack() {
	local layer
	mkdir -p "$DIR/oci" "$ROOTFS"
	tar -xf "$DIR/image.tar" -C "$DIR/oci" || return
	for layer in $(image_manifest | jq -r '.layers[].digest'); do
		tar -xzf "$(blob "$layer")" -C "$ROOTFS" || return
	done
}

missing_licences() {
	local library real package
	for library in $(cd "$ROOTFS" && find . -name '*.so*' | sed 's/^\.//'); do
		real=$(readlink -f "$library")
		package=$(dpkg-query -S "$real" "${real#/usr}" 2>/dev/null | head -n 1 | cut -d: -f1)
		[ -s "$ROOTFS/usr/share/doc/$package/copyright" ] || echo "$library"
	done
}

# The API server of node a, with a service account of the agent's.
api_start() {
	local k=$FL_SRC/test/kube
	mkdir -p "$DIR/token"
	"$k/certs.sh" "$DIR/pki" >"$DIR/api.log" 2>&1 || return
	cp "$DIR/pki/ca.crt" "$DIR/token/ca.crt"
	echo "a-token" >"$DIR/token/token"
	echo "a-token,system:serviceaccount:kube-system:fairlead" >"$DIR/tokens"
	background in_node a "$k/apiserver.py" --listen 127.0.0.1:6443 --admin-socket "$DIR/admin" \
		--cert "$DIR/pki/server.crt" --key "$DIR/pki/server.key" \
		--token-file "$DIR/tokens" >>"$DIR/api.log" 2>&1
	disown
	wait_for 10 test -S "$DIR/admin" && api put "$DIR/cluster/node-a.yaml"
}
api() {
	local k=$FL_SRC/test/kube
	"$k/api" -s "$DIR/admin" "$@"
}

# The chart, with this node's directories for the host's.
manifest_render() {
	local common=(-s "stateDir=$(state_dir a)" -s "cni.binDir=$BIN" -s "cni.confDir=$CONF"
		-s "config.bpf-root=$(bpf_root a)" -s apiServer.host=127.0.0.1 -s apiServer.port=6443
		"$FL_SRC/deploy/helm/fairlead")
	mkdir -p "$CONF" "$BIN" "$(dirname "$(state_dir a)")" "$DIR/configmap"
	"$BUILD/helmtemplate" "${common[@]}" >"$DIR/manifests.yaml"
	"$BUILD/helmtemplate" -s uninstall=true "${common[@]}" -only uninstall.yaml >>"$DIR/manifests.yaml"
	/usr/bin/python3 - "$DIR/manifests.yaml" "$DIR/configmap" <<-'PY'
		import os, sys, yaml
		for doc in yaml.safe_load_all(open(sys.argv[1])):
		    if doc["kind"] == "ConfigMap":
		        for name, text in doc["data"].items():
		            open(os.path.join(sys.argv[2], name), "w").write(text)
	PY
}

capabilities() {
	/usr/bin/python3 "$FL_SRC/test/deploy/runspec.py" "$DIR/manifests.yaml" fairlead agent \
		--root / --id x --configmap / --node-name x | jq -r '.process.capabilities.bounding[]' |
		sed s/CAP_//
}

image_spec() { # image_spec DAEMONSET CONTAINER [OPTION-OF-RUNSPEC...]
	local set=$1 name=$2
	shift 2
	mkdir -p "$DIR/run/$name"
	"$FL_SRC/test/deploy/runspec.py" "$DIR/manifests.yaml" "$set" "$name" --root "$ROOTFS" \
		--id "$P-$name" --configmap "$DIR/configmap" --node-name node-a --token "$DIR/token" "$@" \
		>"$DIR/run/$name/config.json"
}

in_runc() { in_node a runc --root "$DIR/runc" "$@"; }

# Runs a container to its end; its words go to $DIR/run/CONTAINER/log.
image_run() {
	local name=$2 rc
	image_spec "$@" || return
	in_runc run --bundle "$DIR/run/$name" "$P-$name" >"$DIR/run/$name/log" 2>&1 </dev/null
	rc=$?
	cat "$DIR/run/$name/log"
	return $rc
}

image_start() {
	local name=$2
	image_spec "$@" || return
	in_runc run --detach --bundle "$DIR/run/$name" "$P-$name" >"$DIR/run/$name/log" 2>&1 </dev/null
	at_exit "image_kill $name"
}

image_pid() { in_runc state "$P-$1" | jq -r .pid; }
image_exec() {
	local name=$1
	shift
	in_runc exec "$P-$name" "$@"
}

image_ended() { [ "$(in_runc state "$P-$1" | jq -r .status)" = stopped ]; }
image_stop() { # as the kubelet: TERM, and a while to end
	in_runc kill "$P-$1" TERM && wait_for 5 image_ended "$1"
	local rc=$?
	image_kill "$1"
	return $rc
}
image_kill() { in_runc delete --force "$P-$1" >/dev/null 2>&1; }

# Pods by the plugin that the image has put on the host.
pod_up() { BUILD=$BIN pod_add a "$1" && serve "p-$1"; }
pod_down() { BUILD=$BIN pod_del "$1"; }
