#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each call of the plugin's verbs fails once.

  plugin.py STATE-DIR BPF-ROOT POD-NETNS POD-PID KEEP-NETNS
"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from faults import BUILD, Case, begin, expect, fail_each, parse, run
from node import Node, devices

STATE, ROOT, NETNS, PID, KEEP = sys.argv[1:6]
PLUGIN = os.path.join(BUILD, "fairlead-cni")
ID = f"faults-{os.getpid()}"
NODE = Node(STATE, ROOT)


def plugin(verb, inject=(), container=ID, netns=NETNS, ifname="eth0", more=None):
    conf = {"cniVersion": "1.1.0", "name": "fairlead", "type": "fairlead-cni",
            "stateDir": STATE, **(more or {})}
    env = {"PATH": os.environ["PATH"], "CNI_COMMAND": verb, "CNI_PATH": BUILD}
    if verb in ("ADD", "DEL", "CHECK"):
        env |= {"CNI_CONTAINERID": container, "CNI_NETNS": netns, "CNI_IFNAME": ifname,
                "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=faults"}
    return run([*inject, PLUGIN], json.dumps(conf), env)


def works(verb, **more):
    ended = plugin(verb, **more)
    expect(ended.status == 0, "then", verb, ended)
    return parse(ended.out) if verb == "ADD" else None


def is_clean(ended, result=False):
    """Success with a result, or an error that is CNI's."""
    if ended.status == 0:
        expect(not result or (parse(ended.out) or {}).get("ips"), "no result:", ended)
        return True
    error = parse(ended.out)
    # What cannot be written is not there; half of it must not be.
    if ended.out == "" and "write" in ended.err:
        return False
    expect(isinstance(error, dict) and isinstance(error.get("code"), int)
           and error["code"] > 0 and error.get("msg") and error.get("cniVersion"),
           "its error is not one of CNI:", ended)
    return False


class PluginCase(Case):
    def __init__(self, trace):
        super().__init__(trace)
        self.before, self.pod_before = NODE.picture(), devices(PID)

    def nothing_left(self, when):
        left = NODE.picture() ^ self.before
        # What could not be unlinked is a file that only GC can know of.
        if left and all("/.tmp-" in x for x in left):
            works("GC", more={"cni.dev/valid-attachments": []})
            left = NODE.picture() ^ self.before
        expect(not left, when, "differs:", *sorted(left))
        left = devices(PID) ^ self.pod_before
        expect(not left, when, "the pod has", *sorted(left))

    def restore(self):
        plugin("DEL")
        plugin("GC", more={"cni.dev/valid-attachments": []})
        for f in NODE.picture() - self.before:
            if f.startswith("file "):
                os.unlink(os.path.join(STATE, f[5:]))


class Add(PluginCase):
    name = "ADD"
    share = 2.0
    found = {
        "an attachment that fails half-way leaves no mark or link": "^netlink NEW(QDISC|TFILTER)|^bpf LINK_CREATE",
        "a pair whose making is not confirmed is taken away": "^recvmsg .* after NEWLINK",
    }

    def attempt(self, inject):
        return plugin("ADD", inject)

    def judge(self, ended):
        if is_clean(ended, result=True):
            works("CHECK", more={"prevResult": parse(ended.out)})
            works("DEL")
            self.nothing_left("after DEL")
            return
        self.nothing_left("after an ADD that failed with " + ended.out)
        works("CHECK", more={"prevResult": works("ADD")})
        works("DEL")
        self.nothing_left("after DEL")


class Del(PluginCase):
    name = "DEL"
    found = {
        "DEL with a node.json that cannot be read now is an error": "^openat .*/node.json",
        "DEL that cannot ask for the device is an error": "^(netlink GETLINK|recvmsg .* after GETLINK)",
        "DEL that cannot read the mark of a device is an error": "^readlink .*-clsact",
    }

    def prepare(self):
        works("ADD")

    def attempt(self, inject):
        return plugin("DEL", inject)

    def judge(self, ended):
        if not is_clean(ended):
            works("DEL")
        self.nothing_left("after DEL")


class Check(PluginCase):
    name = "CHECK"
    share = 0.5
    result = None

    def prepare(self):
        self.result = works("ADD")

    def attempt(self, inject):
        return plugin("CHECK", inject, more={"prevResult": self.result})

    def judge(self, ended):
        is_clean(ended)
        works("CHECK", more={"prevResult": self.result})
        works("DEL")
        self.nothing_left("after DEL")


class Gc(PluginCase):
    name = "GC"
    found = {
        "GC spares another network's file that cannot be read now": "^(openat|read) .*other-eth1.json",
        "GC that cannot read what may be dead is an error": "^(getdents64|openat .*/endpoints)",
    }
    valid = {"cni.dev/valid-attachments": [{"containerID": ID + "-keep", "ifname": "eth0"}]}
    keep = {"container": ID + "-keep", "netns": KEEP}
    other = {"container": ID + "-other", "netns": KEEP, "ifname": "eth1"}
    kept = others = None

    def prepare(self):
        self.kept = works("ADD", **self.keep)
        self.others = works("ADD", **self.other, more={"name": "other"})
        works("ADD")

    def attempt(self, inject):
        return plugin("GC", inject, more=self.valid)

    def judge(self, ended):
        if not is_clean(ended):
            works("GC", more=self.valid)
        works("CHECK", **self.keep, more={"prevResult": self.kept})
        works("CHECK", **self.other, more={"name": "other", "prevResult": self.others})
        works("DEL", **self.keep)
        works("DEL", **self.other, more={"name": "other"})
        self.nothing_left("after GC and DEL of what was valid")

    def restore(self):
        plugin("DEL", **self.keep)
        plugin("DEL", **self.other, more={"name": "other"})
        super().restore()


class Status(PluginCase):
    name = "STATUS"
    share = 0.3

    def attempt(self, inject):
        return plugin("STATUS", inject)

    def judge(self, ended):
        is_clean(ended)
        works("STATUS")
        self.nothing_left("after STATUS")


def main():
    tap = begin()
    trace = os.path.join(os.path.dirname(STATE), "trace")
    wanted = os.environ.get("FAULTS_CASE", "").split()
    for kind in (Add, Del, Check, Gc, Status):
        if not wanted or kind.name in wanted:
            fail_each(tap, kind(trace))
    tap.done()


main()
