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
  steady tcp|udp HOST PORT SECONDS [RATE]   numbered messages, echoed; JSON
  many HOST PORT N [--ports FIRST] [--hold FILE] [--patience SECONDS]
                                   N connections open at once; JSON
  http HOST PORT PATH              prints the body; status must be 200
  sctp-serve PORT | sctp HOST PORT [SPORT]   raw SCTP: INIT, DATA; checksums
"""
import hashlib
import http.client
import json
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import threading
import time

BLOCK = hashlib.shake_256(b"fairlead").digest(1 << 20)
IPV6_PKTINFO, IPV6_RECVPKTINFO, IP_PKTINFO = 50, 49, 8


def resolve(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def plain(addr):
    return addr[0].removeprefix("::ffff:")


def connect(host, port, timeout=5):
    s = socket.socket(resolve(host), socket.SOCK_STREAM)
    s.settimeout(timeout)
    s.connect((host, int(port)))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def many_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def content(n):
    """n bytes, the same ones every time."""
    while n > 0:
        piece = BLOCK[:n]
        n -= len(piece)
        yield piece


# ---- the server -------------------------------------------------------------

class Connection:
    """One accepted connection: WHO and ECHO here, PUT and GET in a thread."""

    def __init__(self, sock, peer):
        self.sock, self.peer, self.data, self.echo = sock, peer, b"", False

    def readable(self):
        """False when it is over here."""
        try:
            got = self.sock.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            got = b""
        if not got:
            self.sock.close()
            return False
        if self.echo:
            self.send(got)
            return True
        self.data += got
        while b"\n" in self.data and not self.echo:
            line, self.data = self.data.split(b"\n", 1)
            if not self.command(line.decode().split()):
                return False
        return True

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass

    def command(self, words):
        if words[0] == "WHO":
            self.send(f"{plain(self.peer)} {self.peer[1]}\n".encode())
        elif words[0] == "ECHO":
            self.echo = True
            self.send(self.data)
        else:
            self.sock.setblocking(True)
            run = self.put if words[0] == "PUT" else self.get
            threading.Thread(target=run, args=(int(words[1]),), daemon=True).start()
            return False
        return True

    def put(self, n):
        h, got = hashlib.sha256(self.data), len(self.data)
        while got < n:
            piece = self.sock.recv(1 << 18)
            if not piece:
                break
            h.update(piece)
            got += len(piece)
        self.send(h.hexdigest().encode() + b"\n")
        self.sock.close()

    def get(self, n):
        for piece in content(n):
            self.send(piece)
        self.sock.close()


def udp_socket(family, port):
    s = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    else:
        s.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("", port))
    return s


def udp_reply(s):
    """Echo, or who it was, from the very address that was asked."""
    data, info, _, peer = s.recvmsg(65536, 256)
    control = []
    for level, kind, value in info:
        if kind == IP_PKTINFO and level == socket.IPPROTO_IP:
            control = [(level, kind, struct.pack("=I4s4s", 0, value[8:12], value[8:12]))]
        elif kind == IPV6_PKTINFO and level == socket.IPPROTO_IPV6:
            control = [(level, kind, value[:16] + struct.pack("=I", 0))]
    if data == b"WHO":
        data = f"{plain(peer)} {peer[1]}".encode()
    try:
        s.sendmsg([data], control, 0, peer)
    except OSError:
        pass


def serve(port):
    """Four processes, as the number of open files of each may be limited."""
    many_files()
    parent, child = os.pipe()
    for _ in range(3):
        if os.fork() == 0:
            os.close(child)
            break
    else:
        parent = None
    serve_some(int(port), parent)


def leave(_):
    """The parent is gone: its end of the pipe has closed."""
    sys.exit()


def serve_some(port, parent):
    listener = socket.create_server(("", port), family=socket.AF_INET6, reuse_port=True,
                                    dualstack_ipv6=True, backlog=65535)
    sel = selectors.EpollSelector()
    if parent is not None:
        sel.register(parent, selectors.EVENT_READ, leave)
    listener.setblocking(False)
    sel.register(listener, selectors.EVENT_READ, None)
    for family in socket.AF_INET, socket.AF_INET6:
        s = udp_socket(family, port)
        sel.register(s, selectors.EVENT_READ, udp_reply)
    while True:
        for key, _ in sel.select():
            if key.data is None:
                accept_all(listener, sel)
            elif key.data in (udp_reply, leave):
                key.data(key.fileobj)
            else:
                # It may close the socket, or hand it to a thread.
                sel.unregister(key.fileobj)
                if key.data.readable():
                    sel.register(key.fileobj, selectors.EVENT_READ, key.data)


def accept_all(listener, sel):
    while True:
        try:
            sock, peer = listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        sel.register(sock, selectors.EVENT_READ, Connection(sock, peer))


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


def ipv4_fragment(me, host, ident, at, piece, last):
    offset = at // 8 | (0 if last else 0x2000)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, ident, offset, 64, 17, 0,
                       socket.inet_pton(socket.AF_INET, me),
                       socket.inet_pton(socket.AF_INET, host)) + piece


def ipv6_fragment(me, host, ident, at, piece, last):
    return (struct.pack("!IHBB", 6 << 28, 8 + len(piece), 44, 64) +
            socket.inet_pton(socket.AF_INET6, me) + socket.inet_pton(socket.AF_INET6, host) +
            struct.pack("!BBHI", 17, 0, at | (not last), ident) + piece)


def ones_sum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def fragments(host, port, size, piece, order=""):
    """Sends one datagram in hand-made fragments; the echo must be whole."""
    size, piece, family = int(size), int(piece) // 8 * 8, resolve(host)
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(2)
    s.connect((host, int(port)))
    me, sport = s.getsockname()[:2]
    data = next(content(size))
    head = struct.pack("!HHHH", sport, int(port), 8 + size, 0)
    pseudo = (socket.inet_pton(family, me) + socket.inet_pton(family, host) +
              struct.pack("!II", 8 + size, 17))
    value = ~ones_sum(pseudo + head + data) & 0xFFFF or 0xFFFF
    whole = head[:6] + struct.pack("!H", value) + data
    make = ipv4_fragment if family == socket.AF_INET else ipv6_fragment
    ident = os.getpid() & 0xFFFF
    pieces = [make(me, host, ident, at, whole[at:at + piece], at + piece >= len(whole))
              for at in range(0, len(whole), piece)]
    raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for packet in reversed(pieces) if order == "reverse" else pieces:
        raw.sendto(packet, (host, 0))
    if s.recv(70000) != data:
        print("came back changed")
        return 1
    return 0


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

    def __init__(self, proto, host, port, seconds, rate):
        self.tcp = proto == "tcp"
        if self.tcp:
            self.sock = connect(host, port)
            self.sock.sendall(b"ECHO\n")
        else:
            self.sock = socket.socket(resolve(host), socket.SOCK_DGRAM)
            self.sock.connect((host, int(port)))
        self.seconds, self.rate = float(seconds), float(rate)
        self.sent, self.seen, self.worst, self.over = 0, {}, 0.0, False
        self.at, self.errors = [], []

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

    def run(self):
        def end(*_):
            self.over = True

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        self.sock.settimeout(1)
        threading.Thread(target=self.receive_all, daemon=True).start()
        self.send_all()
        patience = time.monotonic() + (5 if self.tcp else 1)
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


def steady(proto, host, port, seconds, rate="200"):
    return Steady(proto, host, port, seconds, rate).run()


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


def http_get(host, port, path):
    c = http.client.HTTPConnection(host, int(port), timeout=5)
    c.request("GET", path)
    answer = c.getresponse()
    print(answer.read().decode())
    return 0 if answer.status == 200 else 1


# ---- SCTP, by hand: not every kernel has it ---------------------------------

CRC = []
for c in range(256):
    for _ in range(8):
        c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
    CRC.append(c)


def crc32c(data):
    crc = 0xFFFFFFFF
    for b in data:
        crc = CRC[(crc ^ b) & 255] ^ (crc >> 8)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def sctp_packet(sport, dport, kind, payload):
    chunk = struct.pack("!BBH", kind, 0, 4 + len(payload)) + payload
    chunk += bytes(-len(chunk) % 4)
    head = struct.pack("!HHI", sport, dport, 1)
    return head + crc32c(head + bytes(4) + chunk) + chunk


def sctp_parse(data):
    """Ports, chunk type and payload; None if the checksum is wrong."""
    if crc32c(data[:8] + bytes(4) + data[12:]) != data[8:12]:
        return None
    sport, dport = struct.unpack("!HH", data[:4])
    kind, _, size = struct.unpack("!BBH", data[12:16])
    return sport, dport, kind, data[16:12 + size]


def sctp_recv(s, family):
    data, peer = s.recvfrom(70000)
    if family == socket.AF_INET:
        data = data[(data[0] & 15) * 4:]
    return data, peer


def sctp_serve(port):
    sel = selectors.DefaultSelector()
    for family in socket.AF_INET, socket.AF_INET6:
        s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
        sel.register(s, selectors.EVENT_READ, family)
    while True:
        for key, _ in sel.select():
            data, peer = sctp_recv(key.fileobj, key.data)
            got = sctp_parse(data)
            if not got or got[1] != int(port) or got[2] not in (1, 0):
                continue
            # INIT (1) -> INIT ACK (2); DATA (0) -> SACK (3); with who it was.
            kind = 2 if got[2] == 1 else 3
            text = f"{plain(peer)} {got[0]}".encode()
            key.fileobj.sendto(sctp_packet(got[1], got[0], kind, text), (peer[0], 0))


def sctp(host, port, sport="5000"):
    family = resolve(host)
    s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
    s.settimeout(2)
    for kind, wanted, size in (1, 2, 16), (0, 3, 1000):
        packet = sctp_packet(int(sport), int(port), kind, next(content(size)))
        s.sendto(packet, (host, 0))
        while True:
            data, peer = sctp_recv(s, family)
            if peer[0] == host:
                break
        got = sctp_parse(data)
        if not got or got[:3] != (int(port), int(sport), wanted):
            print(f"wrong answer: {got}")
            return 1
    print(got[3].decode())
    return 0


COMMANDS = {"serve": serve, "who": who, "reach": reach, "fragments": fragments, "put": put, "get": get, "udp": udp,
            "steady": steady, "many": many, "http": http_get, "sctp-serve": sctp_serve, "sctp": sctp}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    try:
        sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
    except (OSError, http.client.HTTPException) as e:
        sys.exit(f"traffic.py {' '.join(sys.argv[1:])}: {e}")
