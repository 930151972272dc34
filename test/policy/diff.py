#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random worlds: the evaluator's verdicts against those of the datapath in the
kernel, over maps that a running agent has written. Runs in the node's network
namespace; see test/e2e/policy_diff_test.
"""
import argparse
import json
import random
import sys
import time

from evaluate import Evaluator
from model import World
from node import Broken, Node
from probes import TOLD, Judge, Prober
from shrink import shrink
from worlds import Maker


def node_manifests():
    """The node under test and two that exist on paper."""
    for i, name in enumerate("abc", 1):
        yield {"apiVersion": "v1", "kind": "Node",
               "metadata": {"name": f"node-{name}"},
               "spec": {"podCIDRs": [f"10.{i}.0.0/24", f"fd00:{i}::/64"]},
               "status": {"addresses": [
                   {"type": "InternalIP", "address": f"10.0.0.1{i}"},
                   {"type": "InternalIP", "address": f"fd00::1{i}"},
                   {"type": "Hostname", "address": f"node-{name}"}]
                   + [{"type": "ExternalIP", "address": "198.51.100.77"}]
                   * (name == "c")}}


class Test:
    def __init__(self, node, seed, probes, shrink_for):
        self.node, self.seed, self.per_world = node, seed, probes
        self.shrink_for = shrink_for
        self.counts = {"worlds": 0, "probes": 0, "denied": 0, "unknown": 0,
                       "policies": 0}

    def judge(self, manifests):
        world = World(manifests, self.node.addresses(manifests))
        return Judge(Evaluator(world), self.node.pods, self.node.rules)

    def world(self, number):
        """Manifests and probes, always the same of a seed and a number."""
        r = random.Random(f"{self.seed}/{number}")
        nodes = list(node_manifests())[:r.randint(2, 3)]
        manifests = Maker(r, nodes, "node-a", self.node.places()).world()
        world = World(manifests, self.node.addresses(manifests))
        prober = Prober(r, world, manifests, "node-a", self.node.pods)
        return manifests, prober.some(self.per_world)

    def run(self, number):
        """[(probe, complaint)]"""
        manifests, probes = self.world(number)
        self.node.apply(manifests)
        judge = self.judge(manifests)
        found = []
        for probe, answer in zip(probes, self.node.ask(probes)):
            wrong = judge.complaint(probe, answer)
            if wrong:
                found.append((probe, wrong))
            self.counts["denied"] += not answer.allowed
            self.counts["unknown"] += answer.reason == "unknown_peer"
        self.counts["worlds"] += 1
        self.counts["probes"] += len(probes)
        self.counts["policies"] += sum(
            m["kind"].endswith("Policy") for m in manifests)
        return manifests, found

    def fails(self, manifests, probe):
        """The complaint about one probe, "" if there is none."""
        try:
            self.node.apply(manifests)
            answer, = self.node.ask([probe])
            return self.judge(manifests).complaint(probe, answer)
        except (Broken, ValueError, KeyError, AttributeError):
            return ""  # cut too much

    def report(self, number, manifests, found):
        # A wrong verdict is worse than one that is told wrongly.
        probe, wrong = min(found, key=lambda f: f[1].startswith(TOLD))
        print(f"world {number} of seed {self.seed}: {len(found)} probes are "
              f"wrong. The first: {probe}: {wrong}")
        if not self.shrink_for:
            return
        self.node.apply([m for m in manifests
                         if not m["kind"].endswith("Policy")])
        if not self.fails(manifests, probe):
            print("It is right when this world comes by itself, so it depends"
                  " on the worlds before it.")
        else:
            ends = World(manifests, self.node.addresses(manifests)).end
            needed = {e.pod.name for e in map(ends, (probe.source,
                                                     probe.target)) if e.pod}
            manifests = shrink(manifests, needed,
                               lambda m: self.fails(m, probe),
                               self.shrink_for)
            print(f"In a smaller world: {probe}: "
                  f"{self.fails(manifests, probe)}")
        for m in manifests:
            print(f"  {json.dumps(m)}")
        sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    for name in ("cluster-dir", "state-dir", "bpf-root", "probe", "seed"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--uplink", type=int, required=True)
    parser.add_argument("--worlds", type=int, default=60)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--probes", type=int, default=1700)
    parser.add_argument("--failures", type=int, default=3)
    parser.add_argument("--shrink", type=int, default=30)  # seconds
    o = parser.parse_args()
    node = Node(o.cluster_dir, o.state_dir, o.bpf_root, o.probe, o.uplink)
    test = Test(node, o.seed, o.probes, o.shrink)
    failures, start = 0, time.monotonic()
    for number in range(o.first, o.first + o.worlds):
        try:
            manifests, found = test.run(number)
            if found:
                failures += 1
                test.report(number, manifests, found)
        except Broken as e:
            failures += 1
            print(f"world {number} of seed {o.seed}: {e}")
        if failures == o.failures:
            break
    node.close()
    c, seconds = test.counts, time.monotonic() - start
    print(f"{c['probes']} probes of {c['worlds']} worlds with {c['policies']} "
          f"policies: {c['denied']} denied, {c['unknown']} of them because "
          f"the peer is not known; {failures} worlds wrong; "
          f"{seconds:.0f} s")
    # A test that sees one verdict only sees nothing.
    one_sided = not 0.1 < c["denied"] / (c["probes"] or 1) < 0.9
    if one_sided:
        print("nearly all verdicts are the same")
    sys.exit(bool(failures or one_sided))


if __name__ == "__main__":
    main()
