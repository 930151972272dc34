#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""New connections, one after the other, until SIGTERM: a datagram each from a
socket of its own to HOST PORT, every few milliseconds.

  asker.py HOST PORT [MILLISECONDS]     {"asked": 2000, "answered": 2000, ...}

An answer counts whenever it comes, a lost question is not asked again."""
import json
import select
import signal
import socket
import sys
import time

KEPT = 500  # sockets that wait for an answer
PATIENCE = 1  # seconds, after the last question


class Asker:
    def __init__(self, host, port, interval="10"):
        self.target = host, int(port)
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.interval = float(interval) / 1000
        self.open, self.asked, self.answered = {}, 0, []
        self.over = False

    def ask(self):
        s = socket.socket(self.family, socket.SOCK_DGRAM)
        s.setblocking(False)
        self.asked += 1
        try:
            s.connect(self.target)
            s.send(b"?")
        except OSError:
            s.close()
            return
        self.open[s] = self.asked
        if len(self.open) > KEPT:
            self.drop(next(iter(self.open)))

    def drop(self, s):
        del self.open[s]
        s.close()

    def listen(self, until):
        while (left := until - time.monotonic()) > 0:
            for s in select.select(list(self.open), [], [], left)[0]:
                try:
                    s.recv(100)
                    self.answered.append(self.open[s])
                except OSError:
                    pass  # refused
                self.drop(s)

    def run(self):
        def end(*_):
            self.over = True

        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        while not self.over:
            self.ask()
            self.listen(time.monotonic() + self.interval)
        self.listen(time.monotonic() + PATIENCE)
        lost = sorted(set(range(1, self.asked + 1)) - set(self.answered))
        print(json.dumps({"asked": self.asked,
                          "answered": len(self.answered),
                          "first_lost": lost[:5]}), flush=True)


if __name__ == "__main__":
    Asker(*sys.argv[1:]).run()
