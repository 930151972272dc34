#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Traffic for the end-to-end tests. Ends with status 0 if all went well.

  serve PORT                       TCP and UDP, both families, until killed
  who tcp|udp HOST PORT            prints the address and port the server saw
  reach HOST PORT                  the same by TCP and UDP, which must agree
  fragments HOST PORT SIZE PIECE [reverse]   a datagram in fragments, echoed
  put HOST PORT BYTES [MBPS]       send, the server's SHA-256 must be ours
  get HOST PORT BYTES              receive, compare the SHA-256
  udp HOST PORT SIZE...            datagrams that must come back unchanged
  steady tcp|udp HOST PORT SECONDS [RATE [FILE]]   numbered messages, echoed;
                                   makes FILE when the first is back; JSON
  fresh tcp|udp HOST PORT SECONDS  a new connection for each message; JSON
  many HOST PORT N [--ports FIRST] [--hold FILE] [--patience SECONDS]
                                   N connections open at once; JSON
  http HOST PORT PATH              prints the body; status must be 200
  sctp-serve PORT | sctp HOST PORT [SPORT]   raw SCTP: INIT, DATA; checksums
"""
import hashlib
import http.client
import json
import signal
import socket
import struct
import sys
import threading
import time

from many import many
from rawip import fragments, sctp, sctp_serve
from server import SO_RCVBUFFORCE, content, resolve, serve


def connect(host, port, timeout=5):
    s = socket.socket(resolve(host), socket.SOCK_STREAM)
    s.settimeout(timeout)
    s.connect((host, int(port)))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


# ---- clients ----------------------------------------------------------------

def ask(proto, host, port):
    if proto == "tcp":
        s = connect(host, port)
        s.sendall(b"WHO\n")
        return s.makefile().readline().strip()
    s = socket.socket(resolve(host), socket.SOCK_DGRAM)
    s.settimeout(2)
    s.connect((host, int(port)))
    s.send(b"WHO")
    return s.recv(200).decode()


def who(proto, host, port):
    print(ask(proto, host, port))
    return 0


def reach(host, port):
    seen = [ask(proto, host, port).split()[0] for proto in ("tcp", "udp")]
    print(*dict.fromkeys(seen))
    return 0 if seen[0] == seen[1] else 1


def put(host, port, size, mbps="0"):
    size, rate = int(size), float(mbps) * 1e6 / 8
    s = connect(host, port, 20)
    s.sendall(f"PUT {size}\n".encode())
    h, sent, start, worst = hashlib.sha256(), 0, time.monotonic(), 0
    for big in content(size):
        for at in range(0, len(big), 32768):
            piece = big[at:at + 32768]
            before = time.monotonic()
            s.sendall(piece)
            worst = max(worst, time.monotonic() - before)
            h.update(piece)
            sent += len(piece)
            if rate:
                time.sleep(max(0, start + sent / rate - time.monotonic()))
    answer = s.makefile().readline().strip()
    took = time.monotonic() - start
    print(f"{size} bytes in {took:.2f} s, longest stall {worst * 1000:.0f} ms")
    if answer != h.hexdigest():
        print(f"SHA-256 differs: {answer or 'no answer'}")
        return 1
    return 0


def get(host, port, size):
    want, h, n = hashlib.sha256(), hashlib.sha256(), 0
    for piece in content(int(size)):
        want.update(piece)
    s = connect(host, port, 20)
    s.sendall(f"GET {size}\n".encode())
    while piece := s.recv(1 << 18):
        h.update(piece)
        n += len(piece)
    print(f"{n} bytes")
    if h.digest() != want.digest():
        print("SHA-256 differs")
        return 1
    return 0


def udp(host, port, *sizes):
    bad = 0
    for size in map(int, sizes):
        s = socket.socket(resolve(host), socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        # Let what is too big for the path be fragmented.
        if resolve(host) == socket.AF_INET:
            s.setsockopt(socket.IPPROTO_IP, 10, 0)
        s.settimeout(2)
        s.connect((host, int(port)))
        data = next(content(size)) if size else b""
        try:
            s.send(data)
            if s.recv(70000) != data:
                raise OSError("came back changed")
        except OSError as e:
            print(f"{size} bytes: {e}")
            bad += 1
        s.close()
    return 1 if bad else 0


class Steady:
    """Numbered messages at a rate; every one of them must come back."""

    def __init__(self, proto, host, port, seconds, rate, begun):
        self.tcp = proto == "tcp"
        if self.tcp:
            self.sock = connect(host, port)
            self.sock.sendall(b"ECHO\n")
        else:
            self.sock = socket.socket(resolve(host), socket.SOCK_DGRAM)
            self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
            self.sock.connect((host, int(port)))
        self.seconds, self.rate = float(seconds), float(rate)
        self.sent, self.seen, self.worst, self.over = 0, {}, 0.0, False
        self.at, self.errors, self.begun = [], [], begun

    def send_all(self):
        start = time.monotonic()
        while not self.over and time.monotonic() < start + self.seconds:
            self.at.append(time.monotonic())
            try:
                self.sock.send(struct.pack("!Q", self.sent))
            except OSError as e:
                self.errors.append(str(e))
                if self.tcp:
                    return
            self.sent += 1
            time.sleep(max(0, start + self.sent / self.rate - time.monotonic()))

    def receive_all(self):
        data = b""
        while True:
            try:
                got = self.sock.recv(8192)
            except TimeoutError:
                continue
            except OSError as e:
                self.errors.append(str(e))
                if self.tcp:
                    return
                continue
            if not got:
                return
            data += got
            while len(data) >= 8:
                n = struct.unpack("!Q", data[:8])[0]
                data = data[8:]
                self.seen[n] = self.seen.get(n, 0) + 1
                self.worst = max(self.worst, time.monotonic() - self.at[n])
            if self.begun:
                with open(self.begun, "w", encoding="utf-8"):
                    self.begun = None

    def run(self):
        def end(*_):
            self.over = True

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        self.sock.settimeout(1)
        threading.Thread(target=self.receive_all, daemon=True).start()
        self.send_all()
        patience = time.monotonic() + 5
        while len(self.seen) < self.sent and time.monotonic() < patience:
            time.sleep(0.02)
        lost = [n for n in range(self.sent) if n not in self.seen]
        print(json.dumps({
            "sent": self.sent, "lost": len(lost),
            "first_lost_at_ms": round((self.at[lost[0]] - self.at[0]) * 1000) if lost else None,
            "last_lost_at_ms": round((self.at[lost[-1]] - self.at[0]) * 1000) if lost else None,
            "duplicates": sum(self.seen.values()) - len(self.seen),
            "worst_ms": round(self.worst * 1000, 1),
            "errors": sorted(set(self.errors))}), flush=True)
        return 1 if lost or not self.sent else 0


def steady(proto, host, port, seconds, rate="200", begun=None):
    return Steady(proto, host, port, seconds, rate, begun).run()


def sent_again(s):
    """How many packets had to be sent again: tcpi_total_retrans."""
    info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack_from("I", info, 100)[0]


def fresh(proto, host, port, seconds):
    """One connection after the other. A SYN that is lost is sent again after a
    second, and lost all the same."""
    end, sent, lost = time.monotonic() + float(seconds), 0, []
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(1))
    start = time.monotonic()
    while not over and time.monotonic() < end:
        at = time.monotonic()
        kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
        with socket.socket(resolve(host), kind) as s:
            s.settimeout(5)
            try:
                s.connect((host, int(port)))
                if proto == "tcp" and sent_again(s):
                    raise OSError("the SYN was lost")
                s.send(b"WHO\n" if proto == "tcp" else b"WHO")
                if not s.recv(200):
                    raise OSError("no answer")
            except OSError as e:
                lost.append((round((at - start) * 1000), str(e)))
        sent += 1
        time.sleep(max(0, at + 0.01 - time.monotonic()))
    print(json.dumps({"sent": sent, "lost": len(lost), "which": lost[:10]}),
          flush=True)
    return 1 if lost or not sent else 0


def http_get(host, port, path):
    c = http.client.HTTPConnection(host, int(port), timeout=5)
    c.request("GET", path)
    answer = c.getresponse()
    print(answer.read().decode())
    return 0 if answer.status == 200 else 1


COMMANDS = {"serve": serve, "who": who, "reach": reach, "fragments": fragments, "put": put, "get": get, "udp": udp,
            "steady": steady, "fresh": fresh, "many": many, "http": http_get, "sctp-serve": sctp_serve, "sctp": sctp}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    try:
        sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
    except (OSError, http.client.HTTPException) as e:
        sys.exit(f"traffic.py {' '.join(sys.argv[1:])}: {e}")
