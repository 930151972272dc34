#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests of deploy/ need beside deps.sh: tools that
# build images, render charts and check manifests.
# usage: deps-deploy.sh DIR   (DIR: where the types of Kubernetes go)
set -eu

dir=$1
types=kubernetes-types@1.30.0
packages="
	buildah golang-go golang-github-masterminds-sprig-dev
	python3-jsonschema python3-yaml shellcheck vagrant yamllint
"
command -v kubectl >/dev/null || packages="$packages kubernetes-client"
command -v npm >/dev/null || packages="$packages npm"

# shellcheck disable=SC2086
"$(dirname "$0")/packages.sh" $packages

# What fields the objects of Kubernetes have, from its own OpenAPI document.
if [ ! -e "$dir/core/v1.d.ts" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	(cd "$work" && npm pack --silent "$types" >/dev/null)
	mkdir -p "$dir"
	tar -xzf "$work"/kubernetes-types-*.tgz -C "$dir" --strip-components=1
fi
