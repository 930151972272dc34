# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the end-to-end tests, the demo and the benchmarks share: TAP, clean-up,
# and a small cluster in network namespaces:
#
#	 pod pod        pod pod
#	   \ /            \ /
#	  node a         node b        each with its own agent
#	     \             /
#	      --- router --            the underlay
#	            |
#	          world                knows the nodes, but no pod network
#
# A "node" is a network namespace with a state directory and a bpf root of its
# own. All names begin with a prefix that holds our process id, so several
# runs live side by side, and what a crashed run has left is found and removed.
#
# A test sources this file and calls:
#
#	cluster_up		# see "Switches" below
#	pod_add a web		# through the real plugin
#	check "a pod reaches the world" in_pod web ping -c1 -W2 "$(world_addr 4)"
#	done_testing

set -u
shopt -s nullglob
FL_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-build}
[[ $BUILD = /* ]] || BUILD=$FL_SRC/$BUILD
E2E=$FL_SRC/test/e2e
BPFFS=/sys/fs/bpf
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1 PATH=/usr/local/sbin:/usr/sbin:/sbin:$PATH

# ---- Switches: set before cluster_up ---------------------------------------

FL_NODES=${FL_NODES:-a b}
FL_MODE=${FL_MODE:-overlay}	# overlay | native
FL_ATTACH=${FL_ATTACH:-auto}	# auto | tcx | clsact
FL_UNDERLAY=${FL_UNDERLAY:-bridge} # bridge: one link; router: one link a node
FL_FAMILIES=${FL_FAMILIES:-4 6} # of the InternalIPs in the Node manifests
FL_CONFIG=${FL_CONFIG:-}	# further lines for every fairlead.yaml; FL_CONFIG_a: for a's
FL_SOURCE=${FL_SOURCE:-directory} # directory | kube: a simulated API server, see kube.sh
FL_KUBE=${FL_KUBE:-}		# further options of that server
FL_MANIFESTS=${FL_MANIFESTS:-}	# directory of manifests to use instead of our own
FL_TAG=${FL_TAG:-flt}		# first part of the prefix

for part in tap cleanup network node pod kube; do
	# shellcheck disable=SC1090
	. "$E2E/$part.sh"
done
