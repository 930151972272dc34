# SPDX-License-Identifier: Apache-2.0
"""Which packets to ask about, what should become of them, and whether the
datapath agrees."""
import ipaddress

from evaluate import EGRESS, INGRESS, PORT_PROTOCOLS, Verdict
from model import address, is_broken, show
from worlds import NUMBERS, OUTSIDE

# Nobody's: the kernel takes them for broadcast or anycast on the underlay.
NOBODY = ("10.0.0.0", "10.0.0.255", "fd00::")


class Probe:
    """hook: where the datapath sees it; pod: by name, whose device it is."""

    def __init__(self, hook, pod, source, target, protocol, port):
        self.hook, self.pod = hook, pod
        self.source, self.target = source, target
        self.protocol = protocol
        self.port = port if protocol in PORT_PROTOCOLS else 0

    def __repr__(self):
        return (f"{self.source} -> {self.target} {self.protocol} "
                f"{self.port} ({self.hook})")


def walk(o, key):
    """All values of a key, wherever it is."""
    if isinstance(o, dict):
        for k, v in o.items():
            if k == key:
                yield v
            yield from walk(v, key)
    elif isinstance(o, list):
        for v in o:
            yield from walk(v, key)


def edges(manifests):
    """The first and last address of each range, and those beside them."""
    ranges = set(walk(manifests, "cidr"))
    for key in ("except", "networks"):
        for some in walk(manifests, key):
            ranges.update(some)
    for r in sorted(ranges):
        net = ipaddress.ip_network(r, strict=False)
        first, last = int(net[0]), int(net[-1])
        for number in (first - 1, first, last, last + 1):
            if 0 < number < 1 << net.max_prefixlen:
                yield type(net[0])(number)


def is_usual(a):
    return not (a.is_multicast or a.is_loopback or a.is_link_local
                or a.is_unspecified or a.is_reserved
                or str(a) in NOBODY or int(a) < 1 << 24
                or a.version == 6 and a.ipv4_mapped)


def ports_of(manifests):
    ports = set(NUMBERS)
    for key in ("port", "endPort", "number", "start", "end"):
        for n in walk(manifests, key):
            if isinstance(n, int):
                ports.update((n - 1, n, n + 1))
    return sorted(p for p in ports if 0 < p < 65536)


def untold(world, local):
    """{address: name} of pods that are here, and in no manifest."""
    told = {p.name for p in world.pods.values()}
    return {address(a): name for name, record in local.items()
            if name not in told for a in record["addresses"]}


class Prober:
    """Probes of one world. own: this node; local: {name: record} of its
    pods."""

    def __init__(self, random, evaluator, manifests, own, local):
        self.r, self.evaluator = random, evaluator
        self.world = world = evaluator.world
        self.about = {}  # rule -> addresses that it is about
        manifests = [m for m in manifests if not is_broken(m)]
        node = world.nodes[own]
        self.local = {a: p.name for p in world.pods.values()
                      if p.name in local for a in p.addresses}
        self.local.update(untold(world, local))
        self.host = [show(a) for a in node.addresses + node.gateways]
        addresses = {a for a in world.ends}
        for a in edges(manifests):
            if is_usual(a):
                addresses.add((a.version, int(a)))
        addresses.update(world.end(a).addr for a in OUTSIDE)
        for other in world.nodes.values():
            if other is not node:
                addresses.update((b.version, b.first + random.randint(2, 250))
                                 for b in other.pod_blocks)
        away = sorted(
            a for a in addresses if a not in self.local
            and show(a) not in self.host
            and not any(b.has(a) for b in node.pod_blocks))
        self.away = self._by_version(away)
        self.here = self._by_version(sorted(self.local))
        self.own = self._by_version([world.end(a).addr for a in self.host])
        self.ports = ports_of(manifests)

    @staticmethod
    def _by_version(addresses):
        return {v: [a for a in addresses if a[0] == v] for v in (4, 6)}

    def protocol_and_port(self, target):
        pod = self.world.end(target).pod
        if pod and pod.ports and self.r.random() < 0.3:
            _, protocol, port = self.r.choice(pod.ports)
            if self.r.random() < 0.1:
                protocol = self.r.choice(PORT_PROTOCOLS)
            return protocol, port
        protocol = self.r.choices(
            ("TCP", "UDP", "SCTP", "ICMP", "GRE"), (50, 20, 15, 10, 5))[0]
        return protocol, self.r.choice(self.ports)

    def probe(self, source, target, protocol, port):
        hook, pod = "from_uplink", None
        if source in self.local:
            hook, pod = "from_pod", self.local[source]
        elif source in self.own[source[0]]:
            hook, pod = "to_pod", self.local[target]
        return Probe(hook, pod, show(source), show(target), protocol, port)

    def any_one(self):
        """Anybody with anybody, as long as this node sees it."""
        version = self.r.choice((4, 6))
        here, away = self.here[version], self.away[version]
        own = self.own[version]
        kind = self.r.random()
        if kind < 0.03:
            source, target = self.r.choice(own), self.r.choice(here)
        elif kind < 0.4:
            source, target = self.r.choice(away), self.r.choice(here)
        else:
            where = self.r.random()
            source = self.r.choice(here)
            target = self.r.choice(here if where < 0.4
                                   else own if where < 0.47 else away)
        return self.probe(source, target, *self.protocol_and_port(target))

    # ---- what a rule is about ------------------------------------------

    def rules(self, direction, pod):
        """(matches an End?, rule, its items of ports) of a pod's policies."""
        e = self.evaluator
        for policy in e.isolating(direction, pod):
            if is_broken(policy):
                continue
            for rule in policy["spec"].get(direction) or []:
                yield (lambda peer, end: e.network_peer_matches(
                    peer, pod.namespace, end)), rule, rule.get("ports")
        for tier in ("Admin", "Baseline"):
            for policy in e.of_tier(tier, pod):
                if is_broken(policy):
                    continue
                for rule in policy["spec"].get(direction) or []:
                    yield e.cluster_peer_matches, rule, rule.get("protocols")

    def addresses_of(self, matches, rule):
        """Those that the rule's peers match."""
        if id(rule) not in self.about:
            peers = rule.get("from") or rule.get("to") or []
            self.about[id(rule)] = [
                a for v in (4, 6)
                for a in self.here[v] + self.away[v] + self.own[v]
                if any(matches(p, self.world.end(a)) for p in peers)]
        return self.about[id(rule)]

    def port_near(self, item, receiver):
        """(protocol, port) at an edge of what an item of ports matches."""
        if "destinationNamedPort" in item or isinstance(item.get("port"), str):
            name = item.get("port") or item["destinationNamedPort"]
            ports = [(p, n) for m, p, n in
                     (receiver.pod.ports if receiver.pod else []) if m == name]
            return self.r.choice(ports) if ports else None
        if not item or "port" in item or "protocol" in item:
            protocol = item.get("protocol", "TCP")
            first = item.get("port", 80)
            last = item.get("endPort", first)
        else:
            (protocol, value), = item.items()
            wanted = value["destinationPort"]
            first = wanted.get("number") or wanted["range"]["start"]
            last = wanted.get("number") or wanted["range"]["end"]
        port = self.r.choice((first, first, last, first - 1, last + 1,
                              (first + last) // 2))
        return protocol.upper(), min(max(port, 1), 65535)

    def pointed_one(self):
        """At the edges of what some rule is about, None if that is nobody."""
        ours = self.r.choice(list(self.local))
        direction = self.r.choice((INGRESS, EGRESS))
        pod = self.world.end(ours).pod
        rules = list(self.rules(direction, pod)) if pod else []
        if not rules:
            return None
        matches, rule, ports = self.r.choice(rules)
        peers = [a for a in self.addresses_of(matches, rule)
                 if a[0] == ours[0]]
        if not peers:
            return None
        peer = self.r.choice(peers)
        source, target = (peer, ours) if direction == INGRESS else (ours, peer)
        what = self.protocol_and_port(target)
        if ports and self.r.random() < 0.85:
            what = self.port_near(self.r.choice(ports),
                                  self.world.end(target)) or what
        return self.probe(source, target, *what)

    def some(self, n):
        return [(self.r.random() < 0.5 and self.pointed_one())
                or self.any_one() for _ in range(n)]


# ---- comparing -------------------------------------------------------------

TOLD = "told wrongly: "  # a right verdict, for another reason than is said


class Judge:
    """local: {name: record} of this node's pods; rules: number -> what policy.json
    says of it."""

    def __init__(self, evaluator, local, rules):
        self.evaluator, self.rules = evaluator, rules
        self.local = local
        self.untold = untold(evaluator.world, local)

    def expected(self, probe):
        """(egress, ingress): Verdicts, None for what is not asked here."""
        ends = self.evaluator.world.end
        source, target = ends(probe.source), ends(probe.target)
        what = probe.protocol, probe.port
        out = into = None
        if probe.hook == "from_pod":
            out = self.evaluator.verdict(EGRESS, source.pod, target, *what)
        if target.pod and target.pod.name in self.local:
            into = self.evaluator.verdict(INGRESS, target.pod, source, *what)
        return out, into

    def _unknown_peers(self, probe):
        """(direction, pod, peer) of the ends whose peer may be a pod that
        this node has not heard of."""
        source, target = map(self.evaluator.world.end,
                             (probe.source, probe.target))
        if probe.hook == "from_pod" and target.unknown:
            yield EGRESS, source.pod, target
        if probe.hook == "from_uplink" and source.unknown:
            yield INGRESS, target.pod, source

    def _complaint_unknown(self, probe, answer, direction, pod, peer):
        """A peer that may be a pod, of which nothing is known. It is dropped
        where that could turn out right; where a policy is about the pod, it
        may be dropped anyway. Never is it let in because nothing is known."""
        if answer.allowed:
            possible = self.evaluator.possible(
                direction, pod, peer, probe.protocol, probe.port)
            if False in possible:
                return (f"allowed; {direction} may have to be denied, "
                        "once it is known who it is")
        elif not self.evaluator.governed(direction, pod):
            return f"{answer.reason}, but no policy is about {direction}"
        return ""

    def _is_named(self, number, verdict):
        """Does a rule's number stand for one that decided so?"""
        if number == 0:
            return not verdict or verdict.by_default
        said = self.rules.get(number)
        return said is not None and verdict is not None and any(
            said["policy"] == r.policy and said["kind"] == r.kind
            and said["direction"] == r.direction and tells(said["text"], r)
            for r in verdict.rules)

    def complaint(self, probe, answer):
        """What is wrong, "" if nothing is."""
        ends = [address(probe.source), address(probe.target)]
        if any(e in self.untold for e in ends):
            return self._complaint_pending(probe, answer, ends)
        for unknown in self._unknown_peers(probe):
            if unknown[1].audit and answer.allowed:
                continue
            if answer.reason == "unknown_peer" or answer.allowed:
                wrong = self._complaint_unknown(probe, answer, *unknown)
                if wrong or answer.reason == "unknown_peer":
                    return wrong
        if answer.reason == "unknown_peer":
            return "the datapath does not know the peer"
        out, into = self.expected(probe)
        audit, out, into = self._audited(probe, answer, out, into)
        if audit:
            return audit
        if answer.allowed:
            strangers = [u[0] for u in self._unknown_peers(probe)]
            return self._complaint_allowed(answer, out, into, strangers)
        return self._complaint_denied(answer, out, into)

    def _complaint_pending(self, probe, answer, ends):
        """Who is not known speaks to its own node, and to itself."""
        names = [self.untold.get(e) for e in ends]
        host = [self.evaluator.world.end(e).host_of for e in ends]
        node = next(p.node for p in self.evaluator.world.pods.values()
                    if p.name in self.local)
        free = names[0] == names[1] or any(
            h is not None and h.name == node for h in host)
        wanted = answer.allowed if free else answer.reason == "pending"
        return "" if wanted else (
            f"{answer.reason}; a pod that nobody told of should "
            f"{'get through' if free else 'be pending'}")

    def _audited(self, probe, answer, out, into):
        """(what is wrong, verdicts as they are enforced): what a pod's policy
        denies in audit mode is told, and passes."""
        ends = self.evaluator.world.end
        strangers = [u[0] for u in self._unknown_peers(probe)]
        enforced = []
        for direction, verdict, pod in (
                (EGRESS, out, ends(probe.source).pod),
                (INGRESS, into, ends(probe.target).pod)):
            if verdict is None or not pod.audit:
                enforced.append(verdict)
                continue
            asked = direction == EGRESS or answer.allowed \
                or answer.direction == INGRESS
            if asked and direction not in strangers \
                    and (direction in answer.says_no) == verdict.allowed:
                return (f"{TOLD}audit of {direction} says "
                        f"{answer.says_no or 'nothing'}; should be {verdict}",
                        None, None)
            enforced.append(Verdict(True, verdict.rules, verdict.why))
        return "", *enforced

    def _complaint_allowed(self, answer, out, into, strangers):
        for direction, verdict in ((EGRESS, out), (INGRESS, into)):
            if verdict and not verdict.allowed:
                return f"allowed; {direction} should be {verdict}"
        for direction, number, verdict in (
                (EGRESS, answer.egress_rule, out),
                (INGRESS, answer.ingress_rule, into)):
            # All that may be pods share one identity, whatever allows it.
            if direction in strangers:
                continue
            if not self._is_named(number, verdict):
                return (f"{TOLD}rightly allowed, {direction} by "
                        f"{self.said(number)}; should be {verdict}")
        return ""

    def _complaint_denied(self, answer, out, into):
        said = f"denied, {answer.direction} by {self.said(answer.denied_by)}"
        for direction, verdict in ((EGRESS, out), (INGRESS, into)):
            if verdict and not verdict.allowed:
                if direction == answer.direction and self._is_named(
                        answer.denied_by, verdict):
                    return ""
                return (f"{TOLD}rightly {said}; should be {direction} "
                        f"{verdict}")
        return f"{said}; should be: egress {out}, ingress {into}"

    def said(self, number):
        return self.rules.get(number, {}).get("text", f"rule {number}")


def tells(text, rule):
    """Does what people read name this rule? 0: all of an invalid policy."""
    if not rule.number:
        return text.endswith(f", which is invalid: {rule.direction} is denied")
    return text.endswith(f" rule {rule.name or rule.number}")
