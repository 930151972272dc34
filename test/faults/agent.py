#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each call of the agent fails once: from its start until it is ready, in
passes that follow changes, at its end.

  agent.py STATE-DIR BPF-ROOT CONFIG CLUSTER-DIR PORT
"""
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from faults import BUILD, Case, Ended, begin, expect, fail_each, run
from node import Node, lines, map_keys

STATE, ROOT, CONFIG, CLUSTER, PORT = sys.argv[1:6]
AGENT = os.path.join(BUILD, "fairlead-agent")
LOADER = os.path.join(BUILD, "fairlead-loader")
NODE = Node(STATE, ROOT)
OTHER = os.path.join(CLUSTER, "node-f.yaml")
WAIT_S = 90  # "never"; a pass over everything comes every 30 s
NUDGE_S = 1.5  # and when it is asked for: who must wait so long asks


def answers():
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5) as r:
            return r.status == 200
    except (OSError, urllib.error.HTTPError):
        return False


def routes():
    return {k.hex() for k in map_keys(os.path.join(ROOT, "v2/maps/fl_routes"), 20)}


def other_node(there):
    """Another node comes or goes: what a pass is for."""
    if not there:
        if os.path.exists(OTHER):
            os.unlink(OTHER)
        return
    with open(OTHER + ".new", "w", encoding="utf-8") as f:
        f.write("""apiVersion: v1
kind: Node
metadata: {name: node-f}
spec: {podCIDRs: ["10.6.0.0/24", "fd00:6::/64"]}
status: {addresses: [{type: InternalIP, address: 10.0.0.16}]}
""")
    os.rename(OTHER + ".new", OTHER)


class Agent:
    def __init__(self, inject=()):
        # pylint: disable=consider-using-with
        self.log = open(STATE + ".log", "w+", encoding="utf-8", errors="replace")
        self.injected = bool(inject)
        self.began = time.monotonic()
        self.process = subprocess.Popen([*inject, AGENT, "--config", CONFIG],
                                        stdout=self.log, stderr=self.log)

    def is_ready(self):
        """By its log, so that it has not to answer a question before; or the
        log is what has failed."""
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            said = re.search(r" info +ready$", f.read(), re.M)
        return (said or time.monotonic() > self.began + NUDGE_S) and answers()

    def pid(self):
        """Not that of `inject`."""
        me = self.process.pid
        return int((lines(f"/proc/{me}/task/{me}/children")[0].split() or [me])[0]
                   if self.injected else me)

    def look_at_all(self):
        """A pass over everything, if it can be asked for already."""
        try:
            caught = [x for x in lines(f"/proc/{self.pid()}/status") if x.startswith("SigCgt")]
            if int(caught[0].split()[1], 16) >> (signal.SIGHUP - 1) & 1:
                os.kill(self.pid(), signal.SIGHUP)
        except (OSError, IndexError):
            pass

    def wait(self, what):
        """Until it is so, or the agent has ended: then not."""
        end = time.monotonic() + WAIT_S
        nudge = time.monotonic() + NUDGE_S
        while time.monotonic() < end:
            if what():
                return True
            if self.process.poll() is not None:
                return False
            if time.monotonic() > nudge:
                self.look_at_all()
                nudge = time.monotonic() + NUDGE_S
            time.sleep(0.01)
        return False

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        return Ended(status, "", text)


STEPS = 4


class Life(Case):
    """Start, two changes, all is as it was, end."""
    name = "agent"
    before = before_routes = None

    def prepare(self):
        other_node(False)
        if self.before is None:
            self.before, self.before_routes = NODE.picture(), routes()

    def live(self, inject):
        a = Agent(inject)
        steps = [a.is_ready,
                 lambda: other_node(True) or self.before_routes < routes(),
                 lambda: other_node(False) or self.before_routes == routes(),
                 lambda: NODE.picture() == self.before]
        done = sum(1 for _ in iter(lambda: bool(steps) and a.wait(steps.pop(0)), False))
        alive = a.process.poll() is None
        ended = a.end()
        ended.done, ended.alive = done, alive
        return ended

    def attempt(self, inject):
        return self.live(inject)

    def judge(self, ended):
        if ended.status == 0:
            expect(ended.done == STEPS or not ended.alive, "it lived, but did not do step",
                   ended.done + 1, ended)
            expect(ended.done == STEPS, "it ended by itself as if all were well:", ended)
        else:
            expect(not ended.alive or ended.done == STEPS, "it lived, but did not do step",
                   ended.done + 1, ended)
            expect(" error " in ended.err or "fairlead-agent: " in ended.err, "it does not say why:", ended)
        again = self.live(()) if ended.done < STEPS else None
        expect(not again or (again.status == 0 and again.done == STEPS), "the next one:", again)
        left = NODE.picture() ^ self.before
        expect(not left, "differs:", *sorted(left))
        expect(routes() == self.before_routes, "other routes than before")

    def restore(self):
        other_node(False)
        self.live(())


class FromNothing(Life):
    name = "agent on a node where nothing is loaded"
    share = 0.2
    alike = 2

    def prepare(self):
        super().prepare()
        ended = run([LOADER, "--config", CONFIG, "unload", "--devices"])
        expect(ended.status == 0, "unload:", ended)


def main():
    tap = begin()
    wanted = os.environ.get("FAULTS_CASE", "").split(",")
    for kind in (Life, FromNothing):
        if wanted == [""] or kind.name in wanted:
            fail_each(tap, kind(STATE + ".trace"))
    tap.done()


main()
