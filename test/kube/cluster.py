#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clusters of any size, the same for the same seed; records that make their
JSON only when it is asked for.

usage: cluster.py SPEC     prints the cluster as one List of manifests
SPEC: nodes=3,pods=20,services=5,policies=2,clusterpolicies=0,namespaces=4,
      seed=1,families=4+6    (what is left out is as here)
"""

import asyncio
import hashlib
import ipaddress
import json
import random
import sys
import time
import uuid

import kinds
import shapes
import store as st

NAMES = "bcdfghjklmnpqrstvwxz2456789"
RUNNING, PENDING, SUCCEEDED, HOST = range(4)
SLICE_MAX = 100  # endpoints


def word(n, size):
    """A name like those of a ReplicaSet: another for each n."""
    n = (n + 1) * 73687800193 % len(NAMES) ** size
    out = ""
    for _ in range(size):
        n, i = divmod(n, len(NAMES))
        out += NAMES[i]
    return out


class Lazy:
    """A record: values fill a template when it is rendered."""
    __slots__ = ("namespace", "name", "version", "node", "phase", "cluster",
                 "args")
    TEMPLATE = None

    def __init__(self, cluster, namespace, name, args, node="", phase=""):
        self.cluster, self.namespace, self.name = cluster, namespace, name
        self.node, self.phase, self.args = node, phase, args
        self.version = 0

    def uid(self, what):
        of = repr((self.cluster.seed, what)).encode()
        return str(uuid.UUID(bytes=hashlib.blake2b(
            of, digest_size=16).digest(), version=4))

    def fill(self):
        raise NotImplementedError

    def template(self):
        return self.TEMPLATE

    def render(self, version=None):
        values = {"name": self.name, "namespace": self.namespace,
                  "version": str(version or self.version)}
        values.update(self.fill())
        return self.template() % {
            k.encode(): v.encode() for k, v in values.items()}


class Pod(Lazy):
    """args: app, number of the node, slot on it, serial, state, rev"""
    __slots__ = ()
    TEMPLATES = {RUNNING: shapes.pod("Running"),
                 PENDING: shapes.pod("Pending"),
                 SUCCEEDED: shapes.pod("Succeeded"),
                 HOST: shapes.pod("Running", host=True)}
    PHASES = {RUNNING: "Running", PENDING: "Pending", SUCCEEDED: "Succeeded",
              HOST: "Running"}
    TIERS = ("web", "api", "db", "job")

    def template(self):
        return self.TEMPLATES[self.args[4]]

    @classmethod
    def new(cls, c, app, node, slot, serial, state, rev=0):
        name = f"{c.app(app)}-{word(app, 10)}-{word(serial + 1, 5)}"
        return cls(c, c.namespaces[app % len(c.namespaces)], name,
                   (app, node, slot, serial, state, rev),
                   c.node_names[node], cls.PHASES[state])

    def changed(self, state=None, rev=None):
        app, node, slot, serial, s, r = self.args
        return Pod.new(self.cluster, app, node, slot, serial,
                       s if state is None else state, r if rev is None else rev)

    def addresses(self):
        _, node, slot, _, state, _ = self.args
        if state == HOST:
            return self.cluster.node_addresses(node)
        return self.cluster.pod_addresses(node, slot)

    def fill(self):
        app, node, _, serial, state, rev = self.args
        ips = self.addresses()
        return {"app": self.cluster.app(app), "hash": word(app, 10),
                "suffix": word(serial + 1, 5), "tier": self.TIERS[app % 4],
                "uid": self.uid(("pod", serial)),
                "owner": self.uid(("rs", app)),
                "rev": str(rev), "node": self.node,
                "ready": "True" if state in (RUNNING, HOST) else "False",
                "restarts": str(rev),
                "host": self.cluster.node_addresses(node)[0],
                "ip": ips[0], "ips": json.dumps(
                    [{"ip": ip} for ip in ips], separators=(",", ":"))}


class Node(Lazy):
    """args: number, time of its heartbeat"""
    __slots__ = ()
    TEMPLATE = shapes.node()

    def fill(self):
        n, beat = self.args
        cidrs = self.cluster.node_cidrs(n)
        addresses = [{"type": "InternalIP", "address": a}
                     for a in self.cluster.node_addresses(n)]
        addresses.append({"type": "Hostname", "address": self.name})
        return {"uid": self.uid(("node", n)), "zone": f"z{n % 3}",
                "cidr": cidrs[0], "cidrs": st.dumps(cidrs).decode(),
                "addresses": st.dumps(addresses).decode(), "beat": beat}


class Service(Lazy):
    """args: number"""
    __slots__ = ()
    TEMPLATE = shapes.service()

    def fill(self):
        c, n = self.cluster, self.args
        ips = c.service_addresses(n)
        return {"uid": self.uid(("service", n)), "ip": ips[0],
                "ips": st.dumps(ips).decode(),
                "families": st.dumps(
                    ["IPv4" if f == "4" else "IPv6"
                     for f in c.families]).decode(),
                "policy": "SingleStack" if len(ips) == 1
                else "RequireDualStack"}


class Slice(Lazy):
    """args: number of the service, index of the family, part, its pods"""
    __slots__ = ()
    TEMPLATE = shapes.endpoint_slice()

    def fill(self):
        n, family, part, pods = self.args
        ends = [{"addresses": [p.addresses()[family]],
                 "conditions": {"ready": p.args[4] != PENDING, "serving": True,
                                "terminating": False},
                 "targetRef": {"kind": "Pod", "namespace": p.namespace,
                               "name": p.name,
                               "uid": p.uid(("pod", p.args[3]))},
                 "nodeName": p.node,
                 "zone": f"z{p.args[1] % 3}"} for p in pods]
        c = self.cluster
        return {"service": c.app(n),
                "uid": self.uid(("slice", n, family, part)),
                "owner": self.uid(("service", n)),
                "type": "IPv4" if c.families[family] == "4" else "IPv6",
                "endpoints": st.dumps(ends).decode()}


class Cluster:
    DEFAULTS = {"nodes": 3, "pods": 20, "services": 5, "policies": 2,
                "clusterpolicies": 0, "namespaces": 4, "seed": 1,
                "families": "4+6"}

    def __init__(self, **sizes):
        for k, v in {**self.DEFAULTS, **sizes}.items():
            setattr(self, k if k != "namespaces" else "count", v)
        self.families = self.families.split("+")
        self.count = max(1, self.count)
        self.nodes = max(1, self.nodes)
        self.namespaces = [f"team-{i:03}" for i in range(self.count)]
        self.node_names = [f"node-{i:05}" for i in range(self.nodes)]
        self.apps = self.services or max(1, self.pods // 10)
        slots = -(-self.pods // self.nodes) + 32  # room for churn
        self.bits = max(8, (slots + 4).bit_length())  # of a node's pod CIDR
        self.slots = (1 << self.bits) - 4

    @classmethod
    def parse(cls, spec):
        sizes = {}
        for part in spec.split(",") if spec else []:
            k, _, v = part.partition("=")
            if k not in cls.DEFAULTS:
                raise ValueError(f"a cluster has no {k}")
            sizes[k] = v if k == "families" else int(v)
        return cls(**sizes)

    # ---- names and addresses by arithmetic ----------------------------------

    def app(self, n):
        return f"app-{n:05}"

    def node_cidrs(self, n):
        out = []
        for f in self.families:
            if f == "4":
                base = (10 << 24) + (n << self.bits)
                out.append(f"{ipaddress.IPv4Address(base)}/{32 - self.bits}")
            else:
                out.append(f"fd00:10:{n:x}::/64")
        return out

    def pod_addresses(self, node, slot):
        out = []
        for f in self.families:
            if f == "4":
                base = (10 << 24) + (node << self.bits) + slot + 2
                out.append(str(ipaddress.IPv4Address(base)))
            else:
                out.append(f"fd00:10:{node:x}::{slot + 2:x}")
        return out

    def node_addresses(self, n):
        return [f"192.168.{n // 250}.{n % 250 + 1}" if f == "4" and n < 62500
                else f"100.64.{n // 250 % 256}.{n % 250 + 1}" if f == "4"
                else f"fd00:99::{n + 1:x}" for f in self.families]

    def service_addresses(self, n):
        return [str(ipaddress.IPv4Address((172 << 24) + (20 << 16) + n + 1))
                if f == "4" else f"fd00:172::{n + 1:x}" for f in self.families]

    # ---- objects ------------------------------------------------------------

    def first_pods(self):
        per_app = -(-self.pods // self.apps)
        r = random.Random(self.seed)
        for i in range(self.pods):
            chance = r.random()
            state = (RUNNING if chance < 0.96 else PENDING if chance < 0.97
                     else SUCCEEDED if chance < 0.98 else HOST)
            yield Pod.new(self, i // per_app, i % self.nodes, i // self.nodes,
                          i, state)

    def slices_of(self, n, pods):
        pods = [p for p in pods if p.args[4] in (RUNNING, HOST)]
        for family in range(len(self.families)):
            for part in range(0, max(1, len(pods)), SLICE_MAX):
                name = (f"{self.app(n)}-"
                        f"{word(n * 1000 + part // SLICE_MAX * 2 + family, 5)}")
                yield Slice(self, self.namespaces[n % self.count], name,
                            (n, family, part, tuple(
                                pods[part:part + SLICE_MAX])))

    def plain(self):
        """(kind, manifest) of what there is little of."""
        for i, name in enumerate(self.namespaces):
            yield kinds.BY_NAME["namespaces"], {"metadata": {
                "name": name, "labels": {
                    "env": "prod" if i % 2 else "dev", "team": f"t{i % 5}"}}}
        r = random.Random(self.seed + 1)
        for i in range(self.policies):
            app = i * self.apps // max(1, self.policies) % self.apps
            body = shapes.network_policy(r, self.app(app), self.namespaces)
            yield kinds.BY_NAME["networkpolicies"], {"metadata": {
                "name": f"policy-{i:05}",
                "namespace": self.namespaces[app % self.count]}, **body}
        for i in range(self.clusterpolicies):
            yield kinds.BY_NAME["clusternetworkpolicies"], {
                "metadata": {"name": f"cluster-{i:04}"},
                **shapes.cluster_policy(r, i)}

    def records(self):
        """(kind, record) of what there is much of."""
        by = kinds.BY_NAME
        for n in range(self.nodes):
            yield by["nodes"], Node(self, "", self.node_names[n],
                                    (n, shapes.WHEN))
        of_app = [[] for _ in range(self.apps)]
        for p in self.first_pods():
            of_app[p.args[0]].append(p)
            yield by["pods"], p
        for n in range(self.services):
            yield by["services"], Service(
                self, self.namespaces[n % self.count], self.app(n), n)
            for s in self.slices_of(n, of_app[n]):
                yield by["endpointslices"], s

    def fill(self, store):
        """Into an empty store, without events."""
        for kind, obj in self.plain():
            store.put(kind, obj)
        of = {}
        for kind, r in self.records():
            store.version += 1
            r.version = store.version
            of.setdefault(kind.name, []).append(r)
        for name, records in of.items():
            store.tables[name].fill(records)
        store.compact()

    def put(self, store):
        """Into any store, an event each; returns how many."""
        count = 0
        for kind, obj in self.plain():
            store.put(kind, obj)
            count += 1
        for kind, r in self.records():
            store.put_record(kind, r)
            count += 1
        return count


class Churn:
    """Changes of pods as a busy cluster sees them, and of the slices that they
    are in: of ten changes four are of a status, two of labels, two pods go and
    two come."""

    def __init__(self, store, seed):
        self.store, self.r = store, random.Random(seed)
        self.table = store.tables["pods"]
        self.pods = [p for p in self.table.objects.values()
                     if isinstance(p, Pod)]
        if not self.pods:
            raise ValueError("churn needs pods that were generated")
        self.cluster = self.pods[0].cluster
        self.serial = max(p.args[3] for p in self.pods) + 1
        self.free = []  # (app, node, slot) of pods that are gone
        self.of_app = {}
        for p in self.pods:
            self.of_app.setdefault(p.args[0], {})[p.args[3]] = p

    def slices(self, app):
        c = self.cluster
        if app >= c.services:
            return
        table = self.store.tables["endpointslices"]
        pods = [p for _, p in sorted(self.of_app[app].items())]
        for s in c.slices_of(app, pods):
            old = table.objects.get(st.key_of(s.namespace, s.name))
            if old is None or old.args != s.args:
                self.store.put_record(kinds.BY_NAME["endpointslices"], s)

    def put(self, at, pod):
        self.store.put_record(kinds.BY_NAME["pods"], pod)
        self.pods[at] = pod
        self.of_app[pod.args[0]][pod.args[3]] = pod

    def step(self):
        what = self.r.random()
        at = self.r.randrange(len(self.pods))
        pod = self.pods[at]
        app, node, slot, serial, state, rev = pod.args
        if what < 0.4:
            self.put(at, pod.changed(rev=rev + 1))
        elif what < 0.6:
            if state not in (RUNNING, PENDING):
                state = SUCCEEDED
            new = pod.changed(state={RUNNING: PENDING, PENDING: RUNNING}.get(
                state, state), rev=rev + 1)
            self.put(at, new)
            self.slices(app)
        elif (what < 0.8 or not self.free) and len(self.pods) > 1:
            self.store.delete(kinds.BY_NAME["pods"], pod.namespace, pod.name)
            self.pods[at] = self.pods[-1]
            self.pods.pop()
            del self.of_app[app][serial]
            self.free.append((app, node, slot))
            self.slices(app)
        elif self.free:
            app, node, slot = self.free.pop(
                self.r.randrange(len(self.free)))
            new = Pod.new(self.cluster, app, node, slot, self.serial, RUNNING)
            self.serial += 1
            self.pods.append(None)
            self.put(len(self.pods) - 1, new)
            self.slices(app)


async def churn(store, rate, seconds, seed):
    """rate changes a second, for so many seconds (0: for ever)."""
    change = Churn(store, seed)
    begin, done = time.monotonic(), 0
    while not seconds or done < rate * seconds:
        change.step()
        done += 1
        ahead = begin + done / rate - time.monotonic()
        if ahead > 0:
            await asyncio.sleep(ahead)
        elif done % 50 == 0:
            await asyncio.sleep(0)
    return {"version": store.version, "changes": done}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    s = st.Store()
    Cluster.parse(sys.argv[1]).fill(s)
    items = []
    for t in s.tables.values():
        items += [{"apiVersion": t.kind.api_version, "kind": t.kind.kind,
                   **json.loads(t.objects[k].render())} for k in t.keys]
    json.dump({"apiVersion": "v1", "kind": "List", "items": items}, sys.stdout)


if __name__ == "__main__":
    main()
