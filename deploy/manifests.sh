#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the plain manifests of deploy/kubernetes from the chart, so that there
# is one source of both: `make manifests`, after a change of the chart.
# usage: manifests.sh HELMTEMPLATE [DIR]
set -eu

render=$1
cd "$(dirname "$0")"
out=${2:-kubernetes}

file() { # NAME WHAT RENDERER'S-ARGUMENT...
	name=$1 what=$2
	shift 2
	{
		echo "# SPDX-License-Identifier: Apache-2.0"
		echo "# $what"
		echo "# Written by \`make manifests\` from deploy/helm/fairlead: change that."
		"$render" "$@" helm/fairlead | grep -v '^# Source: '
	} >"$out/$name.new"
	mv "$out/$name.new" "$out/$name"
}

file fairlead.yaml "Fairlead on Kubernetes 1.30 or newer: docs/install.md." \
	-only serviceaccount.yaml -only clusterrole.yaml -only configmap.yaml \
	-only daemonset.yaml
file node-status.yaml "The right to clear NetworkUnavailable, for network-unavailable: true." \
	-s networkUnavailable=true -only nodestatus.yaml
file uninstall.yaml "Takes Fairlead off all nodes: docs/install.md." \
	-s uninstall=true -only uninstall.yaml
