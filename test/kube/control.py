# SPDX-License-Identifier: Apache-2.0
"""The control socket's other side, and what tests run beside it: a server of
one's own, and somebody who follows it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Refused(Exception):
    """What the server says a command cannot do."""


def ask(path, command, **args):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(json.dumps({"command": command, **args}).encode() + b"\n")
        answer = s.makefile("rb").readline()
    out = json.loads(answer) if answer else {}
    if "error" in out:
        raise Refused(out["error"])
    return out


def count(counters, what):
    """One number of what `counters` answers, by its name."""
    for part in ("requests", "status", "events"):
        if what in counters[part]:
            return counters[part][what]
    kind, _, of = what.partition(" ")
    if of == "watches":
        return counters["open_watches"].get(kind, 0)
    if what.endswith(" bytes"):
        return counters["bytes"].get(what.removesuffix(" bytes"), 0)
    return counters.get(what, 0)


def until(seconds, true):
    """Does it become true?"""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Server:
    """A simulated API server in a directory of its own. netns: in a network
    namespace of its own too."""

    def __init__(self, *options, tls=False, netns=False):
        self.dir = tempfile.mkdtemp(prefix="kube-test.")
        self.admin = self.path("admin")
        self.process, self.tls = None, tls
        self.write("tokens", "token-1,agent\n")
        self.write("forbidden", "")
        command = [os.path.join(HERE, "apiserver.py"),
                   "--port-file", self.path("port"),
                   "--admin-socket", self.admin,
                   "--token-file", self.path("tokens"),
                   "--forbidden-file", self.path("forbidden"), *options]
        if tls:
            self.certificates()
            command += ["--cert", self.path("pki/server.crt"),
                        "--key", self.path("pki/server.key"),
                        "--client-ca", self.path("pki/ca.crt")]
        if netns:
            command = ["unshare", "--net", "sh", "-c",
                       'ip link set lo up && exec "$0" "$@"', *command]
        with open(self.path("server.log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stderr=log)
        if not until(20, lambda: os.path.exists(self.path("port"))):
            self.end()
            raise RuntimeError("the server does not start: " + self.log())
        self.port = int(self.read("port"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        """All at once: somebody may be reading."""
        with open(self.path(name) + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(self.path(name) + ".new", self.path(name))

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def log(self):
        return self.read("server.log")

    def certificates(self, *args):
        subprocess.run([os.path.join(HERE, "certs.sh"), self.path("pki"),
                        *args], check=True)

    def do(self, command, **args):
        return ask(self.admin, command, **args)

    def put(self, *objects):
        return self.do("put", objects=objects)

    def fault(self, **rule):
        return self.do("fault", rule={
            k.replace("_", "-"): v for k, v in rule.items()})["id"]

    def hits(self):
        """How often each rule hit."""
        return [r["hits"] for r in self.do("faults")["rules"]]

    def count(self, what):
        return count(self.do("counters"), what)

    def names(self, resource):
        """{"NAMESPACE/NAME": version}"""
        lines = self.do("names", resource=resource)["lines"]
        return {name: version for version, name in map(str.split, lines)}

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def enter(self):
        """To run something where the server is."""
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net"]

    def end(self):
        """The exit status."""
        if self.process is None:
            return None
        self.process.terminate()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process = None
        shutil.rmtree(self.dir)
        return status


class Follower:
    """build/test/kube/follow, and what it has told so far."""

    def __init__(self, command):
        self.objects, self.listing = {}, {}
        self.states = {}  # resource -> last STATE line
        self.lines = []  # (time, line)
        self.fewest = {}  # resource -> objects that were known at one time
        self.listed = set()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.stderr = []
        self.threads = [
            threading.Thread(target=self.hear, daemon=True),
            threading.Thread(target=self.complain, daemon=True)]
        for t in self.threads:
            t.start()

    def complain(self):
        for line in self.process.stderr:
            self.stderr.append(line)

    def hear(self):
        for line in self.process.stdout:
            self.take(line.rstrip("\n"))

    def take(self, line):
        """KIND-OF-LINE RESOURCE ..."""
        what, resource, *rest = line.split(" ", 2)
        rest = rest[0] if rest else ""
        self.lines.append((time.monotonic(), line))
        have = self.objects.setdefault(resource, {})
        if what == "LISTING":
            self.listing[resource] = set()
        elif what == "OBJECT":
            key, version = rest.split(" ")[:2]
            have[key] = version
            self.listing.get(resource, set()).add(key)
        elif what == "GONE":
            have.pop(rest.split(" ")[0], None)
        elif what == "LISTED":
            seen = self.listing.pop(resource, set())
            for key in [k for k in have if k not in seen]:
                del have[key]
            self.listed.add(resource)
        elif what == "STATE":
            self.states[resource] = rest
        if resource in self.listed:
            self.fewest[resource] = min(
                len(have), self.fewest.get(resource, len(have)))

    def count_of(self, what, resource):
        """Lines of a kind."""
        begin = f"{what} {resource}"
        return sum(1 for _, x in list(self.lines)
                   if x == begin or x.startswith(begin + " "))

    def peak(self):
        """The most memory that it ever had, KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1])

    def end(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
