# SPDX-License-Identifier: Apache-2.0
"""A running agent and its datapath: give them a world, ask what they do."""
import glob
import json
import os
import socket
import subprocess
import time

from model import is_broken

MARKER = "applied"  # namespace of the policy that tells one world's arrival
PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132, "ICMP": 1, "GRE": 47}
PASSED = ("local", "overlay", "uplink", "host", "not_ours", "replied")
DENIED = ("policy", "unknown_peer", "pending")


class Broken(Exception):
    """The test could not do what it wanted; not a wrong verdict."""


class Answer:
    """What the datapath would do with a packet."""

    def __init__(self, line):
        self.reason, *numbers = line.split()
        (self.ifindex, direction, self.denied_by, self.egress_rule,
         self.ingress_rule, denied) = map(int, numbers)
        self.says_no = [d for i, d in enumerate(("ingress", "egress"))
                        if denied >> i & 1]
        self.direction = ("ingress", "egress")[direction]
        if self.reason not in PASSED + DENIED:
            raise Broken(f"the datapath says: {line.strip()}")
        self.allowed = self.reason in PASSED


class Node:
    """cluster_dir, state_dir, bpf_root: the agent's; uplink: its ifindex;
    agent: a command that kills it and starts another."""

    def __init__(self, cluster_dir, state_dir, bpf_root, probe, uplink,
                 agent):
        self.agent = agent
        self.cluster_dir, self.state_dir = cluster_dir, state_dir
        self.uplink = uplink
        self.turn = 0
        self.pods = self._find_pods()
        self.probe = subprocess.Popen(
            [probe, bpf_root], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)

    def close(self):
        self.probe.stdin.close()
        self.probe.wait()

    # ---- pods ----------------------------------------------------------

    def _find_pods(self):
        """The attachments that the plugin has made, by the pod's name."""
        pods = {}
        for path in glob.glob(f"{self.state_dir}/endpoints/*.json"):
            with open(path, encoding="utf-8") as f:
                record = json.load(f)
            record["path"] = path
            pods[record["podName"]] = record
        return dict(sorted(pods.items()))

    def places(self):
        return [{"name": n, "addresses": r["addresses"]}
                for n, r in self.pods.items()]

    def addresses(self, manifests):
        """{"namespace/name": [...]} of the pods of this node."""
        return {f"{m['metadata']['namespace']}/{m['metadata']['name']}":
                self.pods[m["metadata"]["name"]]["addresses"]
                for m in manifests if m["kind"] == "Pod"
                and m["metadata"]["name"] in self.pods}

    def _move_pods(self, manifests):
        """Have the attachments be those of the world's pods: their namespace
        is the one thing that changes. Returns those that did."""
        changed = []
        for m in manifests:
            record = self.pods.get(m["metadata"]["name"])
            if m["kind"] != "Pod" or not record:
                continue
            namespace = m["metadata"]["namespace"]
            if record["podNamespace"] == namespace:
                continue
            record["podNamespace"] = namespace
            path = record["path"]
            write(path, {k: v for k, v in record.items() if k != "path"})
            changed.append(record)
        return changed

    # ---- worlds --------------------------------------------------------

    def apply(self, manifests):
        """Returns once the maps are those of this world."""
        self.turn += 1
        marker = {"apiVersion": "networking.k8s.io/v1",
                  "kind": "NetworkPolicy",
                  "metadata": {"namespace": MARKER,
                               "name": f"world-{self.turn}"},
                  "spec": {"podSelector": {}}}
        self._announce(self._move_pods(manifests))
        write(f"{self.cluster_dir}/world.json",
              {"apiVersion": "v1", "kind": "List",
               "items": manifests + [marker]})
        self.policies = self._wait_for(f"world-{self.turn}")
        self._check_valid(manifests)
        self.rules = {r["number"]: r for r in self.policies["rules"]}

    def _read_policies(self):
        try:
            with open(f"{self.state_dir}/policy.json", encoding="utf-8") as f:
                return json.load(f)
        except FileNotFoundError:
            return {"policies": []}

    def _wait_for(self, marker, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            said = self._read_policies()
            if any(p["name"] == marker for p in said["policies"]):
                return said
            time.sleep(0.01)
        raise Broken(f"the agent has not applied a world in {seconds} s: "
                     f"{self.status()}")

    def restart(self):
        """Returns once a new agent has done all that this world needs."""
        before = os.stat(f"{self.state_dir}/policy.json").st_ino
        subprocess.run([self.agent], check=True, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not self._is_ready(before):
            if time.monotonic() > end:
                raise Broken("the new agent is not ready")
            time.sleep(0.02)
        self.policies = self._read_policies()
        self.rules = {r["number"]: r for r in self.policies["rules"]}

    def _is_ready(self, before):
        try:
            return os.stat(f"{self.state_dir}/policy.json").st_ino != before \
                and json.loads(self.status())["ready"]
        except (OSError, ValueError):
            return False

    def _check_valid(self, manifests):
        broken = {m["metadata"]["name"] for m in manifests if is_broken(m)}
        for p in self.policies["policies"]:
            if p["valid"] == (p["name"] in broken):
                raise Broken("a valid policy is refused, or an invalid one "
                             f"taken: {json.dumps(p)}")

    def _connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(f"{self.state_dir}/agent.sock")
        return s

    def _announce(self, records):
        """As the plugin does; answered when all of it is programmed."""
        sockets = []
        for r in records:
            s = self._connect()
            s.sendall(json.dumps({
                "op": "endpoint-added", "containerID": r["containerID"],
                "ifname": r["ifname"]}).encode() + b"\n")
            sockets.append(s)
        for s in sockets:
            with s, s.makefile() as f:
                answer = json.loads(f.readline() or "{}")
            if not answer.get("ok"):
                raise Broken(f"endpoint-added: {answer}")

    def status(self):
        with self._connect() as s, s.makefile() as f:
            s.sendall(b'{"op":"status"}\n')
            return f.readline()

    # ---- probes --------------------------------------------------------

    def ask(self, probes):
        """Probe -> Answer, for all of them."""
        lines = [self._line(p) for p in probes]
        self.probe.stdin.write("".join(lines) + "\n")
        self.probe.stdin.flush()
        answers = []
        for p in probes:
            line = self.probe.stdout.readline()
            if not line:
                raise Broken("the probe ended")
            try:
                answers.append(Answer(line))
            except Broken as e:
                raise Broken(f"{p}: {e}") from None
        return answers

    def _line(self, p):
        number = PROTOCOLS[p.protocol]
        if p.protocol == "ICMP" and ":" in p.source:
            number = 58
        ifindex, mac = self.uplink, "02:00:00:00:00:99"
        if p.hook == "from_pod":
            ifindex, mac = (self.pods[p.pod][k] for k in ("ifindex", "mac"))
        elif p.hook == "to_pod":
            ifindex = self.pods[p.pod]["ifindex"]
        return (f"{p.hook} {ifindex} {mac} {p.source} {p.target} "
                f"{number} {p.port}\n")


def write(path, content):
    """Whole or not at all, as the agent expects it."""
    temporary = os.path.join(os.path.dirname(path), ".tmp-policy-test")
    with open(temporary, "w", encoding="utf-8") as f:
        f.write(json.dumps(content))
    os.rename(temporary, path)
