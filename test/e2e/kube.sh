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

# ---- as a kubelet tells of its pods ------------------------------------------

# pod_told NAMESPACE NAME NODE PHASE LABELS [ADDRESS...]: the Pod; LABELS and
# what has come after them are JSON. Its uid stays as long as the directory has
# its file.
pod_told() {
	local uid=$DIR/kube/uid.$1.$2
	[ -e "$uid" ] || cat /proc/sys/kernel/random/uuid >"$uid"
	jq -nc --arg ns "$1" --arg name "$2" --arg node "node-$3" --arg phase "$4" \
		--argjson labels "$5" --arg uid "$(cat "$uid")" '$ARGS.positional as $ips |
		{apiVersion: "v1", kind: "Pod",
		 metadata: {namespace: $ns, name: $name, labels: $labels, uid: $uid},
		 spec: {nodeName: $node, containers: [{name: "main", image: "none"}]},
		 status: ({phase: $phase} + if $ips == [] then {} else
			{podIP: $ips[0], podIPs: [$ips[] | {ip: .}]} end)}' --args "${@:6}" | api put -
}
pod_uid() { cat "$DIR/kube/uid.$1.$2"; }

# pod_runs NAMESPACE NAME LABELS: a pod of the plugin, with what it got.
pod_runs() {
	pod_told "$1" "$2" "$(pod_node "$1.$2")" Running "$3" "$(pod_addr "$1.$2" 4)" "$(pod_addr "$1.$2" 6)"
}

# pod_start NODE NAMESPACE NAME LABELS [ADDRESS...]: the Pod is bound to the
# node, a sandbox is made by the plugin, then its addresses are told.
pod_start() {
	local node=$1 ns=$2 name=$3 labels=$4
	shift 4
	pod_told "$ns" "$name" "$node" Pending "$labels"
	pod_sandbox "$node" "$ns" "$name" "$@" || return
	pod_runs "$ns" "$name" "$labels"
}
pod_sandbox() { # pod_sandbox NODE NAMESPACE NAME [ADDRESS...]
	pod_add "$1" "$2.$3" "$(jq -nc '{capabilities: {ips: true}, runtimeConfig: {ips: $ARGS.positional}}' --args "${@:4}")" \
		"K8S_POD_NAMESPACE=$2;K8S_POD_NAME=$3;K8S_POD_UID=$(pod_uid "$2" "$3")"
}

# pod_gone NAMESPACE NAME: its kubelet has ended it.
pod_gone() {
	rm -f "$DIR/kube/uid.$1.$2"
	api delete pods "$1/$2"
}

# ---- as a person changes things ----------------------------------------------

# By kubectl where there is one, else by what a controller would use.
kubectl_up() {
	have_kubectl=$(type -P kubectl)
	echo "person-token,person" >>"$DIR/kube/tokens"
	"$KUBE/kubeconfig" "https://$KUBE_ADDR:6443" "$DIR/kube/pki/ca.crt" person-token >"$DIR/kube/config"
}
kubectl() {
	in_router kubectl --kubeconfig "$DIR/kube/config" --cache-dir "$DIR/kube/cache" "$@"
}
apply() { # apply [FILE...]: manifests, else on stdin
	[ $# -gt 0 ] || set -- -
	if [ -n "$have_kubectl" ]; then
		kubectl apply "${@/#/--filename=}"
	else
		api put "$@"
	fi
}
remove() { # remove RESOURCE [NAMESPACE/]NAME
	if [ -n "$have_kubectl" ]; then
		case $2 in
		*/*) kubectl delete "$1" --namespace "${2%%/*}" "${2#*/}" ;;
		*) kubectl delete "$1" "$2" ;;
		esac
	else
		api delete "$@"
	fi
}
relabel() { # relabel RESOURCE [NAMESPACE/]NAME KEY VALUE; no VALUE: without it
	local ns=
	if [ -n "$have_kubectl" ]; then
		[[ $2 != */* ]] || ns=${2%%/*}
		kubectl label ${ns:+--namespace "$ns"} --overwrite "$1" "${2#*/}" "$3${4+=}${4--}"
	else
		api get "$1" "$2" | jq --arg k "$3" --arg v "${4-}" \
			'if $v == "" then del(.metadata.labels[$k]) else .metadata.labels[$k] = $v end' | api put -
	fi
}

# ---- what an agent says ------------------------------------------------------

agent_says() { # agent_says NODE FILTER: of its own status, by jq
	fairlead "$1" status --json 2>/dev/null | jq -r ".agentStatus | $2"
}
kube_resource() { # kube_resource NODE RESOURCE KEY
	agent_says "$1" ".sources[0].resources[] | select(.name == \"$2\").$3"
}
kube_resource_is() { [ "$(kube_resource "$1" "$2" "$3")" = "$4" ]; }
