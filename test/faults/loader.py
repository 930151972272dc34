#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each call of the loader's commands fails once.

  loader.py STATE-DIR BPF-ROOT DEVICE     in a node's namespace; DEVICE: to attach to
"""
import os
import re
import shutil
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from faults import BUILD, Case, begin, expect, fail_each, read_trace, run
from node import devices, files, map_value

STATE, ROOT, DEVICE = sys.argv[1:4]
LOADER = os.path.join(BUILD, "fairlead-loader")
PLUGIN = os.path.join(BUILD, "fairlead-cni")
OPTIONS = ["--state-dir", STATE, "--bpf-root", ROOT, "--pod-cidrs", "10.1.0.0/24,fd00:1::/64",
           "--cni-conf-source", "/dev/null", "--cni-conf-file", os.path.join(STATE, "fairlead.conflist")]
BIN = STATE + ".bin"
CONFIG_SIZE = 64  # struct fl_config
SLOTS = 8  # of the larger program array, or more


def loader(*words, inject=()):
    return run([*inject, LOADER, *OPTIONS, *words])


def works(*words):
    ended = loader(*words)
    expect(ended.status == 0, "then", *words, ended)


def is_clean(ended):
    """Success, or a sentence that says what failed."""
    if ended.status == 0:
        return True
    said = [x for x in ended.err.splitlines() if x.startswith("fairlead-loader: ")]
    expect(ended.status in (1, 2) and said and len(said[-1]) > 25, "it does not say why:", ended)
    return False


def filters():
    return run(["tc", "filter", "show", "dev", DEVICE, "ingress"]).out + \
        run(["tc", "filter", "show", "dev", DEVICE, "egress"]).out


def generations():
    top = os.path.join(ROOT, "v2/generations")
    return sorted(os.listdir(top)) if os.path.isdir(top) else []


def state():
    """All that a load can find, but for numbers that differ each time."""
    seen = {"device " + d for d in devices() if d.startswith("fl_")}
    seen |= {re.sub(r"(id|tag|handle|pref) [0-9a-fx]+", "", x) for x in filters().splitlines()}
    seen.add(f"a root: {os.path.exists(ROOT)}")
    for f in files(ROOT):
        seen.add("pin " + re.sub("/[0-9]+", "/N", f))
        if os.path.islink(f):
            seen.add(f"{os.path.basename(f)} {os.readlink(f)}")
    for name in ("maps/fl_hooks", "programs/stages"):
        for slot in range(SLOTS):
            there = map_value(os.path.join(ROOT, "v2", name), struct.pack("=I", slot), 4)
            seen.add(f"{name} {slot} {bool(there)}")
    config = map_value(os.path.join(ROOT, "v2/maps/fl_config"), bytes(4), CONFIG_SIZE)
    if config:
        # Behind the epoch, and the numbers of both devices.
        seen |= {f"config {config[12:].hex()}",
                 f"config of {[name_of(x) for x in struct.unpack('=II', config[4:12])]}"}
    return frozenset(seen) | {f"{len(generations())} generations"}


def name_of(ifindex):
    try:
        return socket.if_indextoname(ifindex)
    except OSError:
        return None


class LoaderCase(Case):
    def __init__(self, trace):
        super().__init__(trace)
        self.good = set()  # states from which a load went well, and what came after it

    def next_works(self):
        """From a state that is like an earlier one the same would come of it."""
        before = state()
        if before in self.good:
            return
        self.all_is_well()
        self.good.add(before)

    def nothing_left(self):
        left = files(ROOT)
        # What is in use, a mount point, stays, and that is no error.
        if "rmdir EBUSY" in (read_trace(self.trace)[1] or "") and not left:
            shutil.rmtree(ROOT, ignore_errors=True)
        expect(not os.path.exists(ROOT), "left below the bpf root:", *sorted(left)[:9])
        mine = {d for d in devices() if d.startswith("fl_")}
        expect(not mine, "devices are left:", *mine)
        expect("bpf" not in filters(), "filters are left:", filters())

    def all_is_well(self):
        works("load")
        works("status")
        expect(len(generations()) == 1, "generations:", generations())
        strays = [f for f in files(os.path.join(ROOT, "v2")) if f.endswith("-next")]
        expect(not strays, "half-made pins:", *strays)

    def restore(self):
        loader("unload", "--devices")


class LoadAnew(LoaderCase):
    name = "load"
    share = 0.5
    found = {"a load that cannot make its directory leaves none": "^mkdir .*/v2$"}

    def prepare(self):
        works("unload", "--devices")

    def attempt(self, inject):
        return loader("load", inject=inject)

    def judge(self, ended):
        if is_clean(ended):
            works("status")
        self.next_works()
        works("unload", "--devices")
        self.nothing_left()


class LoadAgain(LoaderCase):
    name = "load over what runs"
    share = 0.5
    whole = None  # what it found when nothing failed

    def prepare(self):
        if self.whole and state() == self.whole:
            return
        self.all_is_well()
        works("attach", DEVICE)
        self.whole = state()

    def attempt(self, inject):
        return loader("load", inject=inject)

    def judge(self, ended):
        is_clean(ended)
        works("status")
        self.next_works()


class Attach(LoaderCase):
    mode = ""
    share = 0.5

    def prepare(self):
        if not os.path.exists(ROOT):
            works("load")
        works("detach", DEVICE)

    def attempt(self, inject):
        return loader("attach", DEVICE, "--attach", self.mode, inject=inject)

    def judge(self, ended):
        if is_clean(ended):
            works("status")
        works("attach", DEVICE, "--attach", self.mode)
        works("status")
        works("detach", DEVICE)
        expect("bpf" not in filters(), "filters are left:", filters())


class AttachClsact(Attach):
    name, mode = "attach by a filter", "clsact"


class AttachTcx(Attach):
    name, mode = "attach by TCX", "tcx"


class Detach(Attach):
    name, mode = "detach", "clsact"

    def prepare(self):
        if not os.path.exists(ROOT):
            works("load")
        works("attach", DEVICE, "--attach", self.mode)

    def attempt(self, inject):
        return loader("detach", DEVICE, inject=inject)

    def judge(self, ended):
        if not is_clean(ended):
            works("detach", DEVICE)
        expect("bpf" not in filters(), "filters are left:", filters())
        works("status")


class Unload(LoaderCase):
    name = "unload"
    share = 0.5
    found = {"an unload that cannot look at the pins, or remove them, is an error": "^access .*/v2/$|^rmdir "}

    def prepare(self):
        works("load")
        works("attach", DEVICE, "--attach", "clsact")

    def attempt(self, inject):
        return loader("unload", "--devices", inject=inject)

    def judge(self, ended):
        if not is_clean(ended):
            works("unload", "--devices")
        self.nothing_left()


class Install(LoaderCase):
    name = "install"
    share = 0.5

    def prepare(self):
        shutil.rmtree(BIN, ignore_errors=True)
        os.mkdir(BIN)

    def attempt(self, inject):
        return loader("install", BIN, inject=inject)

    def judge(self, ended):
        # That all of it is there may be known, and that it stays not.
        if is_clean(ended) or os.listdir(BIN):
            self.whole()
        works("install", BIN)
        self.whole()

    def whole(self):
        expect(os.listdir(BIN) == ["fairlead-cni"], "there are", *os.listdir(BIN))
        expect(run([os.path.join(BIN, "fairlead-cni"), "--version"]).status == 0, "it does not run")


class Uninstall(LoaderCase):
    name = "uninstall"
    share = 0.5

    def prepare(self):
        os.makedirs(STATE, exist_ok=True)
        os.makedirs(BIN, exist_ok=True)
        for f in ("node.json", "fairlead.conflist", "cni.log"):
            with open(os.path.join(STATE, f), "w", encoding="utf-8") as out:
                out.write("{}\n")
        works("install", BIN)
        works("load")

    def attempt(self, inject):
        return loader("uninstall", BIN, inject=inject)

    def judge(self, ended):
        if not is_clean(ended):
            works("uninstall", BIN)
        self.nothing_left()
        expect(not os.listdir(BIN), "the plugin is left:", *os.listdir(BIN))
        expect(not os.path.exists(STATE), "the state directory is left")


def main():
    tap = begin()
    trace = STATE + ".trace"
    wanted = os.environ.get("FAULTS_CASE", "").split(",")
    kinds = [LoadAnew, LoadAgain, AttachClsact, Detach, Unload, Install, Uninstall]
    works("load")
    if loader("attach", DEVICE, "--attach", "tcx").status == 0:
        kinds.insert(3, AttachTcx)
    for kind in kinds:
        if wanted == [""] or kind.name in wanted:
            fail_each(tap, kind(trace))
    tap.done()


main()
