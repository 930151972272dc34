#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A simulated Kubernetes API server for tests: true to a real one in what it
says, and misbehaving on demand. See README.md beside it.

usage: apiserver.py --listen 127.0.0.1:0 [--listen [::1]:0] [--port-file FILE]
           [--admin-socket PATH] [--cert FILE --key FILE [--client-ca FILE]]
           [--token-file FILE] [--forbidden-file FILE] [--cluster SPEC] ...
"""

import argparse
import asyncio
import os
import signal
import socket
import ssl
import struct
import sys
import time
import traceback
import uuid

import admin
import cluster
import counters
import discovery
import faults
import http1
import http2
import kinds
import read
import request
import status
import store
import write

PREFACE = b"PRI * HTTP/2.0\r\n"
VERBS = {"get": read.get, "list": read.list_, "watch": read.watch,
         "create": write.create, "update": write.update,
         "patch": write.patch_, "delete": write.delete,
         "deletecollection": write.delete_all}


class Server:
    def __init__(self, options):
        self.options = options
        self.store = store.Store(history=options.history)
        self.counters = counters.Counters()
        self.gate = request.Gate(options.token_file, options.forbidden_file,
                                 options.client_ca)
        self.rules = []
        self.watches = set()
        self.connections = set()
        self.accepted = set()  # tasks
        self.held = []  # sockets that came while frozen
        self.listeners = {}  # address -> (socket, task)
        self.addresses = []  # (host, port), as first bound
        self.thawed = asyncio.Event()
        self.thawed.set()
        self.tls = None
        self.churn = None
        self.uids = [str(uuid.uuid4()) for _ in range(2)]

    now = staticmethod(time.monotonic)

    def say(self, text):
        print(f"apiserver: {text}", file=sys.stderr, flush=True)

    def serves(self, kind):
        return kind.name not in self.options.without

    def headers(self, code):
        out = [("Audit-Id", str(uuid.uuid4())),
               ("Cache-Control", "no-cache, private")]
        if code != 401:
            out += [("X-Kubernetes-Pf-Flowschema-Uid", self.uids[0]),
                    ("X-Kubernetes-Pf-Prioritylevel-Uid", self.uids[1])]
        return out

    def wrote(self, line, size):
        self.counters.wrote(line, size)

    def answered(self, line, code):
        self.counters.answered(line, code)

    # ---- listening ---------------------------------------------------------

    def load_tls(self):
        o = self.options
        if not o.cert:
            return
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(o.cert, o.key)
        tls.set_alpn_protocols(["http/1.1"] if o.http1 else ["h2", "http/1.1"])
        if o.client_ca:
            tls.load_verify_locations(o.client_ca)
            tls.verify_mode = ssl.CERT_OPTIONAL
        self.tls = tls

    def listen(self):
        """Binds all addresses; again with the ports that they had."""
        if self.listeners:
            return
        wanted = self.addresses or self.options.listen
        bound = []
        for host, port in wanted:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            s = socket.socket(family, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if port == 0 and bound:
                port = bound[0][1]  # one port for all families
            s.bind((host, port))
            s.listen(512)
            s.setblocking(False)
            bound.append((host, s.getsockname()[1]))
            self.listeners[host] = (s, asyncio.ensure_future(self.accept(s)))
        self.addresses = bound

    def stop_listening(self):
        for s, task in self.listeners.values():
            task.cancel()
            s.close()
        self.listeners = {}

    async def accept(self, listener):
        loop = asyncio.get_running_loop()
        while True:
            s, _ = await loop.sock_accept(listener)
            self.counters.connections += 1
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.thawed.is_set():
                self.take(s)
            else:
                self.held.append(s)

    def take(self, s):
        task = asyncio.ensure_future(self.connection(s))
        self.accepted.add(task)
        task.add_done_callback(self.accepted.discard)

    async def connection(self, s):
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 20)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, s, ssl=self.tls)
        except (ssl.SSLError, OSError) as e:
            self.counters.tls_failures += 1
            self.say(f"TLS handshake failed: {e}")
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        self.connections.add(writer)
        try:
            await self.converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError,
                TimeoutError):
            pass
        except (ValueError, KeyError) as e:
            self.say(f"not understood, connection closed: {e!r}")
        finally:
            self.connections.discard(writer)
            writer.close()

    async def converse(self, reader, writer):
        tls = writer.get_extra_info("ssl_object")
        if tls and tls.selected_alpn_protocol() == "h2":
            return await http2.Connection(self, reader, writer).run()
        first = b""
        if not tls and not self.options.http1:
            first = await reader.readline()
            if first == PREFACE:
                return await http2.Connection(self, reader, writer).run(first)
        return await http1.Connection(self, reader, writer).run(first)

    def reset(self, writer):
        s = writer.get_extra_info("socket")
        if s is not None:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
        writer.transport.abort()

    def drop(self, how):
        for w in list(self.connections):
            if how == "rst":
                self.reset(w)
            else:
                w.close()
        for s in self.held:
            s.close()
        self.held = []

    def freeze(self):
        self.thawed.clear()

    def thaw(self):
        self.thawed.set()
        held, self.held = self.held, []
        for s in held:
            self.take(s)

    # ---- requests ----------------------------------------------------------

    async def handle(self, conn, method, target, headers, body, out):
        await self.thawed.wait()
        req = request.Request(conn, method, target, headers, body)
        if req.kind and not self.serves(req.kind):
            req.kind = None
        failed, req.rule = None, faults.NONE
        try:
            req.user = self.gate.user(req, self.certificate(conn))
            self.gate.check(req)
        except status.Error as e:
            failed = e
        for rule in self.rules:
            if rule.takes(req):
                req.rule = rule
                break
        out.counted = self.counters.begin(req)
        try:
            if req.rule:
                out = faults.Spoilt(out, req.rule)
                failed = await self.spoil(req, out) or failed
            if failed:
                raise failed
            await self.dispatch(req, out)
        except status.Error as e:
            if not out.started:
                await self.fail(out, e)
        except faults.Cut:
            pass
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:  # a bug here must not look like one of the client
            if "StreamClosed" not in traceback.format_exc():
                self.say(f"{method} {target}\n{traceback.format_exc()}")
            conn.close()

    def certificate(self, conn):
        cert = conn.writer.get_extra_info("peercert") or {}
        for part in cert.get("subject", ()):
            for key, value in part:
                if key == "commonName":
                    return value
        return ""

    async def spoil(self, req, out):
        """What a rule does before there is an answer; an error to give."""
        rule = req.rule
        if "delay" in rule:
            await asyncio.sleep(rule["delay"])
        if "hang" in rule:
            await asyncio.sleep(1 << 20)
        headers = [("Retry-After", rule["retry-after"])] \
            if "retry-after" in rule else []
        if "status" in rule:
            if "body" in rule:
                return status.Error(rule["status"], rule["body"], headers)
            return canned(rule["status"], headers)
        if "body" in rule:
            await out.send(200, rule["body"].encode())
            raise faults.Cut
        return None

    async def fail(self, out, e):
        if isinstance(e.body, str):
            content = "text/plain; charset=utf-8"
            text = e.body.encode()
            headers = e.headers + [("X-Content-Type-Options", "nosniff")]
        else:
            content, headers = "application/json", e.headers
            text = store.dumps(e.body) + b"\n"
        await out.send(e.code, text, content, headers)

    async def dispatch(self, req, out):
        if req.kind is None:
            if req.method not in ("GET", "HEAD"):
                raise status.no_such_resource()
            content, body = discovery.document(self, req.path)
            sniff = [("X-Content-Type-Options", "nosniff")] \
                if content.startswith("text/") else []
            return await out.send(200, body, content, sniff)
        if (req.verb not in VERBS or (req.verb == "create" and req.name)
                or (req.verb in ("update", "patch") and not req.name)):
            raise status.not_allowed()
        if req.sub and (req.sub != "status" or not req.kind.status
                        or req.verb not in ("get", "update", "patch")):
            raise status.no_such_resource()
        await VERBS[req.verb](self, req, out)


def canned(code, headers):
    """An error with the body that a real server gives with this code."""
    if code == 401:
        return status.unauthorized()
    if code == 410:
        return status.list_expired()
    if code == 429:
        return status.Error(429, "Too many requests, please try again later.\n",
                            headers or [("Retry-After", "1")])
    if code == 503:
        return status.Error(503, "service unavailable\n", headers)
    return status.Error(code, status.status(
        code, "InternalError" if code == 500 else "Unknown",
        f"a fault that the test asked for: {code}", {}), headers)


def address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def arguments():
    p = argparse.ArgumentParser(
        description="A simulated Kubernetes API server for tests.")
    a = p.add_argument
    a("--listen", action="append", type=address, metavar="HOST:PORT",
      help="may be given several times; port 0: any, the same for all")
    a("--port-file", help="the port is written there when it listens")
    a("--admin-socket", help="Unix socket for test/kube/api")
    a("--cert", help="PEM; without: plain HTTP")
    a("--key")
    a("--client-ca", help="whose client certificates are believed")
    a("--token-file", help="lines TOKEN[,USER]; read for each request")
    a("--forbidden-file", help="lines [USER] RESOURCE VERB")
    a("--http1", action="store_true", help="do not offer HTTP/2")
    a("--without", action="append", default=[], choices=list(kinds.BY_NAME),
      help="a resource that this cluster does not have")
    a("--history", type=int, default=20000, help="events kept of each kind")
    a("--bookmarks", type=float, default=60, help="seconds between them")
    a("--ahead-wait", type=float, default=3,
      help="seconds that a list ahead of the server waits")
    a("--cluster", metavar="SPEC", help="nodes=3,pods=20,services=5,"
      "policies=2,namespaces=4,seed=1,families=4+6")
    a("--put", action="append", default=[], help="a manifest to begin with")
    o = p.parse_args()
    o.listen = o.listen or [("127.0.0.1", 0)]
    return o


async def serve(options):
    server = Server(options)
    if options.cluster:
        cluster.Cluster.parse(options.cluster).fill(server.store)
    for path in options.put:
        with open(path, encoding="utf-8") as f:
            admin.put(server, admin.manifests(f.read()))
    server.load_tls()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for s in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(s, stop.set)
    loop.add_signal_handler(signal.SIGHUP, server.load_tls)
    control = None
    if options.admin_socket:
        control = await admin.start(server, options.admin_socket, stop)
    server.listen()
    if options.port_file:
        with open(options.port_file + ".new", "w", encoding="utf-8") as f:
            f.write(f"{server.addresses[0][1]}\n")
        os.rename(options.port_file + ".new", options.port_file)
    for host, port in server.addresses:
        server.say(f"listens on {host} port {port}, "
                   f"{'TLS' if server.tls else 'plain HTTP'}")
    await stop.wait()
    server.stop_listening()
    for w in list(server.watches):
        w.end()
    server.thaw()
    await asyncio.sleep(0.05)
    server.drop("fin")
    if control:
        control.close()
        os.unlink(options.admin_socket)
    for task in list(server.accepted):
        task.cancel()
    if server.accepted:
        await asyncio.wait(server.accepted, timeout=1)


if __name__ == "__main__":
    asyncio.run(serve(arguments()))
