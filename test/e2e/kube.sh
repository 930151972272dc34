# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# With FL_SOURCE=kube: a simulated API server (test/kube) in the router's
# namespace, which all nodes can reach, in place of the directory of manifests.

KUBE=$FL_SRC/test/kube
KUBE_ADDR=203.0.113.1 # the router's, whatever the underlay

kube_config_of() { echo "$DIR/$1/kubeconfig"; }

# api COMMAND...: what a controller or a fault would do; see test/kube/README.md
api() { "$KUBE/api" -s "$DIR/kube/admin" "$@"; }

# The server as options say; again: another one, that knows nothing.
kube_start() {
	background in_router "$KUBE/apiserver.py" --listen "$KUBE_ADDR:6443" \
		--admin-socket "$DIR/kube/admin" --port-file "$DIR/kube/port" \
		--cert "$DIR/kube/pki/server.crt" --key "$DIR/kube/pki/server.key" \
		--token-file "$DIR/kube/tokens" --forbidden-file "$DIR/kube/forbidden" \
		"$@" >>"$DIR/kube/log" 2>&1 </dev/null
	disown
	echo $! >"$DIR/kube/pid"
	wait_for 10 test -e "$DIR/kube/port" && return
	tail -n 20 "$DIR/kube/log" >&2
	return 1
}
kube_stop() {
	stop "$(cat "$DIR/kube/pid")" KILL
	rm -f "$DIR/kube/port" "$DIR/kube/admin"
}

# Certificates, one token for all nodes, an empty cluster.
kube_up() {
	mkdir -p "$DIR/kube"
	"$KUBE/certs.sh" "$DIR/kube/pki" "$KUBE_ADDR"
	echo "first-token,node" >"$DIR/kube/tokens"
	echo first-token >"$DIR/kube/token"
	: >"$DIR/kube/forbidden"
	kube_start "$@" || bail "the API server starts"
	api put - <<<'{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}'
}

kube_config() { # kube_config NODE: its kubeconfig
	cat >"$(kube_config_of "$1")" <<-YAML
		apiVersion: v1
		kind: Config
		current-context: test
		contexts: [{name: test, context: {cluster: test, user: node}}]
		clusters:
		- name: test
		  cluster: {server: "https://$KUBE_ADDR:6443", certificate-authority: $DIR/kube/pki/ca.crt}
		users: [{name: node, user: {tokenFile: $DIR/kube/token}}]
	YAML
}

# pod_object NAME [LABELS]: the Pod of a pod that runs, as its kubelet tells it
pod_object() {
	jq -c --arg name "$1" --arg node "node-$(pod_node "$1")" --argjson labels "${2:-{\}}" '
		[.ips[].address | split("/")[0]] as $ips |
		{apiVersion: "v1", kind: "Pod",
		 metadata: {namespace: "default", name: $name, labels: $labels},
		 spec: {nodeName: $node, containers: [{name: "main", image: "none"}]},
		 status: {phase: "Running", podIP: $ips[0], podIPs: [$ips[] | {ip: .}]}}' \
		"$DIR/pod/$1.json" | api put -
}
