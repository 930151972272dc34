#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random worlds with real traffic: every pod of two nodes asks every other
one, and what answers must be what the evaluator allows. Needs running agents
and pods that the plugin made; see test/e2e/policy_worlds_test.
"""
import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path

from diff import node_manifests, show
from evaluate import PORT_PROTOCOLS, Evaluator
from model import World
from node import Broken, Node
from worlds import NUMBERS, Maker

PEER = Path(__file__).parent / "peer.py"
PORTS = 3  # of each protocol, in a world


class RealNode(Node):
    """A node whose datapath is asked by its pods."""

    def __init__(self, cluster_dir, state_dir):
        self.cluster_dir, self.state_dir = cluster_dir, state_dir
        self.turn = 0
        self.pods = self._find_pods()

    def move(self, manifests):
        """The attachments first: pods do not change their namespace."""
        self._announce(self._move_pods(manifests))


class RealMaker(Maker):
    """Worlds of pods that exist, on both nodes, and stay where they are."""

    def __init__(self, rand, nodes, places):
        own, self.other = [n["metadata"]["name"] for n in nodes]
        super().__init__(rand, nodes, own, places[0])
        self.remote = places[1]

    def local_pod(self, place):
        pod = super().local_pod(place)
        pod["status"]["podIPs"] = [{"ip": a} for a in place["addresses"]]
        return pod

    def remote_pods(self, node):
        for place in self.remote:
            pod = self.local_pod(place)
            pod["spec"]["nodeName"] = self.other
            yield pod


class Pods:
    """The processes in the pods."""

    def __init__(self, netns, addresses):
        self.processes = {}
        ports = ",".join(map(str, NUMBERS))
        for name, own in addresses.items():
            self.processes[name] = subprocess.Popen(
                ["nsenter", f"--net={netns}{name}", "--", sys.executable,
                 PEER, name, ports, *own],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in self.processes:
            self._line(name)

    def _line(self, name):
        line = self.processes[name].stdout.readline()
        if not line:
            raise Broken(f"the process in {name} ended")
        return line

    def ask(self, targets, seconds):
        """{name: targets} -> {name: numbers of those that answered}"""
        for name, process in self.processes.items():
            process.stdin.write(json.dumps(
                {"seconds": seconds, "targets": targets[name]}) + "\n")
            process.stdin.flush()
        return {name: set(json.loads(self._line(name)))
                for name in self.processes}

    def close(self):
        for process in self.processes.values():
            process.stdin.close()
            process.wait()


class Test:
    def __init__(self, nodes, pods, seed, seconds):
        self.nodes, self.pods, self.seed = nodes, pods, seed
        self.seconds = seconds
        self.places = {n: r["addresses"] for node in nodes
                       for n, r in node.pods.items()}
        self.asked = self.denied = 0

    def world(self, number):
        """(manifests, ports): always the same of a seed and a number."""
        r = random.Random(f"{self.seed}/{number}")
        while True:
            manifests = RealMaker(r, list(node_manifests())[:2],
                                  [n.places() for n in self.nodes]).world()
            ports = sorted(r.sample(NUMBERS, PORTS))
            if 0.15 < self.share_denied(manifests, ports) < 0.85:
                return manifests, ports

    def share_denied(self, manifests, ports):
        """Worlds in which all or nothing is allowed tell little."""
        evaluator = Evaluator(World(manifests))
        verdicts = [evaluator.allowed(self.source(name, address), address,
                                      protocol, port)
                    for name in self.places for protocol, address, port, _
                    in self.targets(name, ports)]
        return verdicts.count(False) / len(verdicts)

    def targets(self, name, ports):
        return [(protocol, address, port, other)
                for other, addresses in self.places.items() if other != name
                for address in addresses
                for protocol in PORT_PROTOCOLS for port in ports]

    def source(self, name, target):
        """The address of the target's family."""
        return next(a for a in self.places[name]
                    if (":" in a) == (":" in target))

    def differences(self, number):
        """What did not happen as it should, and the world."""
        manifests, ports = self.world(number)
        for node in self.nodes:
            node.move(manifests)
        for node in self.nodes:
            node.apply(manifests)
        evaluator = Evaluator(World(manifests))
        targets = {n: self.targets(n, ports) for n in self.places}
        answered = self.pods.ask(targets, self.seconds)
        found = []
        for name, list_ in targets.items():
            for i, (protocol, address, port, other) in enumerate(list_):
                source = self.source(name, address)
                what = source, address, protocol, port
                wanted = evaluator.allowed(*what)
                self.asked += 1
                self.denied += not wanted
                if wanted != (i in answered[name]):
                    out, into = evaluator.connection(*what)
                    found.append(
                        f"{name} ({source}) -> {other} ({address}) {protocol}"
                        f" {port}: {'no answer' if wanted else 'an answer'};"
                        f" egress {out}, ingress {into}")
        return found, manifests

    def run(self, number):
        """True if all is well."""
        found, manifests = self.differences(number)
        if found:
            print(f"world {number} of seed {self.seed}: {len(found)} "
                  "connections are wrong:")
            print("\n".join(found[:10]))
            show(manifests)
        return not found


def main():
    parser = argparse.ArgumentParser()
    for name in ("cluster-dir", "netns", "seed"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--state-dir", action="append", required=True)
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3)  # of silence
    o = parser.parse_args()
    nodes = [RealNode(o.cluster_dir, s) for s in o.state_dir]
    pods = Pods(o.netns, {n: r["addresses"] for node in nodes
                          for n, r in node.pods.items()})
    test = Test(nodes, pods, o.seed, o.seconds)
    wrong, start = 0, time.monotonic()
    try:
        for number in range(o.first, o.first + o.worlds):
            wrong += not test.run(number)
    finally:
        pods.close()
    print(f"{test.asked} connections in {o.worlds} worlds, {test.denied} "
          f"denied; {wrong} worlds wrong; {time.monotonic() - start:.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
