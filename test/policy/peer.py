#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A pod of policy_worlds_test: answers on many ports, and asks others when
told to, all in one process.

	peer.py NAME PORT,PORT... ADDRESS...

A line on stdin is {"seconds": 3, "targets": [[protocol, address, port,
name], ...]}; the answer is one line with the numbers of the targets that
answered by that name. What did not answer in time has been denied.

SCTP is spoken on raw sockets, one chunk each way: not every kernel has it."""
import heapq
import json
import os
import selectors
import socket
import struct
import sys
import time

SCTP = 132
INIT, INIT_ACK = 1, 2
AGAIN = 0.5  # seconds until a datagram is sent once more


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def sctp(source, target, kind, content):
    """A packet with one chunk."""
    chunk = struct.pack("!BBH", kind, 0, 4 + len(content)) + content
    chunk += bytes(-len(chunk) % 4)
    ports = struct.pack("!HHI", source, target, 0)
    return ports + struct.pack("<I", crc32c(ports + bytes(4) + chunk)) + chunk


def sctp_read(packet):
    """(source, target, kind, content)"""
    source, target = struct.unpack("!HH", packet[:4])
    kind, _, length = struct.unpack("!BBH", packet[12:16])
    return source, target, kind, packet[16:12 + length]


class Peer:
    def __init__(self, name, ports, addresses):
        self.name, self.ports = name.encode(), ports
        self.waiting = selectors.DefaultSelector()
        self.raw, self.round = {}, None
        self.next_port = 20000
        for address in addresses:
            self.serve(address)

    def on(self, sock, event, call):
        sock.setblocking(False)
        self.waiting.register(sock, event, call)

    # ---- answering -----------------------------------------------------

    def serve(self, address):
        kind = family(address)
        for port in self.ports:
            s = socket.socket(kind, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
            s.listen(64)
            self.on(s, selectors.EVENT_READ, self.accept)
            s = socket.socket(kind, socket.SOCK_DGRAM)
            s.bind((address, port))
            self.on(s, selectors.EVENT_READ, self.answer)
        s = socket.socket(kind, socket.SOCK_RAW, SCTP)
        s.bind((address, 0))
        self.raw[kind] = s
        self.on(s, selectors.EVENT_READ, self.sctp_in)

    def accept(self, sock):
        connection = sock.accept()[0]
        connection.send(self.name)
        connection.close()

    def answer(self, sock):
        _, sender = sock.recvfrom(100)
        sock.sendto(self.name, sender)

    def sctp_in(self, sock):
        packet, sender = sock.recvfrom(2000)
        if sock.family == socket.AF_INET:
            packet = packet[(packet[0] & 15) * 4:]
        source, target, kind, content = sctp_read(packet)
        if kind == INIT and target in self.ports:
            sock.sendto(sctp(target, source, INIT_ACK, self.name),
                        (sender[0], 0))
        elif kind == INIT_ACK and self.round:
            number = self.round.sctp.get((sender[0], source, target))
            if number is not None:
                self.round.answered(number, content)

    # ---- asking --------------------------------------------------------

    def ask(self, order):
        self.round = Round(self, order["targets"])
        end = time.monotonic() + order["seconds"]
        while self.round.missing and time.monotonic() < end:
            self.step(min(end, self.round.send_due()))
        self.round.close()
        found, self.round = self.round.found, None
        return sorted(found)

    def step(self, until=None):
        wait = until and max(0, until - time.monotonic())
        for key, _ in self.waiting.select(wait):
            try:
                key.data(key.fileobj)
            except OSError:
                pass  # who asked has gone, or may not be answered

    def run(self):
        """Until stdin ends."""
        self.waiting.register(0, selectors.EVENT_READ, self.told)
        print("ready", flush=True)
        while True:
            self.step()

    def told(self, _):
        line = b""
        while not line.endswith(b"\n"):
            more = os.read(0, 1 << 20)
            if not more:
                sys.exit()
            line += more
        self.waiting.unregister(0)
        print(json.dumps(self.ask(json.loads(line))), flush=True)
        self.waiting.register(0, selectors.EVENT_READ, self.told)


class Round:
    """All targets at once."""

    def __init__(self, peer, targets):
        self.peer, self.targets = peer, targets
        self.missing = set(range(len(targets)))
        self.found, self.sockets = set(), {}
        self.sctp, self.queue = {}, []
        for number, (protocol, address, port, _) in enumerate(targets):
            if protocol == "TCP":
                self.connect(number, address, port)
                continue
            if protocol == "UDP":
                s = self.socket(number, address, socket.SOCK_DGRAM)
                s.connect((address, port))
                send = (s.send, b"?")
            else:
                peer.next_port = 20000 + (peer.next_port - 19999) % 10000
                self.sctp[address, port, peer.next_port] = number
                send = (peer.raw[family(address)].sendto,
                        sctp(peer.next_port, port, INIT, b"?" * 16),
                        (address, 0))
            heapq.heappush(self.queue, (time.monotonic(), number, send))

    def socket(self, number, address, kind):
        s = self.sockets[number] = socket.socket(family(address), kind)
        self.peer.on(s, selectors.EVENT_READ,
                     lambda s: self.answered(number, s.recv(100)))
        return s

    def connect(self, number, address, port):
        s = self.socket(number, address, socket.SOCK_STREAM)
        try:
            s.connect((address, port))
        except BlockingIOError:
            pass

    def send_due(self):
        """Sends datagrams that are due; when the next ones are."""
        now = time.monotonic()
        while self.queue and self.queue[0][0] <= now:
            _, number, (call, *what) = heapq.heappop(self.queue)
            if number not in self.missing:
                continue
            try:
                call(*what)
            except OSError:
                pass  # full, or an ICMP error of the last one
            heapq.heappush(self.queue, (now + AGAIN, number, (call, *what)))
        return self.queue[0][0] if self.queue else now + AGAIN

    def answered(self, number, content):
        """Also without content: refused, or ended without a word."""
        self.missing.discard(number)
        if content == self.targets[number][3].encode():
            self.found.add(number)
        self.drop(number)

    def drop(self, number):
        s = self.sockets.pop(number, None)
        if s:
            self.peer.waiting.unregister(s)
            s.close()

    def close(self):
        for number in list(self.sockets):
            self.drop(number)


def main():
    Peer(sys.argv[1], [int(p) for p in sys.argv[2].split(",")],
         sys.argv[3:]).run()


if __name__ == "__main__":
    main()
