#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a node's maps say, free of what only history decides: the numbers of
identities, policies, rules and nodes, and which of the two views holds. Two
agents that know the same say the same.

  maps.py BPF-ROOT STATE-DIR     lines, sorted
"""
import ipaddress
import json
import os
import struct
import subprocess
import sys

ANY = 0x7fffffff  # enum fl_identity
RESERVED = ["unknown", "host", "remote node", "world", "pod"]
VERDICTS = ["deny", "allow", "unsaid"]
LOCAL_RANGE = 1 << 0 | 1 << 2  # FL_ROUTE_POD_CIDR, FL_ROUTE_LOCAL


def address(addr):
    """of a struct fl_addr"""
    a = ipaddress.IPv6Address(struct.pack("=4I", *addr["w"]))
    return str(a.ipv4_mapped or a)


def prefix(key):
    a, length = address(key["addr"]), key["prefix_len"]
    return f"{a}/{length - 96 if '.' in a and length >= 96 else length}"


class Names:
    """A number is called by those who have it: the first of them, in order."""

    def __init__(self, reserved=()):
        self.reserved, self.who = reserved, {}

    def add(self, number, who):
        self.who.setdefault(number, set()).add(who)

    def __getitem__(self, number):
        if number < len(self.reserved):
            return self.reserved[number]
        if number not in self.who:
            return f"nobody's {number}"
        return "that of " + min(self.who[number])


class Maps:
    def __init__(self, root, state):
        self.dir = next(os.path.join(root, d, "maps") for d in os.listdir(root)
                        if os.path.isdir(os.path.join(root, d, "maps")))
        with open(os.path.join(state, "policy.json"), encoding="utf-8") as f:
            self.rules = {r["number"]: r["text"] for r in json.load(f)["rules"]}
        config = self.dump("fl_config")[0][1]
        self.view = config["epoch"] & 1
        self.flags = config["flags"][self.view]
        self.endpoints = self.dump("fl_endpoints")
        self.routes = self.dump("fl_routes")
        self.identities = Names(RESERVED)
        self.policies = Names(["none"])
        self.nodes = Names(["none"])

    def dump(self, name):
        out = subprocess.run(
            ["bpftool", "-j", "map", "dump", "pinned",
             os.path.join(self.dir, name)],
            check=True, stdout=subprocess.PIPE).stdout
        return [(e["formatted"]["key"], e["formatted"]["value"])
                for e in json.loads(out)]

    def find_names(self):
        for key, value in self.endpoints:
            view = value["view"][self.view]
            self.identities.add(view["identity"], address(key))
            self.policies.add(view["policy_id"], address(key))
        for key, value in self.routes:
            self.identities.add(value["identity"][self.view], prefix(key))
            self.nodes.add(value["node_id"], prefix(key))

    def rule(self, number):
        return self.rules.get(number, f"unknown {number}") if number else "none"

    def lines(self):
        self.find_names()
        yield f"config: flags {self.flags}"
        for key, value in self.endpoints:
            view = value["view"][self.view]
            yield f"endpoint {address(key)}: device {value['ifindex']}, " \
                f"identity {self.identities[view['identity']]}, " \
                f"policy {self.policies[view['policy_id']]}, flags {view['flags']}"
        for key, value in self.routes:
            # Who lives in its own range the node finds in fl_endpoints.
            own = value["flags"] & LOCAL_RANGE == LOCAL_RANGE
            identity = value["identity"][self.view]
            yield f"route {prefix(key)}: by {address(value['node'])}, " \
                f"node {self.nodes[value['node_id']]}, flags {value['flags']}, " \
                f"identity {'of its endpoint' if own else self.identities[identity]}"
        for key, value in self.dump("fl_policy"):
            who = key["identity"]
            yield f"policy of {self.policies[key['policy_id']]}: " \
                f"{('ingress', 'egress')[key['direction']]}, " \
                f"{'anybody' if who == ANY else self.identities[who]}, " \
                f"protocol {key['proto']}, port {key['port']}, " \
                f"{key['prefix_len']} bits: {VERDICTS[value['verdict'][self.view]]}, " \
                f"rule {self.rule(value['rule'][self.view])}"
        for name in ("fl_masquerade", "fl_uplinks"):
            for key, value in self.dump(name):
                yield f"{name}: {json.dumps([key, value])}"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(*sorted(Maps(*sys.argv[1:]).lines()), sep="\n")
