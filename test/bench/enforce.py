#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How soon the change of a policy is enforced, for test/bench/run.

  world DIRECTORY PODS POLICIES RESULT...
        writes manifests: the pods of the plugin's results, others on other
        nodes, and policies that select them
  measure DIRECTORY CHANGES FROM TO ADDRESS
        sends datagrams from one pod's namespace to another's, on one
        connection, while it rewrites a policy so that they are denied, then
        allowed, and so on; prints the milliseconds from each renaming of the
        manifest to the first datagram that has the new verdict
"""
import ctypes
import json
import os
import socket
import sys
import time

CLONE_NEWNET = 0x40000000
PORT = 7000
PAUSE = 0.0002  # between datagrams
REST = 0.4      # between changes: each is alone
PATIENCE = 5
libc = ctypes.CDLL(None, use_errno=True)


def write(directory, name, items):
    """Prepared beside, renamed into place: that is the event."""
    temporary = os.path.join(directory, f".{name}.new")
    with open(temporary, "w", encoding="utf-8") as f:
        json.dump({"apiVersion": "v1", "kind": "List", "items": items}, f)
    return temporary, os.path.join(directory, name)


# ---- the world -------------------------------------------------------------

def pod(name, node, addresses, app):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "default", "name": name,
                         "labels": {"app": f"app-{app}", "unit": name}},
            "spec": {"nodeName": node},
            "status": {"phase": "Running",
                       "podIPs": [{"ip": a} for a in addresses]}}


def local_pods(results):
    """As the plugin has made them: pol-0.json, ..."""
    for path in results:
        with open(path, encoding="utf-8") as f:
            addresses = [i["address"].split("/")[0]
                         for i in json.load(f)["ips"]]
        name = os.path.basename(path)[:-len(".json")]
        yield pod(name, "node-p", addresses, name.split("-")[1])


def remote_pods(n):
    for i in range(n):
        node, host = divmod(i, 200)
        yield pod(f"far-{i}", f"far-{node}",
                  [f"10.{100 + node}.0.{host + 2}",
                   f"fd00:{100 + node}::{host + 2:x}"], i % 100)


def nodes(n):
    for i in range(n):
        yield {"apiVersion": "v1", "kind": "Node",
               "metadata": {"name": f"far-{i}"},
               "spec": {"podCIDRs": [f"10.{100 + i}.0.0/24",
                                     f"fd00:{100 + i}::/64"]},
               "status": {"addresses": [{"type": "InternalIP",
                                         "address": f"10.0.9.{i + 1}"}]}}


def policy(name, app, ingress):
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"namespace": "default", "name": name},
            "spec": {"podSelector": {"matchLabels": {"app": f"app-{app}"}},
                     "ingress": ingress}}


def policies(n):
    for i in range(n):
        yield policy(f"policy-{i}", 2 + i % 98, [
            {"from": [{"podSelector": {"matchLabels": {
                "app": f"app-{(i + 1) % 100}"}}},
                {"ipBlock": {"cidr": f"172.16.{i % 256}.0/24"}}],
             "ports": [{"port": 8000 + i, "endPort": 8999 + i}]}])


def world(directory, n_pods, n_policies, *results):
    local = list(local_pods(results))
    far = list(remote_pods(int(n_pods) - len(local)))
    for name, items in (
            ("pods.yaml", local + far),
            ("nodes.yaml", list(nodes(len(far) // 200 + 1))),
            ("policies.yaml", list(policies(int(n_policies))))):
        os.rename(*write(directory, name, items))


# ---- measuring -------------------------------------------------------------

def socket_in(namespace):
    """The socket stays in the namespace, whatever we enter next."""
    with open(namespace, "rb") as ns:
        if libc.setns(ns.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"enter {namespace}")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    return s


class Stream:
    """Datagrams with numbers."""

    def __init__(self, source, target, address):
        self.to, self.out = socket_in(target), socket_in(source)
        self.to.bind((address, PORT))
        self.out.connect((address, PORT))
        self.sent, self.seen = 0, 0

    def send(self):
        """Sends one; did it, or one before it, arrive?"""
        self.sent += 1
        try:
            self.out.send(self.sent.to_bytes(8, "big"))
        except OSError:
            pass  # told of a denial: none arrived
        time.sleep(PAUSE)
        before = self.seen
        try:
            while True:
                self.seen = int.from_bytes(self.to.recv(100), "big")
        except BlockingIOError:
            return self.seen > before

    def until(self, passes):
        """Sends until the verdict is this one; when the first datagram was
        sent that had it. Silence is believed after ten."""
        began, silent = time.monotonic(), []
        while True:
            now = time.monotonic()
            if now > began + PATIENCE:
                sys.exit(f"not {'allowed' if passes else 'denied'} "
                         f"after {PATIENCE} s")
            if self.send():
                silent = []
                if passes:
                    return now
            else:
                silent.append(now)
                if not passes and len(silent) == 10:
                    return silent[0]


def measure(directory, changes, source, target, address):
    stream = Stream(source, target, address)

    def change(passes):
        who = "app-0" if passes else "app-none"
        names = write(directory, "change.yaml", [policy("change", 1, [
            {"from": [{"podSelector": {"matchLabels": {"app": who}}}]}])])
        began = time.monotonic()
        os.rename(*names)
        return (stream.until(passes) - began) * 1000

    change(True)
    time.sleep(0.5)  # all the rest of the world, too, has been read
    for i in range(int(changes)):
        print(f"{change(bool(i % 2)):.3f}")
        time.sleep(REST)


if __name__ == "__main__":
    {"world": world, "measure": measure}[sys.argv[1]](*sys.argv[2:])
