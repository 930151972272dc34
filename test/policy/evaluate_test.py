#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The evaluator against what the documentation of the two APIs says."""
import unittest

from evaluate import Evaluator, policy_types
from model import World, selects


def namespace(name, **labels):
    return {"kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def node(name, number, **labels):
    return {"kind": "Node", "metadata": {"name": name, "labels": labels},
            "spec": {"podCIDRs": [f"10.{number}.0.0/24",
                                  f"fd00:{number}::/64"]},
            "status": {"addresses": [
                {"type": "InternalIP", "address": f"192.0.2.{number}"},
                {"type": "Hostname", "address": name}]}}


def pod(key, ip, labels=None, ports=(), node="a", **spec):
    space, name = key.split("/")
    return {"kind": "Pod",
            "metadata": {"namespace": space, "name": name,
                         "labels": labels or {}},
            "spec": {"nodeName": node, "containers": [{"ports": [
                {"name": n, "protocol": p, "containerPort": c}
                for n, p, c in ports]}], **spec},
            "status": {"phase": "Running", "podIPs": [{"ip": ip}]}}


def network(name, spec, space="default"):
    return {"kind": "NetworkPolicy",
            "metadata": {"namespace": space, "name": name}, "spec": spec}


def cluster(name, tier, priority, subject=None, **rules):
    return {"kind": "ClusterNetworkPolicy", "metadata": {"name": name},
            "spec": {"tier": tier, "priority": priority,
                     "subject": subject or {"namespaces": {}}, **rules}}


DB, FRONT, OTHER = "10.1.0.2", "10.1.0.3", "10.1.0.4"
FAR, STRANGER = "10.2.0.2", "10.2.0.3"
WORLD, NODE_A, NODE_B = "203.0.113.9", "192.0.2.1", "192.0.2.2"
CLUSTER = [
    namespace("default"), namespace("myproject", project="myproject"),
    namespace("tenant", tenant="red"),
    node("a", 1, zone="east"), node("b", 2, zone="west"),
    pod("default/db", DB, {"role": "db"}, [("sql", "TCP", 6379)]),
    pod("default/front", FRONT, {"role": "frontend"}, [("sql", "TCP", 7000)]),
    pod("default/other", OTHER, {"role": "x"}),
    pod("myproject/far", FAR, {"role": "client"}, node="b"),
    pod("tenant/stranger", STRANGER, {"role": "frontend"}, node="b"),
]

# https://kubernetes.io/docs/concepts/services-networking/network-policies/
EXAMPLE = network("test-network-policy", {
    "podSelector": {"matchLabels": {"role": "db"}},
    "policyTypes": ["Ingress", "Egress"],
    "ingress": [{
        "from": [
            {"ipBlock": {"cidr": "172.17.0.0/16",
                         "except": ["172.17.1.0/24"]}},
            {"namespaceSelector": {"matchLabels": {"project": "myproject"}}},
            {"podSelector": {"matchLabels": {"role": "frontend"}}}],
        "ports": [{"protocol": "TCP", "port": 6379}]}],
    "egress": [{
        "to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}],
        "ports": [{"protocol": "TCP", "port": 5978}]}]})


class Case(unittest.TestCase):
    def may(self, policies, source, target, protocol="TCP", port=6379,
            more=()):
        world = World(CLUSTER + list(more) + list(policies))
        return Evaluator(world).allowed(source, target, protocol, port)

    def yes(self, *args, **more):
        self.assertTrue(self.may(*args, **more), args[1:])

    def no(self, *args, **more):
        self.assertFalse(self.may(*args, **more), args[1:])


class NetworkPolicy(Case):
    def test_the_example_of_the_documentation(self):
        p = [EXAMPLE]
        self.yes(p, FRONT, DB)
        self.no(p, OTHER, DB)
        self.yes(p, FAR, DB)
        self.no(p, STRANGER, DB)  # role=frontend, of another namespace
        self.yes(p, "172.17.0.9", DB)
        self.yes(p, "172.17.2.9", DB)
        self.no(p, "172.17.1.9", DB)
        self.no(p, FRONT, DB, port=6380)
        self.no(p, FRONT, DB, "UDP")
        self.yes(p, DB, "10.0.0.7", port=5978)
        self.no(p, DB, "10.0.0.7", port=5979)
        self.no(p, DB, "10.0.1.7", port=5978)
        self.yes(p, FRONT, OTHER)

    def test_default_deny_and_allow(self):
        deny_in = network("d", {"podSelector": {},
                                "policyTypes": ["Ingress"]})
        deny_out = network("d", {"podSelector": {},
                                 "policyTypes": ["Egress"]})
        deny = network("d", {"podSelector": {},
                             "policyTypes": ["Ingress", "Egress"]})
        allow_in = network("a", {"podSelector": {}, "ingress": [{}],
                                 "policyTypes": ["Ingress"]})
        allow_out = network("b", {"podSelector": {}, "egress": [{}],
                                  "policyTypes": ["Egress"]})
        self.no([deny_in], WORLD, DB)
        self.yes([deny_in], DB, WORLD)
        self.yes([deny_out], WORLD, DB)
        self.no([deny_out], DB, WORLD)
        self.no([deny], FRONT, DB)
        self.no([deny, allow_in], FRONT, DB)
        self.yes([deny, allow_in, allow_out], FRONT, DB)
        self.yes([deny], FAR, STRANGER)

    def test_a_peer_with_two_selectors_means_both(self):
        both = {"namespaceSelector": {"matchLabels": {"tenant": "red"}},
                "podSelector": {"matchLabels": {"role": "client"}}}
        rule = network("x", {"podSelector": {}, "ingress": [{"from": [both]}]})
        self.no([rule], STRANGER, DB)
        self.no([rule], FAR, DB)
        apart = [{k: v} for k, v in both.items()]
        rule = network("x", {"podSelector": {}, "ingress": [{"from": apart}]})
        self.yes([rule], STRANGER, DB)
        self.no([rule], FAR, DB)

    def test_an_empty_pod_selector_is_the_own_namespace(self):
        rule = network("x", {"podSelector": {}, "ingress": [
            {"from": [{"podSelector": {}}]}]})
        self.yes([rule], FRONT, DB)
        self.no([rule], FAR, DB)
        self.no([rule], WORLD, DB)

    def test_an_empty_namespace_selector_is_every_pod_and_no_more(self):
        rule = network("x", {"podSelector": {}, "ingress": [
            {"from": [{"namespaceSelector": {}}]}]})
        self.yes([rule], FAR, DB)
        self.no([rule], WORLD, DB)
        self.no([rule], NODE_B, DB)

    def test_a_namespace_by_its_name(self):
        rule = network("x", {"podSelector": {}, "ingress": [
            {"from": [{"namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "In",
                 "values": ["frontend", "myproject"]}]}}]}]})
        self.yes([rule], FAR, DB)
        self.no([rule], STRANGER, DB)

    def test_blocks_cover_pods_and_nodes(self):
        rule = network("x", {"podSelector": {}, "ingress": [{"from": [
            {"ipBlock": {"cidr": "10.2.0.0/24", "except": ["10.2.0.3/32"]}},
            {"ipBlock": {"cidr": "192.0.2.2/32"}}]}]})
        self.yes([rule], FAR, DB)
        self.no([rule], STRANGER, DB)
        self.yes([rule], NODE_B, DB)
        rule = network("x", {"podSelector": {}, "ingress": [{"from": [
            {"ipBlock": {"cidr": "0.0.0.0/0"}}]}]})
        self.no([rule], "2001:db8::1", DB)

    def test_ranges_of_ports(self):
        rule = network("multi-port-egress", {
            "podSelector": {"matchLabels": {"role": "db"}},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}],
                        "ports": [{"protocol": "TCP", "port": 32000,
                                   "endPort": 32768}]}]})
        for port, good in ((31999, 0), (32000, 1), (32768, 1), (32769, 0)):
            (self.yes if good else self.no)([rule], DB, "10.0.0.5", port=port)

    def test_names_of_ports_are_those_of_the_receiver(self):
        rule = network("x", {"podSelector": {}, "policyTypes": ["Egress"],
                             "egress": [{"ports": [{"port": "sql"}]}]})
        self.yes([rule], OTHER, DB, port=6379)
        self.no([rule], OTHER, DB, port=7000)
        self.yes([rule], OTHER, FRONT, port=7000)
        self.no([rule], OTHER, FRONT, port=7000, protocol="UDP")
        self.no([rule], OTHER, WORLD, port=6379)

    def test_icmp_needs_a_rule_without_ports(self):
        ports = network("x", {"podSelector": {}, "ingress": [
            {"ports": [{"protocol": "TCP"}, {"protocol": "UDP"}]}]})
        self.no([ports], FRONT, DB, "ICMP", 0)
        self.yes([ports], FRONT, DB, "UDP", 9)
        self.no([ports], FRONT, DB, "SCTP", 9)
        free = network("x", {"podSelector": {}, "ingress": [
            {"from": [{"podSelector": {}}]}]})
        self.yes([free], FRONT, DB, "ICMP", 0)

    def test_policy_types_that_are_not_given(self):
        self.assertEqual(policy_types({}), ["ingress"])
        self.assertEqual(policy_types({"egress": []}), ["ingress"])
        self.assertEqual(policy_types({"egress": [{}]}), ["ingress", "egress"])
        self.assertEqual(policy_types({"policyTypes": ["Egress"],
                                       "ingress": [{}]}), ["egress"])

    def test_own_node_and_self(self):
        deny = network("d", {"podSelector": {},
                             "policyTypes": ["Ingress", "Egress"]})
        self.yes([deny], NODE_A, DB)
        self.yes([deny], DB, NODE_A)
        self.yes([deny], DB, "10.1.0.1")
        self.yes([deny], DB, DB)
        self.no([deny], NODE_B, DB)
        self.no([deny], DB, NODE_B)

    def test_host_network_and_ended_pods_are_not_selected(self):
        host = pod("default/host", NODE_B, node="b", hostNetwork=True)
        ended = pod("default/ended", "10.2.0.9", node="b")
        ended["status"]["phase"] = "Succeeded"
        rule = network("x", {"podSelector": {}, "ingress": [
            {"from": [{"namespaceSelector": {}}]}]})
        self.no([rule], NODE_B, DB, more=[host])
        self.no([rule], "10.2.0.9", DB, more=[ended])
        self.yes([network("d", {"podSelector": {}})], WORLD, NODE_B,
                 more=[host])


class ClusterNetworkPolicy(Case):
    ALL = [{"namespaces": {}}]

    def test_admin_comes_before_and_baseline_after_network_policy(self):
        deny = {"action": "Deny", "from": self.ALL}
        accept = {"action": "Accept", "from": self.ALL}
        np_deny = network("d", {"podSelector": {}})
        np_allow = network("a", {"podSelector": {}, "ingress": [{}]})
        self.no([cluster("c", "Admin", 1, ingress=[deny]), np_allow],
                FRONT, DB)
        self.yes([cluster("c", "Admin", 1, ingress=[accept]), np_deny],
                 FRONT, DB)
        self.yes([cluster("c", "Baseline", 1, ingress=[deny]), np_allow],
                 FRONT, DB)
        self.no([cluster("c", "Baseline", 1, ingress=[accept]), np_deny],
                FRONT, DB)
        self.no([cluster("c", "Baseline", 1, ingress=[deny])], FRONT, DB)

    def test_what_no_rule_matches_is_allowed(self):
        deny = cluster("c", "Admin", 1, ingress=[
            {"action": "Deny", "from": self.ALL}])
        self.yes([deny], WORLD, DB)  # pods are the peers, and nothing else
        self.yes([deny], NODE_B, DB)
        self.yes([deny], FRONT, WORLD)

    def test_the_lower_number_and_the_earlier_rule_come_first(self):
        a = cluster("a", "Admin", 20, ingress=[
            {"action": "Deny", "from": self.ALL}])
        b = cluster("b", "Admin", 10, ingress=[
            {"action": "Accept", "from": self.ALL}])
        self.yes([a, b], FRONT, DB)
        order = cluster("c", "Admin", 1, ingress=[
            {"action": "Accept", "from": [{"pods": {
                "namespaceSelector": {},
                "podSelector": {"matchLabels": {"role": "client"}}}}]},
            {"action": "Deny", "from": self.ALL}])
        self.yes([order], FAR, DB)
        self.no([order], FRONT, DB)

    def test_pass_skips_the_rest_of_the_tier(self):
        passing = cluster("a", "Admin", 1, ingress=[
            {"action": "Pass", "from": self.ALL}])
        deny = cluster("b", "Admin", 2, ingress=[
            {"action": "Deny", "from": self.ALL}])
        base = cluster("c", "Baseline", 2, ingress=[
            {"action": "Deny", "from": self.ALL}])
        self.yes([passing, deny], FRONT, DB)
        self.no([passing, deny, base], FRONT, DB)
        self.no([passing, deny, network("d", {"podSelector": {}})], FRONT, DB)

    def test_nodes_and_networks(self):
        rules = [
            {"action": "Accept", "to": [
                {"nodes": {"matchLabels": {"zone": "west"}}}]},
            {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]
        p = cluster("c", "Admin", 1, egress=rules)
        self.yes([p], DB, NODE_B)
        self.no([p], DB, NODE_A)  # by the networks, as everything
        self.no([p], DB, WORLD)
        self.no([p], DB, FRONT)
        self.yes([p], DB, "2001:db8::1")
        self.yes([p], DB, DB)

    def test_protocols(self):
        p = cluster("c", "Admin", 1, egress=[
            {"action": "Deny", "to": self.ALL, "protocols": [
                {"udp": {"destinationPort": {"number": 53}}},
                {"sctp": {"destinationPort": {
                    "range": {"start": 10, "end": 20}}}},
                {"destinationNamedPort": "sql"}]}])
        self.no([p], OTHER, DB, "UDP", 53)
        self.yes([p], OTHER, DB, "TCP", 53)
        self.yes([p], OTHER, DB, "SCTP", 9)
        self.no([p], OTHER, DB, "SCTP", 20)
        self.no([p], OTHER, DB, "TCP", 6379)
        self.yes([p], OTHER, FRONT, "TCP", 6379)
        self.yes([p], OTHER, DB, "ICMP", 0)

    def test_subjects(self):
        p = cluster("c", "Admin", 1, {"pods": {
            "namespaceSelector": {"matchLabels": {"project": "myproject"}},
            "podSelector": {}}}, ingress=[
            {"action": "Deny", "from": self.ALL}])
        self.no([p], FRONT, FAR)
        self.yes([p], FRONT, STRANGER)


class Strangers(unittest.TestCase):
    """Addresses of pod ranges that are no pod that anybody knows."""

    def possible(self, direction, *policies, protocol="TCP", port=80,
                 address="10.2.0.77"):
        world = World(CLUSTER + list(policies))
        return Evaluator(world).possible(
            direction, world.pods["default/db"], world.end(address),
            protocol, port)

    def test_labels_may_match_them(self):
        deny = cluster("c", "Admin", 1, ingress=[
            {"action": "Deny", "from": [{"namespaces": {}}]}])
        self.assertEqual(self.possible("ingress", deny), {True, False})
        self.assertEqual(self.possible("ingress", deny, address=WORLD),
                         {True})
        allow = network("a", {"podSelector": {}, "ingress": [
            {"from": [{"podSelector": {}}]}]})
        self.assertEqual(self.possible("ingress", allow), {True, False})

    def test_what_does_not_ask_for_labels_is_certain(self):
        deny = cluster("c", "Admin", 1, egress=[
            {"action": "Deny", "to": [{"networks": ["10.2.0.0/16"]}]}])
        self.assertEqual(self.possible("egress", deny), {False})
        allow = network("a", {"podSelector": {}, "ingress": [{}]})
        self.assertEqual(self.possible("ingress", allow), {True})

    def test_they_may_have_any_named_port(self):
        rule = network("x", {"podSelector": {}, "policyTypes": ["Egress"],
                             "egress": [{"ports": [{"port": "sql"}]}]})
        self.assertEqual(self.possible("egress", rule), {True, False})
        self.assertEqual(self.possible("egress", rule, protocol="UDP"),
                         {False})

    def test_a_pass_leads_to_the_next_tier(self):
        rules = [{"action": "Pass", "from": [{"namespaces": {}}]},
                 {"action": "Accept", "from": [{"namespaces": {}}]}]
        admin = cluster("c", "Admin", 1, ingress=rules)
        deny = network("d", {"podSelector": {}})
        self.assertEqual(self.possible("ingress", admin, deny),
                         {True, False})
        self.assertEqual(self.possible("ingress", admin), {True})


class Selectors(unittest.TestCase):
    def test_operators(self):
        def one(key, operator, *values):
            return {"matchExpressions": [
                {"key": key, "operator": operator, "values": list(values)}]}
        labels = {"app": "web"}
        for selector, good in (
                ({}, 1), ({"matchLabels": {}}, 1),
                ({"matchLabels": {"app": "web"}}, 1),
                ({"matchLabels": {"app": "db"}}, 0),
                (one("app", "In", "web", "db"), 1), (one("x", "In", "y"), 0),
                (one("app", "NotIn", "web"), 0), (one("x", "NotIn", "y"), 1),
                (one("app", "Exists"), 1), (one("x", "Exists"), 0),
                (one("x", "DoesNotExist"), 1),
                (one("app", "DoesNotExist"), 0),
                ({"matchLabels": {"app": "web"}, **one("x", "Exists")}, 0)):
            self.assertEqual(selects(selector, labels), bool(good), selector)


if __name__ == "__main__":
    unittest.main()
