# SPDX-License-Identifier: Apache-2.0
"""Random clusters, in which everything is likely to meet everything: few
labels and values, ranges that cut through pods' and nodes' addresses, ports
whose names mean different numbers."""
import ipaddress

from model import ACTIVE, AUDIT, BROKEN, is_broken

# What is no policy, in a peer, in the ports of a rule, or in the rule itself.
BAD_PEERS = (
    {"ipBlock": {"cidr": "10.0.0.300/8"}},
    {"ipBlock": {"cidr": "10.1.0.0/16", "except": ["10.2.0.0/24"]}},
    {"podSelector": {"matchExpressions": [
        {"key": "app", "operator": "Is", "values": ["web"]}]}},
    {"podSelektor": {}})
BAD_PORTS = ({"port": 70000}, {"port": 80, "endPort": 79},
             {"protocol": "TCPP", "port": 80}, {"port": "a--b"})
BAD_CLUSTER_PEERS = (
    {"namespaces": {"matchLabels": {"a": 7}}}, {"pod": {}},
    {"pods": {"podSelector": {}, "namespace": {}}}, {})
BAD_PROTOCOLS = (
    {"tcp": {"destinationPort": {"number": 65536}}}, {"dccp": {}},
    {"udp": {"destinationPort": {"range": {"start": 9, "end": 8}}}})

NAMESPACES = ("alpha", "beta", "gamma")
LABELS = {"app": ("web", "db", "log"), "tier": ("front", "back"),
          "env": ("prod", "test")}
TEAM = {"team": ("red", "blue"), "env": ("prod", "test")}
ZONE = {"zone": ("east", "west"), "env": ("prod", "test")}
PORT_NAMES = ("http", "dns", "metrics")
NUMBERS = (1, 53, 80, 81, 443, 1023, 1024, 8079, 8080, 9090, 32768, 65535)
PROTOCOLS = ("TCP", "TCP", "UDP", "SCTP")
OUTSIDE = ("203.0.113.10", "203.0.113.77", "198.51.100.1", "10.200.0.1",
           "2001:db8:203::10", "2001:db8:ffff::1", "fd00:ff::1")


class Maker:
    """local: [{"key": ..., "addresses": [...]}] pods of this node that exist
    already; nodes: the Node manifests; own: this node's name."""

    def __init__(self, random, nodes, own, local):
        self.r, self.own, self.local = random, own, local
        self.nodes = nodes
        self.odd_pods = False  # in audit mode, or not told of at all
        self.known = []  # addresses that are worth cutting at

    def some(self, chance):
        return self.r.random() < chance

    def up_to(self, most, least=0):
        return range(self.r.randint(least, most))

    # ---- who is there --------------------------------------------------

    def labels(self, table):
        return {k: self.r.choice(v) for k, v in table.items()
                if self.some(0.6)}

    def namespace(self, name):
        return {"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": self.labels(TEAM)}}

    def container(self):
        names = self.r.sample(PORT_NAMES, self.r.randint(0, 3))
        return {"name": "main", "ports": [
            {"name": n, "containerPort": self.r.choice(NUMBERS),
             **({"protocol": p} if (p := self.r.choice(PROTOCOLS)) != "TCP"
                or self.some(0.5) else {})} for n in names]}

    def containers(self):
        spec = {"containers": [self.container()]}
        if self.some(0.1):
            spec["initContainers"] = [
                {**self.container(), "name": "side",
                 **({"restartPolicy": "Always"} if self.some(0.5) else {})}]
            taken = {p["name"] for p in spec["containers"][0]["ports"]}
            init = spec["initContainers"][0]
            init["ports"] = [p for p in init["ports"]
                             if p["name"] not in taken]
        return spec

    def pod(self, namespace, name, node, addresses, phase="Running"):
        return {"apiVersion": "v1", "kind": "Pod",
                "metadata": {"namespace": namespace, "name": name,
                             "labels": self.labels(LABELS)},
                "spec": {"nodeName": node, **self.containers()},
                "status": {"phase": phase,
                           "podIPs": [{"ip": a} for a in addresses]}}

    def remote_pods(self, node):
        """Of another node: some with one family, some ended, some that have
        the address of one that ended, some on the host's network."""
        nets = [ipaddress.ip_network(c) for c in node["spec"]["podCIDRs"]]
        edges = (2, 3, 4, 5, 63, 64, 127, 128, 200, 254)
        hosts = self.r.sample(edges, 5) if self.some(0.5) \
            else self.r.sample(range(2, 255), 5)
        for i, host in enumerate(hosts[:self.r.randint(2, 5)]):
            addresses = [str(n[host]) for n in nets]
            if self.some(0.15):
                addresses = [self.r.choice(addresses)]
            self.known += addresses
            name = f"{node['metadata']['name']}-{i}"
            if self.some(0.15):
                yield self.pod(self.r.choice(NAMESPACES), name + "-old",
                               node["metadata"]["name"], addresses,
                               self.r.choice(("Succeeded", "Failed")))
                if self.some(0.5):
                    continue
            yield self.pod(self.r.choice(NAMESPACES), name,
                           node["metadata"]["name"], addresses,
                           self.r.choice(ACTIVE[1:3]))

    def host_pod(self, node):
        pod = self.pod(self.r.choice(NAMESPACES),
                       node["metadata"]["name"] + "-host",
                       node["metadata"]["name"],
                       [a["address"] for a in node["status"]["addresses"]
                        if a["type"] == "InternalIP"])
        pod["spec"]["hostNetwork"] = True
        return pod

    def local_pod(self, place):
        self.known += place["addresses"]
        namespace = self.r.choice(NAMESPACES) if self.some(0.3) \
            else place.get("namespace", NAMESPACES[0])
        place["namespace"] = namespace
        pod = self.pod(namespace, place["name"], self.own, place["addresses"])
        if self.odd_pods and self.some(0.1):
            pod["metadata"]["annotations"] = {AUDIT: "true"}
        if self.some(0.3):
            del pod["status"]["podIPs"]  # the plugin knows them
        return pod

    # ---- selectors -----------------------------------------------------

    def expression(self, table):
        key = self.r.choice(list(table))
        operator = self.r.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        e = {"key": key, "operator": operator}
        if operator in ("In", "NotIn"):
            values = table[key] + ("other",)
            e["values"] = self.r.sample(
                values, self.r.randint(1, len(values)))
        return e

    def selector(self, table):
        s = {}
        if self.some(0.2):
            return s
        if self.some(0.6):
            key = self.r.choice(list(table))
            s["matchLabels"] = {key: self.r.choice(table[key])}
        if not s or self.some(0.3):
            s["matchExpressions"] = [self.expression(table)
                                     for _ in self.up_to(2, 1)]
        return s

    def namespaces(self):
        if self.some(0.2):
            return {"matchLabels": {
                "kubernetes.io/metadata.name": self.r.choice(NAMESPACES)}}
        return self.selector(TEAM)

    # ---- ranges --------------------------------------------------------

    def cidr(self):
        if self.some(0.12):
            return self.r.choice(("0.0.0.0/0", "::/0"))
        a = ipaddress.ip_address(self.r.choice(self.known + list(OUTSIDE)))
        lengths = (8, 15, 16, 23, 24, 25, 26, 28, 30, 31, 32) \
            if a.version == 4 else \
            (7, 16, 32, 47, 48, 64, 96, 112, 120, 121, 125, 127, 128)
        length = self.r.choice(lengths)
        if self.some(0.05):
            return f"{a}/{length}"
        return str(ipaddress.ip_network((a, length), False))

    def inside(self, cidr):
        """A part of it, around an address that somebody has, if any."""
        net = ipaddress.ip_network(cidr, strict=False)
        if net.prefixlen == net.max_prefixlen:
            return None
        at = [a for a in map(ipaddress.ip_address, self.known) if a in net]
        a = self.r.choice(at) if at and self.some(0.9) else net[
            self.r.randrange(min(net.num_addresses, 1 << 20))]
        length = self.r.randint(net.prefixlen + 1, net.max_prefixlen)
        if self.some(0.4):
            length = net.max_prefixlen
        return str(ipaddress.ip_network((a, length), False))

    def ip_block(self):
        block = {"cidr": self.cidr()}
        if self.some(0.5):
            parts = {self.inside(block["cidr"]) for _ in self.up_to(3, 1)}
            parts = sorted(filter(None, parts))
            if parts:
                block["except"] = parts
        return block

    # ---- NetworkPolicy -------------------------------------------------

    def network_peer(self):
        if self.some(0.35):
            return {"ipBlock": self.ip_block()}
        peer = {}
        if self.some(0.6):
            peer["podSelector"] = self.selector(LABELS)
        if not peer or self.some(0.4):
            peer["namespaceSelector"] = self.namespaces()
        return peer

    def port(self):
        p = {}
        if self.some(0.7):
            p["protocol"] = self.r.choice(PROTOCOLS)
        if self.some(0.3):
            p["port"] = self.r.choice(PORT_NAMES)
        elif self.some(0.85):
            p["port"] = self.r.choice(NUMBERS)
            if self.some(0.4):
                p["endPort"] = self.r.randint(p["port"], 65535) \
                    if self.some(0.5) \
                    else self.r.choice([n for n in NUMBERS if n >= p["port"]])
        return p

    def network_rule(self, ends):
        rule = {}
        if self.some(0.75):
            rule[ends] = [self.network_peer() for _ in self.up_to(3, 1)]
        elif self.some(0.3):
            rule[ends] = []
        if self.some(0.6):
            rule["ports"] = [self.port() for _ in self.up_to(3, 1)]
        elif self.some(0.2):
            rule["ports"] = []
        return rule

    def network_policy(self, name):
        spec = {"podSelector": self.selector(LABELS)}
        if self.some(0.7):
            spec["ingress"] = [self.network_rule("from")
                               for _ in self.up_to(3)]
        if self.some(0.6):
            spec["egress"] = [self.network_rule("to") for _ in self.up_to(3)]
        if self.some(0.6):
            spec["policyTypes"] = self.r.choice(
                (["Ingress"], ["Egress"], ["Ingress", "Egress"], []))
        return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"namespace": self.r.choice(NAMESPACES),
                             "name": name}, "spec": spec}

    # ---- ClusterNetworkPolicy ------------------------------------------

    def subject(self):
        if self.some(0.4):
            return {"namespaces": self.namespaces()}
        return {"pods": {"namespaceSelector": self.namespaces(),
                         "podSelector": self.selector(LABELS)}}

    def cluster_peer(self, direction, named):
        kinds = ["pods", "namespaces"]
        if direction == "egress" and not named:
            kinds += ["nodes", "networks", "networks"]
        kind = self.r.choice(kinds)
        if kind == "nodes":
            return {kind: self.selector(ZONE)}
        if kind == "networks":
            return {kind: sorted({self.cidr() for _ in self.up_to(3, 1)})}
        return self.subject() if kind == "pods" else {
            kind: self.namespaces()}

    def protocol(self, named):
        if named and self.some(0.6):
            return {"destinationNamedPort": self.r.choice(PORT_NAMES)}
        if self.some(0.5):
            port = {"number": self.r.choice(NUMBERS)}
        else:
            start = self.r.choice(NUMBERS[:-1])
            port = {"range": {"start": start,
                              "end": self.r.randint(start + 1, 65535)}}
        return {self.r.choice(PROTOCOLS).lower(): {"destinationPort": port}}

    def cluster_rule(self, direction):
        rule = {"action": self.r.choice(("Accept", "Deny", "Pass"))}
        if self.some(0.3):
            rule["name"] = f"rule-{self.r.randint(1, 99)}"
        ported = self.some(0.55)
        named = ported and self.some(0.4)
        rule["from" if direction == "ingress" else "to"] = [
            self.cluster_peer(direction, named) for _ in self.up_to(3, 1)]
        if ported:
            rule["protocols"] = [self.protocol(named)
                                 for _ in self.up_to(3, 1)]
        return rule

    def cluster_policy(self, name):
        spec = {"tier": self.r.choice(("Admin", "Baseline")),
                "priority": self.r.choice((0, 1, 10, 10, 500, 1000)),
                "subject": self.subject()}
        for direction in ("ingress", "egress"):
            if self.some(0.7):
                spec[direction] = [self.cluster_rule(direction)
                                   for _ in self.up_to(4, 1)]
        return {"apiVersion": "policy.networking.k8s.io/v1alpha2",
                "kind": "ClusterNetworkPolicy", "metadata": {"name": name},
                "spec": spec}

    # ---- all of it -----------------------------------------------------

    def world(self):
        self.known = []
        # Now and then a namespace is told of by its pods alone.
        out = [self.namespace(n) for n in NAMESPACES if not self.some(0.05)]
        for node in self.nodes:
            node = {**node, "metadata": {**node["metadata"],
                                         "labels": self.labels(ZONE)}}
            out.append(node)
            self.known += [a["address"] for a in node["status"]["addresses"]
                           if a["type"] != "Hostname"]
            if node["metadata"]["name"] != self.own:
                out += self.remote_pods(node)
            if self.some(0.3):
                out.append(self.host_pod(node))
        out += [self.local_pod(p) for p in self.local
                if not (self.odd_pods and self.some(0.08))]
        cluster_share = self.r.choice((0, 0.3, 0.5, 1))
        for i in self.up_to(8, 1):
            make = self.cluster_policy if self.some(cluster_share) \
                else self.network_policy
            out.append(self.maybe_break(make(f"p{i}")))
        return out

    # ---- what is invalid -----------------------------------------------

    def maybe_break(self, policy):
        """Now and then one of its rules is none. Which directions it is about
        and whom it selects can still be read."""
        spec = policy["spec"]
        rules = [(d, i) for d in ("ingress", "egress")
                 for i in range(len(spec.get(d) or []))]
        if not rules or not self.some(0.12):
            return policy
        direction, i = self.r.choice(rules)
        rule = dict(spec[direction][i])
        ends = "from" if direction == "ingress" else "to"
        cluster = policy["kind"] == "ClusterNetworkPolicy"
        if cluster:
            way = self.r.choice([
                {ends: [self.r.choice(BAD_CLUSTER_PEERS)]},
                {"protocols": [self.r.choice(BAD_PROTOCOLS)]},
                {"action": "Allow"}, {"ports": []},
                {ends: [{"domainNames": ["example.org"]}]}])
        else:
            way = self.r.choice([
                {ends: [self.r.choice(BAD_PEERS)]},
                {"ports": [self.r.choice(BAD_PORTS)]},
                {"form": []}])
        rules = list(spec[direction])
        rules[i] = {**rule, **way}
        return {**policy, "spec": {**spec, direction: rules},
                "metadata": {**policy["metadata"],
                             "annotations": {BROKEN: "yes"}}}

    def step(self, manifests):
        """The same world with one object changed, as time does it."""
        i = self.r.choice([i for i, m in enumerate(manifests)
                           if m["metadata"]["name"] not in self.host_pods()
                           for _ in range(4 if is_policy(m) else 1)])
        old = manifests[i]
        new = self.changed(old)
        return manifests[:i] + ([new] if new else []) + manifests[i + 1:]

    def host_pods(self):
        return [n["metadata"]["name"] + "-host" for n in self.nodes]

    def changed(self, old):
        name, kind = old["metadata"]["name"], old["kind"]
        if is_policy(old):
            if self.some(0.2):
                return None
            make = self.network_policy if kind == "NetworkPolicy" \
                else self.cluster_policy
            new = self.maybe_break(make(name))
            if is_broken(old) or is_broken(new):
                return new
            if self.some(0.5):  # only some of its rules
                for key in ("ingress", "egress"):
                    if self.some(0.5):
                        new["spec"].pop(key, None)
                        if key in old["spec"]:
                            new["spec"][key] = old["spec"][key]
                if kind == "NetworkPolicy":
                    new["metadata"] = old["metadata"]
            return new
        table = {"Namespace": TEAM, "Node": ZONE, "Pod": LABELS}[kind]
        new = {**old, "metadata": {**old["metadata"],
                                   "labels": self.labels(table)}}
        if kind == "Pod":
            new["spec"] = {"nodeName": old["spec"]["nodeName"],
                           **self.containers()}
            remote = old["spec"]["nodeName"] != self.own
            if remote and old["status"]["phase"] in ACTIVE \
                    and self.some(0.3):
                new["status"] = {**old["status"], "phase": "Succeeded"}
        return new


def is_policy(manifest):
    return manifest["kind"].endswith("Policy")
