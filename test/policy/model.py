# SPDX-License-Identifier: Apache-2.0
"""A cluster as its manifests describe it: who has which address.

Written from the Kubernetes API documentation, and sharing nothing with
Fairlead's own code: what both get wrong, they should get wrong differently.
"""
import functools
import ipaddress

ACTIVE = ("", "Pending", "Running", "Unknown")
AUDIT = "fairlead.io/policy-audit"
BROKEN = "test/broken"  # of a policy that no API server would take


def is_broken(manifest):
    return BROKEN in (manifest["metadata"].get("annotations") or {})


@functools.cache
def address(text):
    """An address as (version, number)."""
    a = ipaddress.ip_address(text)
    return a.version, int(a)


class Block:
    """A CIDR, with the part of it that is left out."""

    def __init__(self, cidr, excepted=()):
        # The API takes bits behind the length, and nobody looks at them.
        net = ipaddress.ip_network(cidr, strict=False)
        self.version = net.version
        self.first = int(net.network_address)
        self.last = int(net.broadcast_address)
        self.excepted = [Block(e) for e in excepted]

    def has(self, addr):
        version, number = addr
        return (version == self.version
                and self.first <= number <= self.last
                and not any(e.has(addr) for e in self.excepted))


def selects(selector, labels):
    """A label selector; an empty one selects everything."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for e in selector.get("matchExpressions") or []:
        key, operator = e["key"], e["operator"]
        values = e.get("values") or []
        if operator == "In":
            good = key in labels and labels[key] in values
        elif operator == "NotIn":
            good = key not in labels or labels[key] not in values
        elif operator == "Exists":
            good = key in labels
        elif operator == "DoesNotExist":
            good = key not in labels
        else:
            raise ValueError(f"unknown operator {operator}")
        if not good:
            return False
    return True


class Pod:
    def __init__(self, manifest):
        meta, spec = manifest["metadata"], manifest.get("spec") or {}
        status = manifest.get("status") or {}
        self.namespace = meta.get("namespace", "default")
        self.name = meta["name"]
        self.key = f"{self.namespace}/{self.name}"
        self.labels = meta.get("labels") or {}
        self.audit = (meta.get("annotations") or {}).get(AUDIT) == "true"
        self.node = spec.get("nodeName")
        self.host_network = bool(spec.get("hostNetwork"))
        self.terminal = status.get("phase", "") not in ACTIVE
        self.addresses = [address(i["ip"]) for i in status.get("podIPs") or []]
        self.ports = [
            (p["name"], p.get("protocol", "TCP"), p["containerPort"])
            for c in serving_containers(spec)
            for p in c.get("ports") or [] if p.get("name")]
        # Neither ends of policy: one has its node's address, one has none.
        self.selectable = not self.host_network and not self.terminal

    def has_named_port(self, name, protocol, number):
        return (name, protocol, number) in self.ports


def serving_containers(spec):
    """Init containers that have ended listen to nothing; sidecars stay."""
    return list(spec.get("containers") or []) + [
        c for c in spec.get("initContainers") or []
        if c.get("restartPolicy") == "Always"]


class Node:
    def __init__(self, manifest):
        self.name = manifest["metadata"]["name"]
        self.labels = manifest["metadata"].get("labels") or {}
        status = manifest.get("status") or {}
        self.addresses = [address(a["address"])
                          for a in status.get("addresses") or []
                          if a["type"] in ("InternalIP", "ExternalIP")]
        spec = manifest.get("spec") or {}
        self.pod_blocks = [Block(c) for c in spec.get("podCIDRs") or []]
        # What the node answers to inside its own pod ranges.
        self.gateways = [(b.version, b.first + 1) for b in self.pod_blocks]


class End:
    """One end of a connection: an address, and who has it."""

    def __init__(self, addr, pod=None, node=None, host_of=None,
                 unknown=False):
        self.addr = addr
        self.pod = pod          # a pod with an address of its own
        self.node = node        # a node, by one of its status.addresses
        self.host_of = host_of  # the node that the address leads to
        self.unknown = unknown  # maybe a pod that nobody has told us of

    def __repr__(self):
        who = (self.pod and f"pod {self.pod.key}"
               or self.host_of and f"node {self.host_of.name}" or "nobody")
        return f"{show(self.addr)} ({who})"


@functools.cache
def show(addr):
    version, number = addr
    if version == 4:
        return str(ipaddress.IPv4Address(number))
    return str(ipaddress.IPv6Address(number))


class World:
    """Everything that manifests say. `local` adds the addresses of pods whose
    manifests do not tell them: {"namespace/name": ["10.1.0.5", ...]}."""

    def __init__(self, manifests, local=None):
        self.namespaces, self.pods, self.nodes = {}, {}, {}
        self.network_policies, self.cluster_policies = [], []
        for m in manifests:
            self._add(m)
        for key, addrs in (local or {}).items():
            if key in self.pods:
                self.pods[key].addresses = [address(a) for a in addrs]
        self._find_ends()

    def _add(self, m):
        kind, name = m["kind"], m["metadata"]["name"]
        if kind == "Namespace":
            # The control plane sets this label on every namespace.
            self.namespaces[name] = {
                **(m["metadata"].get("labels") or {}),
                "kubernetes.io/metadata.name": name}
        elif kind == "Pod":
            pod = Pod(m)
            self.pods[pod.key] = pod
        elif kind == "Node":
            self.nodes[name] = Node(m)
        elif kind == "NetworkPolicy":
            self.network_policies.append(m)
        elif kind == "ClusterNetworkPolicy":
            self.cluster_policies.append(m)
        else:
            raise ValueError(f"unknown kind {kind}")

    def _find_ends(self):
        self.ends = {}
        for node in self.nodes.values():
            for a in node.gateways:
                self.ends[a] = End(a, host_of=node)
            for a in node.addresses:
                self.ends[a] = End(a, node=node, host_of=node)
        for pod in self.pods.values():
            for a in pod.addresses if pod.selectable else ():
                self.ends[a] = End(a, pod=pod)

    def end(self, addr):
        if isinstance(addr, str):
            addr = address(addr)
        return self.ends.get(addr) or End(addr, unknown=any(
            b.has(addr) for n in self.nodes.values() for b in n.pod_blocks))

    def namespace_labels(self, name):
        return self.namespaces.get(
            name, {"kubernetes.io/metadata.name": name})
