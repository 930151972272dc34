#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each call of the plugin's verbs fails once.

  plugin.py STATE-DIR BPF-ROOT POD-NETNS POD-PID KEEP-NETNS [IPAM-DIR]

With IPAM-DIR addresses come from another plugin (ipam/main.c), whose calls fail
as well; and it misbehaves in other ways.
"""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from faults import BUILD, HANG_S, Case, Ended, Wrong, begin, expect, fail_each, parse, run
from node import Node, devices, files

STATE, ROOT, NETNS, PID, KEEP = sys.argv[1:6]
IPAM = sys.argv[6] if len(sys.argv) > 6 else None
PLUGIN = os.path.join(BUILD, "fairlead-cni")
ID = f"faults-{os.getpid()}"
NODE = Node(STATE, ROOT)


def config(more):
    conf = {"cniVersion": "1.1.0", "name": "fairlead", "type": "fairlead-cni", "stateDir": STATE}
    if IPAM:
        conf["ipam"] = {"type": "faults-ipam", "dataDir": IPAM}
    return json.dumps({**conf, **(more or {})})


def environment(verb, container=ID, netns=NETNS, ifname="eth0", mode=""):
    env = {"PATH": os.environ["PATH"], "CNI_COMMAND": verb,
           "CNI_PATH": os.path.join(BUILD, "test/faults"), "FAULTS_IPAM": mode}
    if verb in ("ADD", "DEL", "CHECK"):
        env |= {"CNI_CONTAINERID": container, "CNI_NETNS": netns, "CNI_IFNAME": ifname,
                "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=faults"}
    return env


def plugin(verb, inject=(), more=None, **whom):
    return run([*inject, PLUGIN], config(more), environment(verb, **whom))


def picture():
    """All that pods leave on a node, and the addresses of the other plugin."""
    seen = NODE.picture()
    for f in files(IPAM) if IPAM else ():
        with open(f, encoding="utf-8") as text:
            seen.add(f"address {os.path.basename(f)} {text.read()}")
    return seen


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
        self.before, self.pod_before = picture(), devices(PID)

    def nothing_left(self, when):
        left = picture() ^ self.before
        # What could not be unlinked is a file that only GC can know of.
        if left and all("/.tmp-" in x for x in left):
            works("GC", more={"cni.dev/valid-attachments": []})
            left = picture() ^ self.before
        expect(not left, when, "differs:", *sorted(left))
        left = devices(PID) ^ self.pod_before
        expect(not left, when, "the pod has", *sorted(left))

    def restore(self):
        plugin("DEL")
        plugin("GC", more={"cni.dev/valid-attachments": []})
        for f in picture() - self.before:
            if f.startswith("file "):
                os.unlink(os.path.join(STATE, f[5:]))
            if f.startswith("address "):
                os.unlink(os.path.join(IPAM, f.split()[1]))


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


# ---- the other plugin misbehaves --------------------------------------------


class Misbehaviour(Add):
    """ADD, or with a mode of "DEL ..." DEL."""

    def __init__(self, mode):
        super().__init__(None)
        self.mode = mode

    def add_or_del(self):
        if not self.mode.startswith("DEL "):
            ended = plugin("ADD", mode=self.mode)
            expect(ended.status, "ADD has succeeded")
            self.judge(ended)
            return
        works("ADD")
        expect(not is_clean(plugin("DEL", mode=self.mode)), "DEL has succeeded")
        works("DEL")
        self.nothing_left("after DEL")

    def until_it_ends(self, how):
        """It hangs, and whoever has started the plugin gives up."""
        verb = "DEL" if self.mode.startswith("DEL ") else "ADD"
        if verb == "DEL":
            works("ADD")
        with subprocess.Popen([PLUGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment(verb, mode=self.mode),
                              text=True) as p:
            p.stdin.write(config(None))
            p.stdin.close()
            p.stdin = None
            hangs = os.path.join(IPAM, "hangs")
            wait_for(lambda: os.path.islink(hangs), "it is asked")
            other = int(children(p.pid)[0])
            os.unlink(hangs)
            p.send_signal(how)
            try:
                out, err = p.communicate(timeout=HANG_S)
            except subprocess.TimeoutExpired:
                p.kill()
                raise Wrong("the plugin does not end") from None
        if how == signal.SIGTERM:
            expect(not is_clean(Ended(p.returncode, out, err)), "it says that it has succeeded")
        else:
            try:
                wait_for(lambda: not os.path.exists(f"/proc/{other}"), "the other one ends too")
            finally:
                if os.path.exists(f"/proc/{other}"):
                    os.kill(other, signal.SIGKILL)
            works("DEL")
        self.nothing_left("after " + verb)
        works("ADD")
        works("DEL")
        self.nothing_left("after DEL")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
        return f.read().split()


def wait_for(what, sentence):
    end = time.monotonic() + HANG_S
    while not what():
        expect(time.monotonic() < end, "never:", sentence)
        time.sleep(0.01)


def attempt(tap, sentence, case, what):
    try:
        what()
        tap.line(True, sentence)
    except Wrong as e:
        tap.line(False, sentence, str(e))
        case.restore()


def said(mode):
    return mode.removeprefix("DEL ") + (" at DEL" if mode.startswith("DEL ") else "")


def misbehave(tap):
    for mode in ("fails", "fails without a word", "dies", "prints rubbish", "says nothing",
                 "says half of it", "gives no address", "gives no address that is one",
                 "never stops talking", "DEL fails", "DEL fails without a word", "DEL dies"):
        case = Misbehaviour(mode)
        attempt(tap, f"an IPAM plugin that {said(mode)}: an error, and nothing is left", case,
                case.add_or_del)
    for mode, how in (("hangs", signal.SIGTERM), ("hangs on", signal.SIGTERM),
                      ("hangs on", signal.SIGKILL), ("DEL hangs", signal.SIGKILL)):
        case = Misbehaviour(mode)
        attempt(tap, f"an IPAM plugin that {said(mode)}, then {how.name}: nothing is left", case,
                lambda c=case, h=how: c.until_it_ends(h))


def main():
    tap = begin()
    trace = os.path.join(os.path.dirname(STATE), "trace")
    wanted = os.environ.get("FAULTS_CASE", "").split()
    if IPAM and (not wanted or "IPAM" in wanted):
        misbehave(tap)
    for kind in (Add, Del, Check, Gc, Status):
        if not wanted or kind.name in wanted:
            case = kind(trace)
            if IPAM:
                case.found = {}  # the same as without
            fail_each(tap, case)
    tap.done()


main()
