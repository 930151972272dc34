#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plays recorded exchanges over real sockets.

usage: replay.py [--port-file FILE] [--bytes N] [--pace FACTOR] [--cut N] NAME...
       replay.py --expect NAME...

Each NAME is one of recorded/INDEX.tsv and answers one request for the same path
of the same kind (list, page of a list, watch), in the order given; after that,
watches are silent and lists are 503. What is asked is told on standard output,
a line each.

--bytes N      send N bytes at a time, each a packet of its own
--pace FACTOR  streams at the pace of the recording, times FACTOR (default: 0)
--cut N        close the first watch N bytes short of its end; who comes back
               gets what is beyond the version that he asks for
--expect       do not serve: print the objects, NAMESPACE/NAME VERSION, that a
               plain reading of the exchanges leaves in the end
"""

import argparse
import collections
import csv
import json
import os
import re
import socket
import socketserver
import threading
import time

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded")


class Exchange:
    def __init__(self, row):
        self.name = row["name"]
        self.path = row["path"].partition("?")[0]
        self.kind = kind_of(row["path"])
        with open(f"{RECORDED}/{self.name}.wire", "rb") as f:
            self.wire = f.read()
        self.whole = row["ended"] == "complete"

    def times(self):
        """Seconds and bytes of each read."""
        try:
            with open(f"{RECORDED}/{self.name}.times") as f:
                rows = [line.split() for line in f]
        except FileNotFoundError:
            rows = []
        return [(float(at), int(size)) for at, _, size in rows]

    def beyond(self, version):
        """The answer of a watch from the version, an event a chunk."""
        head = self.wire.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        for line in self.body().splitlines(keepends=True):
            meta = json.loads(line)["object"]["metadata"]
            if int(meta["resourceVersion"]) > version:
                head += b"%x\r\n%s\r\n" % (len(line), line)
        return head + b"0\r\n\r\n"

    def body(self):
        head, _, rest = self.wire.partition(b"\r\n\r\n")
        if b"Transfer-Encoding: chunked" not in head:
            return rest
        body = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            if not int(size, 16):
                break
            body += rest[:int(size, 16)]
            rest = rest[int(size, 16) + 2:]
        return body


def kind_of(path):
    if "watch=true" in path:
        return "watch"
    return "page" if "continue=" in path else "list"


def read_exchanges(names):
    with open(f"{RECORDED}/INDEX.tsv") as f:
        rows = {r["name"]: r for r in csv.DictReader(f, delimiter="\t")}
    return [Exchange(rows[name]) for name in names]


def expect(exchanges):
    objects = {}

    def key(obj):
        meta = obj["metadata"]
        return (meta.get("namespace", "") + "/" + meta["name"]).lstrip("/")

    for x in exchanges:
        if not x.wire.startswith(b"HTTP/1.1 200"):
            continue
        if x.kind == "list":
            objects.clear()
        if x.kind != "watch":
            for item in json.loads(x.body())["items"]:
                objects[key(item)] = item["metadata"]["resourceVersion"]
            continue
        for line in x.body().splitlines():
            event = json.loads(line)
            if event["type"] == "DELETED":
                objects.pop(key(event["object"]), None)
            elif event["type"] in ("ADDED", "MODIFIED"):
                objects[key(event["object"])] = \
                    event["object"]["metadata"]["resourceVersion"]
    for name in sorted(objects):
        print(name, objects[name])


class Player(socketserver.StreamRequestHandler):
    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while self.one():
                pass
        except (ConnectionError, ValueError):
            pass

    def one(self):
        request = self.rfile.readline().decode()
        if not request.strip():
            return False
        while self.rfile.readline().strip():
            pass
        path = request.split()[1]
        print(request.split()[0], path, flush=True)
        exchange = self.server.next_for(path)
        if exchange:
            return self.play(exchange, path)
        if kind_of(path) != "watch":
            self.wfile.write(b"HTTP/1.1 503 Service Unavailable\r\n"
                             b"Content-Length: 0\r\n\r\n")
            return True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n")
        self.rfile.read(1)  # until the client goes
        return False

    def play(self, x, path):
        o = self.server.options
        wire, whole = x.wire, x.whole
        if x.kind == "watch" and o.cut:
            wire, whole = wire[:-o.cut], False
            o.cut = 0
            self.server.play_rest(x)
        elif x in self.server.begun:
            version = re.search("resourceVersion=([0-9]+)", path)
            wire, whole = x.beyond(int(version.group(1))), True
        times = x.times() if o.pace else []
        start = time.monotonic()
        at = 0
        for seconds, size in times:
            time.sleep(max(0, start + seconds * o.pace - time.monotonic()))
            self.send(wire[at:at + size])
            at += size
        self.send(wire[at:])
        return whole

    def send(self, data):
        step = self.server.options.bytes or len(data) or 1
        for at in range(0, len(data), step):
            self.request.sendall(data[at:at + step])


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, options, exchanges):
        super().__init__(("127.0.0.1", 0), Player)
        self.options = options
        self.lock = threading.Lock()
        self.begun = []
        self.queues = collections.defaultdict(collections.deque)
        for x in exchanges:
            self.queues[x.path, x.kind].append(x)

    def next_for(self, path):
        with self.lock:
            queue = self.queues[path.partition("?")[0], kind_of(path)]
            return queue.popleft() if queue else None

    def play_rest(self, x):
        """Whoever asks next gets the rest of it."""
        with self.lock:
            self.begun.append(x)
            self.queues[x.path, x.kind].appendleft(x)


def main():
    parser = argparse.ArgumentParser(
        usage=__doc__, add_help=True,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port-file")
    parser.add_argument("--bytes", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0)
    parser.add_argument("--cut", type=int, default=0)
    parser.add_argument("--expect", action="store_true")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    exchanges = read_exchanges(options.names)
    if options.expect:
        expect(exchanges)
        return
    server = Server(options, exchanges)
    if options.port_file:
        with open(options.port_file + ".new", "w") as f:
            print(server.server_address[1], file=f)
        os.rename(options.port_file + ".new", options.port_file)
    server.serve_forever()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
