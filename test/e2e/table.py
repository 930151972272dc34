#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who reaches whom, tried all at once by real connections.

  serve PARTIES PORT...    every party answers on these ports, until killed
  check PARTIES TABLE [SECONDS]
                           tries the table until it is true, SECONDS at most;
                           prints what is not as it says
  policies TABLE           the names of the policies that it is about

PARTIES has a line for each: NAME NAMESPACE IPV4 IPV6 SOURCE GROUP,GROUP...;
a SOURCE of "bind" sends from that very address. Tables are described in
policies/README.md. One process enters all namespaces: a socket stays where it
was made.
"""
import ctypes
import os
import resource
import select
import socket
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
LINGER = struct.pack("ii", 1, 0)  # closing resets: nothing lingers


class Party:
    def __init__(self, line):
        self.name, self.path, four, six, source, groups = line.split()
        self.addr = {4: four, 6: six}
        self.bind = source == "bind"
        self.groups = {self.name, "*", *groups.split(",")}

    def enter(self):
        with open(self.path, "rb") as ns:
            if libc.setns(ns.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"enter {self.path}")


def read_parties(path):
    with open(path, encoding="ascii") as f:
        return [Party(line) for line in f]


def new_socket(family, proto):
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    s = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, kind)
    s.setblocking(False)
    if family == 6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return s


# ---- the answering side -----------------------------------------------------

def answer(s):
    try:
        if s.type == socket.SOCK_STREAM:
            s.accept()[0].close()
        else:
            s.sendto(b"here", s.recvfrom(100)[1])
    except OSError:
        pass


def serve(parties, *ports):
    poll, sockets = select.epoll(), {}
    for party in parties:
        party.enter()
        for port in ports:
            proto, number = port.split("/")
            for family in 4, 6:
                s = new_socket(family, proto)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                # By its address: an answer to a datagram comes from there.
                s.bind((party.addr[family], int(number)))
                if proto == "tcp":
                    s.listen(256)
                sockets[s.fileno()] = s
                poll.register(s, select.EPOLLIN)
    print("ready", flush=True)
    while True:
        for fd, _ in poll.poll():
            answer(sockets[fd])
    return 0


# ---- tables -----------------------------------------------------------------

class Table:
    def __init__(self, path):
        name = os.path.basename(path).removesuffix(".table")
        self.policies, self.ports, self.rules = [name], [], []
        with open(path, encoding="ascii") as f:
            for number, line in enumerate(f, 1):
                words = line.partition("#")[0].split()
                if not words:
                    continue
                if words[0] == "policies":
                    self.policies = words[1:]
                elif words[0] == "ports":
                    self.ports = words[1:]
                elif len(words) == 5 and words[4] in ("yes", "no"):
                    self.rules.append(words)
                else:
                    sys.exit(f"{path}:{number}: not a line of a table")

    def check_names(self, parties):
        known = set().union(*(p.groups for p in parties))
        for sender, receiver, port, family, _ in self.rules:
            if not {sender, receiver} <= known or family not in "46*" or \
                    port not in self.ports + ["*"]:
                sys.exit(f"nobody is meant by {sender} {receiver} {port} {family}")

    def wanted(self, sender, receiver, port, family):
        found = None
        for rule in self.rules:
            if rule[0] in sender.groups and rule[1] in receiver.groups and \
                    rule[2] in ("*", port) and rule[3] in ("*", str(family)):
                found = rule[4] == "yes"
        if found is None:
            sys.exit(f"no answer: {sender.name} {receiver.name} {port} {family}")
        return found

    def attempts(self, parties):
        return [Attempt(a, b, port, family, self.wanted(a, b, port, family))
                for a in parties for b in parties if a is not b
                for port in self.ports for family in (4, 6)]


# ---- the asking side --------------------------------------------------------

class Attempt:
    def __init__(self, sender, receiver, port, family, wanted):
        self.sender, self.receiver, self.family = sender, receiver, family
        self.port, self.wanted = port, wanted
        self.sock, self.got = None, False

    def start(self):
        proto, number = self.port.split("/")
        self.got, self.sock = False, new_socket(self.family, proto)
        try:
            if self.sender.bind:
                self.sock.bind((self.sender.addr[self.family], 0))
            self.sock.connect((self.receiver.addr[self.family], int(number)))
        except BlockingIOError:
            pass
        except OSError:
            return False
        if proto == "udp":
            self.sock.send(b"who is there?")
        else:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        return True

    def ready(self):
        if self.sock.type == socket.SOCK_STREAM:
            self.got = not self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return True
        try:
            self.got = self.sock.recv(100) == b"here"
        except OSError:
            pass
        return self.got

    def words(self):
        return f"{self.sender.name} -> {self.receiver.name} {self.port} IPv{self.family}: " \
            f"{'yes' if self.got else 'no'}, not {'yes' if self.wanted else 'no'}"


def try_all(attempts, patience=1.5, quiet=0.3):
    """Until all that should be reached has been, and quiet after that; for
    patience if something has not."""
    poll, waiting, inside = select.epoll(), {}, None
    for a in attempts:
        if inside is not a.sender:
            inside = a.sender
            inside.enter()
        if a.start():
            waiting[a.sock.fileno()] = a
            poll.register(a.sock, select.EPOLLIN if a.port.startswith("udp") else select.EPOLLOUT)
    missing = sum(a.wanted for a in attempts)
    start = last = time.monotonic()
    while (now := time.monotonic()) < start + patience:
        if not missing and now > last + quiet:
            break
        for fd, _ in poll.poll(0.05):
            a = waiting[fd]
            if a.ready():
                poll.unregister(fd)
                last = time.monotonic()
                missing -= a.wanted and a.got
    for a in attempts:
        a.sock.close()
    return [a for a in attempts if a.got != a.wanted]


def check(parties, path, seconds="30"):
    table, end = Table(path), time.monotonic() + float(seconds)
    table.check_names(parties)
    attempts = table.attempts(parties)
    while (wrong := try_all(attempts)) and time.monotonic() < end:
        time.sleep(0.1)
    print(f"{len(attempts)} tried, {len(wrong)} wrong")
    for a in wrong[:40]:
        print(a.words())
    return 1 if wrong or not attempts else 0


def main(command, path, *rest):
    if command == "policies":
        print(*Table(path).policies)
        return 0
    resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 14, 1 << 14))
    return {"serve": serve, "check": check}[command](read_parties(path), *rest)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("serve", "check", "policies"):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
