# SPDX-License-Identifier: Apache-2.0
"""Fault injection: run a command once to see which system calls it makes, then
again and again with one of them failing each time (see inject.c), and look at
what became of it. What "clean" means is told by a Case.

Environment: FAULTS=all fails every call with every errno it may have;
FAULTS=calls each kind of call with one of them: of calls that are alike but for
numbers, the first, the last and some others; FAULTS=N only N calls. Chosen by
FAULTS_SEED (printed if it is ours); FAULTS_SHARE=0.5: half of N.
FAULTS_ONLY="openat bpf" keeps to calls of these names, FAULTS_AT=17 to one.
"""
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

BUILD = os.environ["BUILD"]
INJECT = os.path.join(BUILD, "test/faults/inject")
SEED = int(os.environ.get("FAULTS_SEED") or random.randrange(1 << 31))
HANG_S = 60  # a command that takes so long hangs
SLOW_S = 15  # a fault that took so long is told


class Ended:
    """How a command ended."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def crashed(self):
        return self.status is None or self.status >= 125 or self.status < 0

    def __str__(self):
        how = "hangs" if self.status is None else f"status {self.status}"
        return f"{how}, stdout {self.out[-600:]!r}, stderr {self.err[-1200:]!r}"


def run(command, text="", env=None):
    """A command without a fault."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=env, text=True,
                          errors="replace") as p:
        try:
            out, err = p.communicate(text, timeout=HANG_S)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            return Ended(None, out, err)
        return Ended(p.returncode, out, err)


class Fault:
    """A line of a trace, and an errno."""

    def __init__(self, number, name, errno, what):
        self.number, self.name, self.errno, self.what = number, name, errno, what

    def options(self):
        o = ["-n", str(self.number), "-e", self.errno]
        return o + ["-r"] if self.name == "netlink" else o

    def kind(self):
        return self.name, re.sub("-?[0-9]+", "", self.what)

    def is_like(self, other):
        return self.errno == other.errno and self.kind() == other.kind()

    def __str__(self):
        return f"call {self.number}, {self.name} {self.what}: {self.errno}"


def read_trace(path):
    """All faults there can be, and whether one was there."""
    faults, failed = [], None
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            w = line.rstrip("\n").split(" ", 4 if line.startswith("failed") else 3)
            if w[0] == "failed":
                failed = " ".join(w[1:])
                continue
            faults += [Fault(int(w[0]), w[1], e, w[3]) for e in w[2].split(",")]
    return faults, failed


def each_kind(faults, alike):
    """One errno a call, and not all calls that are alike."""
    dice = random.Random(SEED)
    dice.shuffle(faults)
    kinds = {}
    for f in sorted({(f.number, f.name): f for f in faults}.values(), key=lambda f: f.number):
        kinds.setdefault(f.kind(), []).append(f)
    some = [f for k in kinds.values() for f in
            ([k[0], k[-1]] + dice.sample(k[1:-1], alike - 2) if len(k) > alike else k)]
    return sorted(some, key=lambda f: f.number)


def chosen(faults, case):
    """All of them, or as many as FAULTS says (times the case's share)."""
    how = os.environ.get("FAULTS", "all")
    only = os.environ.get("FAULTS_ONLY", "").split()
    at = os.environ.get("FAULTS_AT")
    faults = [f for f in faults if (not only or f.name in only)
              and (not at or f.number == int(at))]
    if how == "all":
        return faults
    if how == "calls":
        return each_kind(faults, case.alike)
    share = case.share * float(os.environ.get("FAULTS_SHARE", "1"))
    n = min(len(faults), max(1, int(int(how) * share)))
    return sorted(random.Random(SEED).sample(faults, n), key=lambda f: f.number)


class Case:
    """What is failed. The methods raise Wrong with a sentence."""
    name = ""
    share = 1.0  # of FAULTS
    alike = 5  # of such calls for FAULTS=calls, at least 2
    # What was wrong once: a sentence, and which faults ("netlink NEWLINK") show
    # it. These are always tried.
    found = {}

    def __init__(self, trace):
        self.trace = trace

    def prepare(self):
        """Everything as the command expects it."""

    def attempt(self, inject):
        """Run the command behind the words of `inject`; an Ended."""
        raise NotImplementedError

    def judge(self, ended):
        """How it ended, what it left, whether the next one works."""
        raise NotImplementedError

    def restore(self):
        """After something was wrong: all anew."""


class Wrong(Exception):
    pass


def expect(truth, *words):
    if not truth:
        raise Wrong(" ".join(str(w) for w in words))


class Tap:
    count, failed = 0, 0

    def line(self, good, sentence, detail=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {sentence}", flush=True)
        for text in detail.splitlines():
            print("#", text, flush=True)

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)


def one(case, fault):
    """None, or what was wrong."""
    inject = [INJECT, "-o", case.trace] + (fault.options() if fault else []) + ["--"]
    try:
        case.prepare()
        ended = case.attempt(inject)
        expect(not ended.crashed(), "it", ended)
        case.judge(ended)
    except Wrong as e:
        return str(e)
    return None


def fail_these(tap, case, faults):
    """How many of them could be met, and how many went wrong."""
    bad = met = 0
    for fault in faults:
        began = time.monotonic()
        for _ in range(4):
            wrong = one(case, fault)
            now, failed = read_trace(case.trace)
            if wrong or failed:
                break
            # It has another number now: what is before it is not always the same.
            fault = min((f for f in now if f.is_like(fault)), default=fault,
                        key=lambda f, n=fault.number: abs(f.number - n))
        met += failed is not None
        if time.monotonic() - began > SLOW_S:
            print(f"# {time.monotonic() - began:.0f} s: {failed or fault}", flush=True)
        if wrong:
            bad += 1
            tap.line(False, f"{case.name}: {failed or fault}", wrong)
            case.restore()
    return met, bad


def fail_each(tap, case):
    """The case without a fault, then with each of them."""
    wrong = one(case, None)
    if wrong:
        tap.line(False, f"{case.name}: works without a fault", wrong)
        case.restore()
        return
    possible, _ = read_trace(case.trace)
    for sentence, pattern in case.found.items():
        faults = each_kind([f for f in possible if re.search(pattern, f"{f.name} {f.what}")],
                           case.alike)
        met, bad = fail_these(tap, case, faults)
        tap.line(met and not bad, sentence, f"{met} of {len(faults)} faults, {bad} went wrong")
    began = time.monotonic()
    met, bad = fail_these(tap, case, chosen(possible, case))
    tap.line(met and not bad, f"{case.name}: a call that fails ends cleanly and leaves nothing",
             f"{met} of {len(possible)} faults in {time.monotonic() - began:.0f} s, {bad} went wrong")


def begin():
    print(f"# FAULTS={os.environ.get('FAULTS', 'all')} FAULTS_SEED={SEED}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return Tap()


def parse(text):
    try:
        return json.loads(text)
    except ValueError:
        return None
