#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Opens connections without end, and holds others open through it.

  flood.py udp HOST N          N datagrams, each to another port or from another
                               socket: N connections
  flood.py hold HOST PORT N FILE   N idle TCP connections; when FILE is there
                               each must still answer; prints how many do
"""
import os
import socket
import sys
import time

from server import many_files, resolve

PORTS = 30000


def udp(host, n):
    left = int(n)
    while left > 0:
        with socket.socket(resolve(host), socket.SOCK_DGRAM) as s:
            for port in range(20000, 20000 + min(left, PORTS)):
                try:
                    s.sendto(b"flood", (host, port))
                except OSError:
                    pass
        left -= PORTS
    return 0


def hold(host, port, n, path):
    many_files()
    socks = []
    for _ in range(int(n)):
        s = socket.create_connection((host, int(port)), 5)
        s.settimeout(5)
        socks.append(s)
    print("open", flush=True)
    while not os.path.exists(path):
        time.sleep(0.05)
    answers = 0
    for s in socks:
        try:
            s.sendall(b"WHO\n")
            answers += bool(s.recv(200))
        except OSError:
            pass
    print(answers, flush=True)
    return 0 if answers == int(n) else 1


if __name__ == "__main__":
    sys.exit({"udp": udp, "hold": hold}[sys.argv[1]](*sys.argv[2:]))
