# SPDX-License-Identifier: Apache-2.0
"""Very many TCP connections at once."""
import json
import os
import selectors
import socket
import time

from server import many_files, resolve


class Many:
    """N connections that are all open at the same time."""

    def __init__(self, host, port, n, first, patience):
        many_files()
        self.patience = patience
        self.host, self.port, self.n, self.first = host, int(port), n, first
        self.sel, self.socks, self.errors = selectors.EpollSelector(), {}, {}

    def fail(self, sock, what):
        self.errors[what] = self.errors.get(what, 0) + 1
        try:
            self.sel.unregister(sock)
        except KeyError:
            pass
        self.socks.pop(sock, None)
        sock.close()

    def open(self, i):
        s = socket.socket(resolve(self.host), socket.SOCK_STREAM)
        s.setblocking(False)
        if self.first:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("", self.first + i))
        try:
            s.connect((self.host, self.port))
        except BlockingIOError:
            pass
        except OSError as e:
            self.fail(s, str(e))
            return
        self.socks[s] = None
        self.sel.register(s, selectors.EVENT_WRITE)

    def handle(self, sock, mask):
        """1 when this connection has its answer or has failed."""
        try:
            if mask & selectors.EVENT_WRITE:
                err = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if err:
                    raise OSError(err, os.strerror(err))
                sock.send(b"WHO\n")
                self.sel.modify(sock, selectors.EVENT_READ)
                return 0
            answer = sock.recv(200).decode().split()
            if not answer:
                raise OSError(0, "closed by the other side")
        except OSError as e:
            self.fail(sock, e.strerror or str(e))
            return 1
        if self.socks[sock] not in (None, answer):
            self.fail(sock, "the server saw it change its address")
            return 1
        self.socks[sock] = answer
        self.sel.unregister(sock)
        return 1

    def settle(self, waiting, until):
        while waiting > until:
            ready = self.sel.select(self.patience)
            if not ready:
                break
            for key, mask in ready:
                waiting -= self.handle(key.fileobj, mask)
        return waiting

    def round_one(self):
        waiting = 0
        for i in range(self.n):
            self.open(i)
            waiting += 1
            if waiting - sum(self.errors.values()) > 500:
                waiting = self.settle(len(self.sel.get_map()), 250)
        self.settle(len(self.sel.get_map()), 0)
        self.give_up()

    def round_two(self):
        for s in self.socks:
            self.sel.register(s, selectors.EVENT_WRITE)
        self.settle(len(self.socks), 0)
        self.give_up()

    def give_up(self):
        for key in list(self.sel.get_map().values()):
            self.fail(key.fileobj, "no answer")

    def report(self):
        seen = [tuple(a) for a in self.socks.values()]
        print(json.dumps({
            "connected": len(seen), "failed": sum(self.errors.values()),
            "errors": self.errors, "addresses": sorted({a for a, _ in seen}),
            "ports": len({p for _, p in seen}),
            "node_ports": sum(30000 <= int(p) <= 32767 for _, p in seen)}), flush=True)


def many(host, port, n, *options):
    options = dict(zip(options[::2], options[1::2]))
    m = Many(host, port, int(n), int(options.get("--ports", 0)),
             float(options.get("--patience", 15)))
    m.round_one()
    hold = options.get("--hold")
    if hold:
        print(f"open {len(m.socks)}", flush=True)
        while not os.path.exists(hold):
            time.sleep(0.05)
    m.round_two()
    m.report()
    return 1 if m.errors else 0
