# SPDX-License-Identifier: Apache-2.0
"""The server of traffic.py: TCP and UDP of both families on one port. A TCP
client says WHO (and is told its address), ECHO, PUT n or GET n; a datagram
comes back as it is, or with the sender's address if it says WHO."""
import hashlib
import os
import resource
import selectors
import socket
import struct
import sys
import threading

BLOCK = hashlib.shake_256(b"fairlead").digest(1 << 20)
SO_RCVBUFFORCE = 33  # beyond net.core.rmem_max: a busy machine may not run us for seconds
IPV6_PKTINFO, IPV6_RECVPKTINFO, IP_PKTINFO = 50, 49, 8


def resolve(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def plain(addr):
    return addr[0].removeprefix("::ffff:")


def many_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def content(n):
    """n bytes, the same ones every time."""
    while n > 0:
        piece = BLOCK[:n]
        n -= len(piece)
        yield piece


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
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
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
