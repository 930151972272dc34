#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gives an image to the containerd of this machine.
# usage: import.sh ARCHIVE
set -eu

ctr --namespace k8s.io images import "$1"
