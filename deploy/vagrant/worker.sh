#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A further machine: takes the image from the first, and joins it.
# usage: worker.sh ADDRESS-OF-THE-FIRST
set -eu

share=http://$1:8000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

curl -fsS --retry 10 --retry-connrefused -o "$work/image.tar" "$share/image.tar"
/vagrant/deploy/vagrant/import.sh "$work/image.tar"
if [ ! -e /etc/kubernetes/kubelet.conf ]; then
	curl -fsS -o "$work/join" "$share/join"
	sh -eu "$work/join"
fi
