#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pods come and go, many at once, under traffic, while policies change.

  churn.py PREFIX NODE PLUGIN CONFIG MANIFESTS RANGE4 RANGE6 PODS AT_ONCE PATIENCE

Runs in the network namespace of a node whose agent watches the directory
MANIFESTS, and expects the namespaces PREFIX-p-server, -prober and -attacker of
three pods, of which the first is labelled `app: server`, the second `role:
friend` and the third `role: stranger`.

	prober ---- to all addresses of the pod ranges ----> each pod
	attacker -- the same --------------------------------> each pod
	each pod -- the same port at both ends, always -----> server

Every second pod is a friend: it must reach the server and hear the prober, and
once it does, always. The others are strangers: they send as much, and nobody
may ever hear of it; nor may they hear the prober. Nobody may hear the attacker.
The ports are always the same, so that the next owner of an address, friend or
stranger, finds the flows of the one before.

Prints JSON; what must not be is in `wrong`. PATIENCE: seconds that "not yet"
may take.
"""
import ctypes
import ipaddress
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time

PORT, OTHER_PORT = 7000, 7001
CLONE_NEWNET, MS_BIND, MNT_DETACH = 0x40000000, 4096, 2
SO_RCVBUFFORCE = 33
FAMILIES = (socket.AF_INET, socket.AF_INET6)
libc = ctypes.CDLL(None, use_errno=True)


def call(function, *args):
    if getattr(libc, function)(*args) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


class Namespace:
    """A network namespace by its name, as `ip netns` has them."""

    def __init__(self, name):
        self.path = f"/run/netns/{name}"

    def enter(self):
        with open(self.path, "rb") as f:
            call("setns", f.fileno(), CLONE_NEWNET)

    def create(self):
        """And be in it, this thread alone."""
        call("unshare", CLONE_NEWNET)
        with open(self.path, "xb"):
            pass
        call("mount", b"/proc/thread-self/ns/net", self.path.encode(), None,
             MS_BIND, None)

    def remove(self):
        call("umount2", self.path.encode(), MNT_DETACH)
        os.unlink(self.path)


def sockets_here(port):
    """One of each family, in the namespace of this thread."""
    made = {}
    for family in FAMILIES:
        s = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
        s.bind(("", port))
        s.setblocking(False)
        made[family] = s
    return made


def received(sockets, timeout):
    """(family, message, sender) of what has come, or comes by then."""
    ready, _, _ = select.select(list(sockets.values()), [], [], timeout)
    for s in ready:
        while True:
            try:
                data, sender = s.recvfrom(200)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error that concerns an earlier message
            yield s.family, data.decode(), sender


def send(s, message, host, port):
    try:
        s.sendto(message.encode(), (host, port))
    except OSError:
        pass  # no route yet, no buffer: as good as lost


class World:
    """What all threads know, and what they have seen."""

    def __init__(self, argv):
        self.prefix, node, self.plugin, self.config, self.manifests = argv[:5]
        self.ranges = [ipaddress.ip_network(r) for r in argv[5:7]]
        self.pods, self.at_once, patience = map(int, argv[7:10])
        self.patience = patience
        self.node = Namespace(node)
        # The first policies are in force; no pod comes any more; all is over.
        self.begun, self.over, self.ended = (
            threading.Event() for _ in range(3))
        self.lock = threading.Lock()
        self.next, self.sweeps = 0, 0
        self.wrong, self.adds, self.dels = [], [], []
        self.friends = self.strangers = self.policies = self.flips = 0
        self.owners = {}
        self.server = {}

    def is_wrong(self, text):
        with self.lock:
            self.wrong.append(text)

    def take(self):
        with self.lock:
            if self.next >= self.pods or len(self.wrong) > 20:
                return None
            self.next += 1
            return self.next

    def permanent(self, name, port):
        Namespace(f"{self.prefix}-p-{name}").enter()
        return sockets_here(port)

    def write(self, name, text):
        new = f"{self.manifests}.new/{name}"
        with open(new, "w", encoding="ascii") as f:
            f.write(text)
        os.rename(new, f"{self.manifests}/{name}")


# ---- those who stay ---------------------------------------------------------

def serve(world):
    """Answers whatever comes; what comes from strangers should not have."""
    sockets = world.permanent("server", PORT)
    while not world.ended.is_set():
        for family, message, sender in received(sockets, 0.1):
            if not message.startswith("friend"):
                world.is_wrong(f"the server heard {message!r} of {sender[0]}")
            send(sockets[family], message, *sender[:2])


def serve_other(world):
    sockets = world.permanent("server", OTHER_PORT)
    while not world.ended.is_set():
        for family, message, sender in received(sockets, 0.1):
            send(sockets[family], message, *sender[:2])


def sweep(world, name, message, counts):
    """A message to every address that a pod may have, again and again."""
    sockets = world.permanent(name, PORT)
    hosts = [str(r[i]) for r in world.ranges for i in range(1, 256)]
    hosts = [h for h in hosts if h not in world.server.values()]
    while not world.ended.is_set():
        for host in hosts:
            send(sockets[socket.AF_INET6 if ":" in host else socket.AF_INET],
                 message, host, PORT)
        if counts:
            world.sweeps += 1
        time.sleep(0.02)


PEERS = (
    "{podSelector: {matchLabels: {role: friend}}}",
    "{podSelector: {matchExpressions: [{key: role, operator: In,"
    " values: [friend, ally]}]}}",
    "{podSelector: {matchLabels: {role: friend}}},"
    " {podSelector: {matchLabels: {role: nobody}}}",
    "{namespaceSelector: {}, podSelector: {matchExpressions: [{key: role,"
    " operator: NotIn, values: [stranger, nobody]}]}}",
)
POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: default}}
spec:
  podSelector: {selector}
  policyTypes: [Ingress]
  ingress:
  - from: [{peers}]
    ports: [{{protocol: UDP, port: {port}}}]
"""


def policies_write(world, peers):
    world.write("policy-strangers.yaml", POLICY.format(
        name="strangers", selector="{matchLabels: {role: stranger}}",
        peers="{podSelector: {matchLabels: {role: nobody}}}", port=PORT))
    for name, selector in (("friends", "{matchLabels: {role: friend}}"),
                           ("server", "{matchLabels: {app: server}}")):
        world.write(f"policy-{name}.yaml", POLICY.format(
            name=name, selector=selector, peers=peers, port=PORT))


def hears(sockets, host, message):
    send(sockets[socket.AF_INET], message, host, OTHER_PORT)
    until = time.monotonic() + 0.1
    while (left := until - time.monotonic()) > 0:
        if any(m == message for _, m, _ in received(sockets, left)):
            return True
    return False


def is_in_force(world, sockets, allowed):
    until = time.monotonic() + world.patience
    while hears(sockets, world.server[4],
                f"other {time.monotonic()}") != allowed:
        if time.monotonic() > until:
            return False
    return True


def change(world):
    """Policies that say the same in other words; and one that comes and goes,
    which must be in force soon after."""
    sockets, n = world.permanent("prober", OTHER_PORT), 0
    policies_write(world, PEERS[0])
    if not is_in_force(world, sockets, False):
        world.is_wrong("the first policies are not in force")
    world.begun.set()
    while not world.over.is_set():
        n += 1
        policies_write(world, PEERS[n % len(PEERS)])
        if n % 2:
            world.write("policy-other.yaml", POLICY.format(
                name="other", selector="{matchLabels: {app: server}}",
                peers=PEERS[0], port=OTHER_PORT))
        else:
            os.unlink(f"{world.manifests}/policy-other.yaml")
        if not is_in_force(world, sockets, bool(n % 2)):
            world.is_wrong(f"change {n} of policy is not in force")
        world.policies += 4
        world.flips += 1
    if n % 2:
        os.unlink(f"{world.manifests}/policy-other.yaml")
    policies_write(world, PEERS[0])  # as at the beginning


# ---- those who come and go --------------------------------------------------

def plugin(world, command, n):
    world.node.enter()
    start = time.monotonic()
    with open(world.config, "rb") as config:
        done = subprocess.run(
            [world.plugin], stdin=config, capture_output=True, check=False,
            env={"PATH": os.environ["PATH"], "CNI_COMMAND": command,
                 "CNI_CONTAINERID": f"{world.prefix}-churn{n}",
                 "CNI_NETNS": f"/run/netns/{world.prefix}-p-churn{n}",
                 "CNI_IFNAME": "eth0", "CNI_PATH": os.path.dirname(world.plugin),
                 "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;"
                             f"K8S_POD_NAME=churn{n}"})
    if done.returncode:
        raise OSError(f"{command}: {done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout, (time.monotonic() - start) * 1000


class Pod:
    def __init__(self, world, n):
        self.world, self.n = world, n
        self.role = "friend" if n % 2 else "stranger"
        self.ns = Namespace(f"{world.prefix}-p-churn{n}")
        self.probed, self.answered, self.sent = set(), {}, 0
        self.sockets = {}

    def listen(self, timeout):
        for family, message, sender in received(self.sockets, timeout):
            if message == "probe" and self.role == "friend":
                self.probed.add(family)
            elif message.startswith(f"{self.role} {self.n} ") and \
                    self.role == "friend":
                self.answered[family] = max(
                    self.answered.get(family, 0), int(message.split()[2]))
            else:
                self.world.is_wrong(f"{self.role} {self.n} heard {message!r}"
                                    f" of {sender[0]}")

    def ask(self):
        self.sent += 1
        for family, s in self.sockets.items():
            host = self.world.server[4 if family == socket.AF_INET else 6]
            send(s, f"{self.role} {self.n} {self.sent}", host, PORT)

    def wait(self, what, patience, is_done, again=None):
        until = time.monotonic() + patience
        while not is_done():
            left = until - time.monotonic()
            if left <= 0:
                self.world.is_wrong(
                    f"friend {self.n}: {what}: answers {self.answered},"
                    f" probes {self.probed} of {self.sent}")
                return
            self.listen(min(left, 0.05) if again else left)
            if again and not is_done():
                again()

    def is_friend(self):
        self.ask()
        self.wait("never reached the server", self.world.patience,
                  lambda: len(self.answered) == 2, self.ask)
        for _ in range(3):  # from now on, each of them
            self.ask()
            self.wait("lost a message", self.world.patience, lambda: list(
                self.answered.values()) == [self.sent] * 2)
        self.wait("is not reached", self.world.patience,
                  lambda: len(self.probed) == 2)

    def is_stranger(self):
        seen = self.world.sweeps
        while self.world.sweeps < seen + 2 and not self.world.over.is_set():
            self.ask()
            self.listen(0.01)

    def live(self):
        w = self.world
        w.write(f"pod-{self.n}.yaml", "\n".join((
            "apiVersion: v1", "kind: Pod", "metadata:",
            f"  {{name: churn{self.n}, labels: {{role: {self.role}}}}}",
            f"spec: {{nodeName: {os.environ['NODE_NAME']}}}", "")))
        self.ns.create()
        try:
            self.sockets = sockets_here(PORT)
            out, took = plugin(w, "ADD", self.n)
            ips = [ip["address"].split("/")[0] for ip in json.loads(out)["ips"]]
            with w.lock:
                w.adds.append(took)
                for ip in ips:
                    w.owners[ip] = w.owners.get(ip, 0) + 1
            getattr(self, f"is_{self.role}")()
            self.listen(0)
            w.dels.append(plugin(w, "DEL", self.n)[1])
            self.listen(0)
        finally:
            w.node.enter()
            for s in self.sockets.values():
                s.close()
            self.ns.remove()
            os.unlink(f"{w.manifests}/pod-{self.n}.yaml")


def work(world):
    while (n := world.take()) is not None:
        try:
            Pod(world, n).live()
            with world.lock:
                if n % 2:
                    world.friends += 1
                else:
                    world.strangers += 1
        except Exception as e:  # pylint: disable=broad-except
            world.is_wrong(f"pod {n}: {e!r}")


def percentile(values, p):
    values = sorted(values)
    return round(values[min(len(values) - 1, len(values) * p // 100)], 1) \
        if values else None


def main():
    world = World(sys.argv[1:])
    for family, key in ((4, "SERVER4"), (6, "SERVER6")):
        world.server[family] = os.environ[key]
    os.makedirs(f"{world.manifests}.new", exist_ok=True)
    stay = [threading.Thread(target=t, args=(world, *args)) for t, *args in (
        (change,), (serve,), (serve_other,), (sweep, "prober", "probe", False),
        (sweep, "attacker", "attack", True))]
    workers = [threading.Thread(target=work, args=(world,))
               for _ in range(world.at_once)]
    for t in stay:
        t.start()
    world.begun.wait()
    start = time.monotonic()
    for t in workers:
        t.start()
    for t in workers:
        t.join()
    took = time.monotonic() - start
    world.over.set()
    stay[0].join()
    world.ended.set()
    for t in stay[1:]:
        t.join()
    json.dump({
        "pods": len(world.adds), "friends": world.friends,
        "strangers": world.strangers, "seconds": round(took, 1),
        "addresses": len(world.owners),
        "owners_most": max(world.owners.values(), default=0),
        "policies": world.policies, "flips": world.flips,
        "sweeps": world.sweeps, "add_p50_ms": percentile(world.adds, 50),
        "add_p99_ms": percentile(world.adds, 99),
        "del_p50_ms": percentile(world.dels, 50),
        "del_p99_ms": percentile(world.dels, 99),
        "wrong": world.wrong[:20]}, sys.stdout)
    print()
    return 1 if world.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
