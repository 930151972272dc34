#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP server that does what it is told, for the tests of kube/http.

usage: http_server.py DIR

Makes certificates in DIR, listens on ports of its own choice on 127.0.0.1 and
::1, prints "NAME PORT" a line and an empty line, and serves until its standard
input ends. What an answer is like is in the path; see answer().
"""

import gzip
import itertools
import os
import select
import socket
import ssl
import subprocess
import sys
import threading
import time
from email.utils import formatdate

import h2.config
import h2.connection
import h2.events

DIR = sys.argv[1]
connections = itertools.count(1)
STATUS = ('{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
          '"message":"%s","reason":"%s","code":%d}')


# ---- certificates ----------------------------------------------------------

def openssl(*args):
    subprocess.run(("openssl",) + args, cwd=DIR, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", name + ".key",
            "-out", name + ".crt", "-days", "2", "-subj", "/CN=" + name)
    os.makedirs(f"{DIR}/{name}.ca")
    open(f"{DIR}/{name}.ca/index", "w").close()
    with open(f"{DIR}/{name}.cnf", "w") as f:
        f.write(f"[ca]\ndefault_ca=d\n[d]\nnew_certs_dir={name}.ca\n"
                f"database={name}.ca/index\nrand_serial=yes\npolicy=p\n"
                f"default_md=sha256\nunique_subject=no\n"
                f"certificate={name}.crt\nprivate_key={name}.key\n"
                f"[p]\ncommonName=supplied\n")


def certificate(name, ca, alt, end="491231235959Z"):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
            "-subj", "/CN=" + name)
    with open(f"{DIR}/{name}.ext", "w") as f:
        f.write("subjectAltName=" + alt + "\n")
    openssl("ca", "-batch", "-notext", "-config", ca + ".cnf", "-extfile",
            name + ".ext", "-startdate", "200101000000Z", "-enddate", end,
            "-in", name + ".csr", "-out", name + ".crt")


def make_certificates():
    here = "IP:127.0.0.1,IP:::1,DNS:localhost"
    authority("ca")
    authority("other-ca")
    certificate("good", "ca", here)
    certificate("expired", "ca", here, "210101000000Z")
    certificate("elsewhere", "ca", "DNS:kubernetes.default")
    certificate("moved", "other-ca", here)
    certificate("client", "ca", "DNS:client")
    certificate("client2", "ca", "DNS:client2")


# ---- answers ---------------------------------------------------------------

class Cut(Exception):
    """The connection ends here."""


class Reset(Exception):
    """The stream ends here, in error."""


class Stall(Exception):
    """Nothing more comes, and nothing ends."""


def answer(r):
    """Yields (status, headers), then pieces of the body."""
    path, _, query = r.path.partition("?")
    what = path.split("/")[1:]
    if what[0] == "echo":
        yield 200, {}
        yield f"{r.method} {r.path}\nconnection: {r.connection}\n"
        yield f"peer: {r.peer}\n"
        for k, v in r.headers.items():
            yield f"{k}: {v}\n"
        yield r.body
    elif what[0] == "status":
        code, reason = int(what[1]), what[2]
        retry = {"date": formatdate(time.time() + 100, usegmt=True),
                 "past": formatdate(time.time() - 100, usegmt=True)}
        yield code, {"Retry-After": retry.get(query, query)} if query else {}
        yield STATUS % (f"it is {reason.lower()}", reason, code)
    elif what[0] == "text":
        yield int(what[1]), {}
        yield "no \x01json here: " + "\u00e9" * 2000
    elif what[0] == "redirect":
        yield 302, {"Location": "https://127.0.0.1:1/elsewhere"}
    elif what[0] == "big":
        body = b"0123456789abcdef" * 65536
        if "gzip" in r.headers.get("accept-encoding", ""):
            yield 200, {"Content-Encoding": "gzip"}
            yield gzip.compress(body)
        else:
            yield 200, {}
            yield body
    elif what[0] == "cut":
        sized = {"Content-Length": "100"} if what[1] == "length" else {}
        yield 200, sized
        yield "half of"
        raise Reset if what[1] == "reset" else Cut
    elif what[0] == "gone":
        raise Cut
    elif what[0] == "stall":
        yield 200, {}
        yield "and then "
        raise Stall
    elif what[0] == "silent":
        raise Stall
    elif what[0] == "headers":
        yield 200, {f"X-{i}": "x" * 8000 for i in range(12)}
    elif what[0] == "endless":
        yield int(what[1]), {}
        while True:
            yield "x" * 16384
    else:
        yield 404, {}
        yield STATUS % ("there is no such path", "NotFound", 404)


class Request:
    def __init__(self, method, path, headers, connection, peer):
        self.method, self.path, self.headers = method, path, headers
        self.connection, self.peer, self.body = connection, peer, ""


# ---- HTTP/1.1 --------------------------------------------------------------

def read_request(f, number, peer):
    line = f.readline().decode()
    if not line.strip():
        return None
    method, path, _ = line.split()
    headers = {}
    while line := f.readline().decode().strip():
        k, _, v = line.partition(":")
        headers[k.lower()] = v.strip()
    r = Request(method, path, headers, number, peer)
    r.body = f.read(int(headers.get("content-length", 0))).decode()
    return r


def serve_http1(s, number, peer):
    f = s.makefile("rb")
    while r := read_request(f, number, peer):
        chunked = True
        try:
            for piece in answer(r):
                if isinstance(piece, tuple):
                    status, headers = piece
                    chunked = "Content-Length" not in headers
                    if chunked:
                        headers["Transfer-Encoding"] = "chunked"
                    s.sendall(f"HTTP/1.1 {status} X\r\n".encode() + b"".join(
                        f"{k}: {v}\r\n".encode() for k, v in headers.items())
                        + b"\r\n")
                    continue
                piece = piece.encode() if isinstance(piece, str) else piece
                if chunked and piece:
                    piece = b"%x\r\n%s\r\n" % (len(piece), piece)
                s.sendall(piece)
            s.sendall(b"0\r\n\r\n" if chunked else b"")
        except Stall:
            f.read(1)
            return
        except Reset:
            return


# ---- HTTP/2 ----------------------------------------------------------------

class Http2:
    def __init__(self, s, number, peer):
        self.s, self.number, self.peer = s, number, peer
        self.c = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False))
        self.c.initiate_connection()
        self.requests, self.out = {}, {}

    def flush(self):
        self.s.sendall(self.c.data_to_send())

    def send(self, stream, piece):
        """Sends what may be sent of a piece, returns the rest of it."""
        if isinstance(piece, tuple):
            self.c.send_headers(
                stream, [(":status", str(piece[0]))]
                + [(k.lower(), v) for k, v in piece[1].items()])
            return None
        piece = piece.encode() if isinstance(piece, str) else piece
        room = min(self.c.local_flow_control_window(stream),
                   self.c.max_outbound_frame_size)
        if room:
            self.c.send_data(stream, piece[:room])
        return piece[room:] or None

    def step(self, stream):
        """One piece of one stream; True: there may be more at once."""
        pieces, rest = self.out[stream]
        try:
            rest = self.send(stream, next(pieces) if rest is None else rest)
            self.out[stream] = pieces, rest
            return rest is None or self.c.local_flow_control_window(stream)
        except StopIteration:
            self.c.end_stream(stream)
        except Reset:
            self.c.reset_stream(stream, 2)
        except Stall:
            pass
        except Cut:
            self.flush()
            raise
        del self.out[stream]

    def event(self, e):
        if isinstance(e, h2.events.RequestReceived):
            h = {k.decode() if isinstance(k, bytes) else k:
                 v.decode() if isinstance(v, bytes) else v
                 for k, v in e.headers}
            self.requests[e.stream_id] = Request(
                h[":method"], h[":path"], h, self.number, self.peer)
        elif isinstance(e, h2.events.DataReceived):
            self.requests[e.stream_id].body += e.data.decode()
            self.c.acknowledge_received_data(
                e.flow_controlled_length, e.stream_id)
        elif isinstance(e, h2.events.StreamEnded):
            self.out[e.stream_id] = answer(self.requests[e.stream_id]), None
        elif isinstance(e, h2.events.StreamReset):
            self.out.pop(e.stream_id, None)

    def serve(self):
        self.flush()
        more = False
        while True:
            if not more or self.s.pending() or select.select(
                    [self.s], [], [], 0)[0]:
                data = self.s.recv(65536)
                if not data:
                    return
                for e in self.c.receive_data(data):
                    self.event(e)
            more = any([self.step(stream) for stream in list(self.out)])
            self.flush()


# ---- sockets ---------------------------------------------------------------

def subject(s):
    cert = s.getpeercert() if isinstance(s, ssl.SSLSocket) else None
    return cert["subject"][0][0][1] if cert else "nobody"


def handshake(s):
    try:
        s.do_handshake()
    except ssl.SSLError:
        # So that the client reads the alert, and not a reset.
        s.shutdown(socket.SHUT_WR)
        while os.read(s.fileno(), 65536):
            pass
        raise


def serve(s, context):
    number = next(connections)
    try:
        if context:
            s = context.wrap_socket(s, server_side=True,
                                    do_handshake_on_connect=False)
            handshake(s)
        if context and s.selected_alpn_protocol() == "h2":
            Http2(s, number, subject(s)).serve()
        else:
            serve_http1(s, number, subject(s))
    except (OSError, Cut, h2.exceptions.ProtocolError):
        pass
    finally:
        # Not a word of farewell: this is how things break.
        s.close()


def copy(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in a, b:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def proxy(s, _):
    """CONNECT as a proxy does it; the journal says where to."""
    line = s.recv(4096).decode().split()
    with open(f"{DIR}/proxy.log", "a") as f:
        f.write(" ".join(line[:2]) + "\n")
    host, _, port = line[1].rpartition(":")
    to = socket.create_connection((host.strip("[]"), int(port)))
    s.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    threading.Thread(target=copy, args=(s, to), daemon=True).start()
    copy(to, s)


def accept(listener, handler, context):
    while True:
        s, _ = listener.accept()
        threading.Thread(target=handler, args=(s, context),
                         daemon=True).start()


def listen(name, handler=serve, context=None, host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family, backlog=256)
    print(name, listener.getsockname()[1])
    threading.Thread(target=accept, args=(listener, handler, context),
                     daemon=True).start()


def tls(cert, protocols=("h2", "http/1.1"), client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{DIR}/{cert}.crt", f"{DIR}/{cert}.key")
    context.set_alpn_protocols(protocols)
    if client_ca:
        context.load_verify_locations(f"{DIR}/{client_ca}.crt")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def main():
    make_certificates()
    listen("plain")
    listen("h2", context=tls("good"))
    listen("h1", context=tls("good", ("http/1.1",)))
    listen("v6", context=tls("good"), host="::1")
    listen("expired", context=tls("expired"))
    listen("elsewhere", context=tls("elsewhere"))
    listen("moved", context=tls("moved"))
    listen("client", context=tls("good", client_ca="ca"))
    listen("proxy", handler=proxy)
    print(flush=True)
    sys.stdin.read()


main()
