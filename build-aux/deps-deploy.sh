#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests of deploy/ need beside deps.sh, unattended: tools that
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

missing=
for p in $packages; do
	dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null |
		grep -q '^install ok installed$' || missing="$missing $p"
done

if [ -n "$missing" ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "installing packages needs root, so through sudo:$missing" >&2
		exec sudo "$0" "$@"
	fi
	apt-get -q update
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Dpkg::Options::=--force-confold \
		install --no-install-recommends $missing
fi

# What fields the objects of Kubernetes have, from its own OpenAPI document.
if [ ! -e "$dir/core/v1.d.ts" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	(cd "$work" && npm pack --silent "$types" >/dev/null)
	mkdir -p "$dir"
	tar -xzf "$work"/kubernetes-types-*.tgz -C "$dir" --strip-components=1
fi
