# SPDX-License-Identifier: Apache-2.0
"""May they talk? networking.k8s.io/v1 NetworkPolicy and
policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy, read literally and
evaluated rule by rule, for one connection at a time.

The order is: Admin tier, then NetworkPolicy, then Baseline tier; where none of
them decides, it is allowed.

  ClusterNetworkPolicy: within a tier by priority (lower first), then by name;
  within a policy in the order written. The first rule that matches decides;
  Pass goes on with the next tier.

  NetworkPolicy: a pod that any policy selects in a direction is isolated in
  it: what no rule of these policies allows is denied. Pods that none selects
  go on with the Baseline tier.

Besides: a pod reaches itself; a pod's own node always reaches it; to
NetworkPolicy, the own node is always allowed as a destination too.
"""
from model import Block, End, is_broken, selects

MAYBE = None  # between True and False: matches, if the peer is such a pod

INGRESS, EGRESS = "ingress", "egress"
PORT_PROTOCOLS = ("TCP", "UDP", "SCTP")


class Rule:
    """One rule of one policy, as it is told to people."""

    def __init__(self, kind, policy, direction, number, name=None, tier=None):
        self.kind, self.policy, self.direction = kind, policy, direction
        self.number, self.name, self.tier = number, name, tier

    def key(self):
        return self.kind, self.policy, self.direction, self.number

    def __repr__(self):
        what = f" ({self.tier})" if self.tier else ""
        name = f" {self.name}" if self.name else ""
        return (f"{self.kind} {self.policy}{what}, "
                f"{self.direction} rule {self.number}{name}")


class Verdict:
    """rules: those that may be named as the reason; by_default: or none."""

    def __init__(self, allowed, rules=(), why=""):
        self.allowed, self.rules, self.why = allowed, list(rules), why
        self.by_default = not rules or bool(why)

    def __repr__(self):
        said = " or ".join([*map(repr, self.rules)]
                           + [self.why] * self.by_default)
        return f"{'allowed' if self.allowed else 'denied'} by {said}"


def either(answers):
    """Is any of them True? If not, could one be?"""
    answers = list(answers)
    return True if True in answers else MAYBE if MAYBE in answers else False


def both(a, b):
    return False if a is False or b is False else \
        MAYBE if a is MAYBE or b is MAYBE else True


def priority(policy):
    return policy["spec"]["priority"], policy["metadata"]["name"]


class Evaluator:
    def __init__(self, world):
        self.world = world
        self.cluster_policies = sorted(world.cluster_policies, key=priority)
        self._selected, self._blocks = {}, {}

    # ---- who -----------------------------------------------------------

    def pod_matches(self, pod, namespaces, pods):
        """Both are selectors; None selects all."""
        if not pod.selectable:
            return False
        labels = self.world.namespace_labels(pod.namespace)
        return (selects(namespaces or {}, labels)
                and selects(pods or {}, pod.labels))

    def block_has(self, cidr, excepted, addr):
        key = cidr, tuple(excepted)
        if key not in self._blocks:
            self._blocks[key] = Block(cidr, excepted)
        return self._blocks[key].has(addr)

    def network_peer_matches(self, peer, namespace, end):
        """namespace: the policy's own."""
        if "ipBlock" in peer:
            b = peer["ipBlock"]
            return self.block_has(b["cidr"], b.get("except") or [], end.addr)
        if not end.pod:
            return MAYBE if end.unknown else False
        if "namespaceSelector" not in peer and end.pod.namespace != namespace:
            return False
        return self.pod_matches(end.pod, peer.get("namespaceSelector"),
                                peer.get("podSelector"))

    def cluster_peer_matches(self, peer, end):
        (kind, value), = peer.items()
        if kind == "networks":
            return any(self.block_has(c, [], end.addr) for c in value)
        if kind == "nodes":
            return end.node is not None and selects(value, end.node.labels)
        if not end.pod:
            return MAYBE if end.unknown else False
        if kind == "namespaces":
            return self.pod_matches(end.pod, value, None)
        if kind == "pods":
            return self.pod_matches(end.pod, value.get("namespaceSelector"),
                                    value.get("podSelector"))
        raise ValueError(f"unknown peer {kind}")

    # ---- what ----------------------------------------------------------

    @staticmethod
    def named_port_matches(name, protocol, port, receiver):
        """receiver: the End with the port."""
        if receiver.pod:
            return receiver.pod.has_named_port(name, protocol, port)
        return MAYBE if receiver.unknown and port else False

    def network_port_matches(self, item, protocol, port, receiver):
        if protocol != item.get("protocol", "TCP"):
            return False
        if "port" not in item:
            return True
        if isinstance(item["port"], str):
            return self.named_port_matches(item["port"], protocol, port,
                                           receiver)
        return item["port"] <= port <= item.get("endPort", item["port"])

    def cluster_protocol_matches(self, item, protocol, port, receiver):
        (kind, value), = item.items()
        if kind == "destinationNamedPort":
            return self.named_port_matches(value, protocol, port, receiver)
        if protocol != kind.upper():
            return False
        wanted = value.get("destinationPort")
        if wanted is None:
            return True
        if "number" in wanted:
            return port == wanted["number"]
        return wanted["range"]["start"] <= port <= wanted["range"]["end"]

    # ---- tiers ---------------------------------------------------------

    def subject_matches(self, policy, pod):
        subject = policy["spec"]["subject"]
        if "namespaces" in subject:
            return self.pod_matches(pod, subject["namespaces"], None)
        return self.pod_matches(pod, subject["pods"].get("namespaceSelector"),
                                subject["pods"].get("podSelector"))

    def of_tier(self, tier, pod):
        """The ClusterNetworkPolicies of a tier that are about a pod."""
        key = tier, pod.key
        if key not in self._selected:
            self._selected[key] = [
                p for p in self.cluster_policies
                if p["spec"]["tier"] == tier and self.subject_matches(p, pod)]
        return self._selected[key]

    def cluster_rules(self, tier, ask):
        """(rule, does it match?, Rule) in the order in which they count."""
        direction, pod, peer, protocol, port, receiver = ask
        ends = "from" if direction == INGRESS else "to"
        for policy in self.of_tier(tier, pod):
            if is_broken(policy):
                # In its place all is denied that it would have governed.
                if policy["spec"].get(direction):
                    yield {"action": "Deny"}, True, Rule(
                        "ClusterNetworkPolicy", policy["metadata"]["name"],
                        direction, 0, None, tier)
                continue
            for n, rule in enumerate(policy["spec"].get(direction) or [], 1):
                protocols = rule.get("protocols") or []
                matches = both(
                    either(self.cluster_peer_matches(p, peer)
                           for p in rule[ends]),
                    not protocols or either(
                        self.cluster_protocol_matches(i, protocol, port,
                                                      receiver)
                        for i in protocols))
                yield rule, matches, Rule(
                    "ClusterNetworkPolicy", policy["metadata"]["name"],
                    direction, n, rule.get("name"), tier)

    def cluster_tier(self, tier, ask):
        """A Verdict, or None: on with the next tier."""
        for rule, matches, name in self.cluster_rules(tier, ask):
            if matches:
                return None if rule["action"] == "Pass" else \
                    Verdict(rule["action"] == "Accept", [name])
        return None

    def isolating(self, direction, pod):
        """The NetworkPolicies that isolate a pod in a direction."""
        key = direction, pod.key
        if key not in self._selected:
            self._selected[key] = [
                p for p in self.world.network_policies
                if (p["metadata"].get("namespace", "default")
                    == pod.namespace)
                and direction in policy_types(p["spec"])
                and self.pod_matches(pod, None, p["spec"].get("podSelector"))]
        return self._selected[key]

    def network_rules(self, policies, ask):
        """(does it match?, Rule)"""
        direction, _, peer, protocol, port, receiver = ask
        ends = "from" if direction == INGRESS else "to"
        for policy in policies:
            if is_broken(policy):
                continue  # it isolates, and allows nothing
            namespace = policy["metadata"].get("namespace", "default")
            for n, rule in enumerate(policy["spec"].get(direction) or [], 1):
                peers, ports = rule.get(ends) or [], rule.get("ports") or []
                matches = both(
                    not peers or either(
                        self.network_peer_matches(p, namespace, peer)
                        for p in peers),
                    not ports or either(
                        self.network_port_matches(i, protocol, port, receiver)
                        for i in ports))
                yield matches, Rule(
                    "NetworkPolicy",
                    f"{namespace}/{policy['metadata']['name']}", direction, n)

    def network_tier(self, ask):
        direction, pod, peer = ask[:3]
        policies = self.isolating(direction, pod)
        if not policies:
            return None
        found = [name for matches, name in self.network_rules(policies, ask)
                 if matches]
        if direction == EGRESS and is_own_node(pod, peer):
            return Verdict(True, found, "the pod's own node")
        return Verdict(bool(found), found,
                       "" if found else "no rule of a NetworkPolicy")

    # ---- verdicts ------------------------------------------------------

    def verdict(self, direction, pod, peer, protocol, port):
        """One direction of policy, for `pod`, with `peer` (an End)."""
        if peer.pod is pod:
            return Verdict(True, why="the pod itself")
        if direction == INGRESS and is_own_node(pod, peer):
            return Verdict(True, why="the pod's own node")
        ask = self.question(direction, pod, peer, protocol, port)
        return (self.cluster_tier("Admin", ask)
                or self.network_tier(ask)
                or self.cluster_tier("Baseline", ask)
                or Verdict(True, why="default"))

    def question(self, direction, pod, peer, protocol, port):
        own = End(pod.addresses[0] if pod.addresses else None, pod=pod)
        return (direction, pod, peer, protocol, port,
                own if direction == INGRESS else peer)

    def possible(self, direction, pod, peer, protocol, port):
        """What the verdict may be, once it is known who the peer is: a set of
        True (allowed) and False."""
        ask = self.question(direction, pod, peer, protocol, port)
        found, on = self.possible_in_cluster_tier("Admin", ask)
        if not on:
            return found
        policies = self.isolating(direction, pod)
        if policies:
            match = either(m for m, _ in self.network_rules(policies, ask))
            return found | ({True, False} if match is MAYBE else {match})
        last, on = self.possible_in_cluster_tier("Baseline", ask)
        return found | last | ({True} if on else set())

    def possible_in_cluster_tier(self, tier, ask):
        """(verdicts, may the next tier decide?)"""
        found, on = set(), False
        for rule, matches, _ in self.cluster_rules(tier, ask):
            if matches is False:
                continue
            if rule["action"] == "Pass":
                on = True
            else:
                found.add(rule["action"] == "Accept")
            if matches:
                return found, on
        return found, True

    def governed(self, direction, pod):
        """Is there any policy about this pod and direction?"""
        return bool(self.isolating(direction, pod)) or any(
            p["spec"].get(direction)
            for tier in ("Admin", "Baseline") for p in self.of_tier(tier, pod))

    def connection(self, source, target, protocol, port=0):
        """Both ends' verdicts, None where an end is no pod. Ends are
        addresses: "10.1.0.5"."""
        source, target = self.world.end(source), self.world.end(target)
        out = source.pod and self.verdict(EGRESS, source.pod, target,
                                          protocol, port)
        into = target.pod and self.verdict(INGRESS, target.pod, source,
                                           protocol, port)
        return out, into

    def allowed(self, source, target, protocol, port=0):
        return all(v is None or v.allowed
                   for v in self.connection(source, target, protocol, port))


def policy_types(spec):
    """As given; else Ingress, and Egress if there are egress rules."""
    if spec.get("policyTypes"):
        return [t.lower() for t in spec["policyTypes"]]
    return [INGRESS, EGRESS] if spec.get("egress") else [INGRESS]


def is_own_node(pod, end):
    return end.host_of is not None and end.host_of.name == pod.node
