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
from model import World, is_broken
from node import Broken, Node
from probes import TOLD, Judge, Prober
from shrink import shrink
from worlds import Maker, is_policy

# A world begins anew, then changes by one object at a time.
STEPS = 3
# After one in so many worlds the agent is killed, and another takes over.
RESTART = 10
OWN = "node-a"


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
        self.node, self.seed, self.probes = node, seed, probes
        self.shrink_for = shrink_for
        self.counts = dict.fromkeys(
            ("worlds", "probes", "denied", "unknown", "pending", "audited",
             "policies", "invalid", "restarts"), 0)

    def judge(self, manifests):
        world = World(manifests, self.node.addresses(manifests))
        return Judge(Evaluator(world), self.node.pods, self.node.rules)

    def worlds(self, number):
        """A world and what becomes of it step by step: (manifests, probes).
        Always the same of a seed and a number."""
        r = random.Random(f"{self.seed}/{number}")
        nodes = list(node_manifests())[:r.randint(2, 3)]
        maker = Maker(r, nodes, OWN, self.node.places())
        maker.odd_pods = True
        manifests = maker.world()
        for step in range(STEPS + 1):
            world = World(manifests, self.node.addresses(manifests))
            prober = Prober(r, Evaluator(world), manifests, OWN,
                            self.node.pods)
            yield manifests, prober.some(self.probes // (3 if step else 1))
            manifests = maker.step(manifests)

    def try_world(self, manifests, probes):
        """[(probe, complaint)]"""
        self.node.apply(manifests)
        found = self.judge_world(manifests, probes)
        self.counts["worlds"] += 1
        self.counts["policies"] += sum(map(is_policy, manifests))
        self.counts["invalid"] += sum(map(is_broken, manifests))
        return found

    def judge_world(self, manifests, probes):
        judge = self.judge(manifests)
        found = []
        for probe, answer in zip(probes, self.node.ask(probes)):
            wrong = judge.complaint(probe, answer)
            if wrong:
                found.append((probe, wrong))
            self.counts["denied"] += not answer.allowed
            self.counts["unknown"] += answer.reason == "unknown_peer"
            self.counts["pending"] += answer.reason == "pending"
            self.counts["audited"] += answer.allowed and bool(answer.says_no)
        self.counts["probes"] += len(probes)
        return found

    def run(self, number):
        """True if all is well."""
        before = None
        for step, (manifests, probes) in enumerate(self.worlds(number)):
            where = f"world {number}, step {step} of seed {self.seed}"
            try:
                found = self.try_world(manifests, probes)
                if not found and step == STEPS and not number % RESTART:
                    where += ", with a new agent"
                    self.node.restart()
                    self.counts["restarts"] += 1
                    found = self.judge_world(manifests, probes)
            except Broken as e:
                print(f"{where}: {e}")
                show(manifests)
                return False
            if found:
                # A wrong verdict is worse than one that is told wrongly.
                probe, wrong = min(found, key=lambda f: f[1].startswith(TOLD))
                print(f"{where}: {len(found)} probes are wrong. The first: "
                      f"{probe}: {wrong}")
                if self.shrink_for:
                    self.explain(before, manifests, probe)
                sys.stdout.flush()
                return False
            before = manifests
        return True

    def fails(self, manifests, probe):
        """The complaint about one probe, "" if there is none."""
        try:
            self.node.apply(manifests)
            answer, = self.node.ask([probe])
            return self.judge(manifests).complaint(probe, answer)
        except (Broken, ValueError, KeyError, AttributeError):
            return ""  # cut too much

    def explain(self, before, manifests, probe):
        """Prints the smallest world that is wrong."""
        self.node.apply([m for m in manifests if not is_policy(m)])
        if self.fails(manifests, probe):
            manifests = self.smaller(
                manifests, probe, lambda m: self.fails(m, probe))
            print(f"In a smaller world: {probe}: "
                  f"{self.fails(manifests, probe)}")
            show(manifests)
            return
        print("It is right when this world comes by itself.")
        if before and self.fails_after(before, manifests, probe):
            print("It is wrong after this one:")
            show(self.smaller(
                before, probe,
                lambda m: self.fails_after(m, manifests, probe)))
        print("The world:")
        show(manifests)

    def fails_after(self, before, manifests, probe):
        self.fails(before, probe)
        return self.fails(manifests, probe)

    def smaller(self, manifests, probe, fails):
        end = World(manifests, self.node.addresses(manifests)).end
        pods = [end(a).pod for a in (probe.source, probe.target)]
        return shrink(manifests, {p.name for p in pods if p}, fails,
                      self.shrink_for)


def show(manifests):
    for m in manifests:
        print(f"  {json.dumps(m)}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("cluster-dir", "state-dir", "bpf-root", "probe", "seed",
                 "agent"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--uplink", type=int, required=True)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--probes", type=int, default=1200)
    parser.add_argument("--failures", type=int, default=3)
    parser.add_argument("--shrink", type=int, default=30)  # seconds
    o = parser.parse_args()
    node = Node(o.cluster_dir, o.state_dir, o.bpf_root, o.probe, o.uplink,
                o.agent)
    test = Test(node, o.seed, o.probes, o.shrink)
    failures, start = 0, time.monotonic()
    for number in range(o.first, o.first + o.worlds):
        failures += not test.run(number)
        if failures == o.failures:
            break
    node.close()
    c, seconds = test.counts, time.monotonic() - start
    print(f"{c['probes']} probes of {c['worlds']} worlds with {c['policies']} "
          f"policies: {c['denied']} denied, {c['unknown']} of them because "
          f"the peer is not known, {c['pending']} because a pod is not; "
          f"{c['audited']} let through by audit; {c['invalid']} policies "
          f"invalid; {c['restarts']} new agents; {failures} worlds wrong; "
          f"{seconds:.0f} s")
    # A test that sees one verdict only sees nothing.
    one_sided = not 0.1 < c["denied"] / (c["probes"] or 1) < 0.9
    if one_sided:
        print("nearly all verdicts are the same")
    unseen = [k for k, n in c.items() if not n] if c["worlds"] > 50 else []
    if unseen:
        print(f"nothing was seen of: {unseen}")
    sys.exit(bool(failures or one_sided or unseen))


if __name__ == "__main__":
    main()
