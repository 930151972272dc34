# SPDX-License-Identifier: Apache-2.0
"""What was asked of the server, for tests to read."""

import collections
import time


class Counters:
    def __init__(self):
        self.reset()

    def reset(self):
        self.requests = collections.Counter()  # "pods list"
        self.status = collections.Counter()  # "pods list 200"
        self.events = collections.Counter()  # "pods MODIFIED"
        self.bytes = collections.Counter()  # of bodies, "pods list"
        self.connections = 0
        self.tls_failures = 0
        self.log = collections.deque(maxlen=20000)

    def begin(self, req):
        """A line of the log; status and bytes are filled in as they come."""
        what = req.what()
        self.requests[what] += 1
        line = {"time": time.time(), "what": what, "method": req.method,
                "path": req.target, "user": req.user, "proto": req.proto,
                "status": 0, "bytes": 0}
        self.log.append(line)
        return line

    def answered(self, line, code):
        line["status"] = code
        self.status[f"{line['what']} {code}"] += 1

    def wrote(self, line, size):
        line["bytes"] += size
        self.bytes[line["what"]] += size

    def event(self, kind, type_):
        self.events[f"{kind.name} {type_}"] += 1

    def as_json(self, server):
        open_ = collections.Counter(w.kind.name for w in server.watches)
        return {"requests": self.requests, "status": self.status,
                "events": self.events, "bytes": self.bytes,
                "total_requests": sum(self.requests.values()),
                "total_bytes": sum(self.bytes.values()),
                "connections": self.connections,
                "open_connections": len(server.connections),
                "tls_failures": self.tls_failures,
                "open_watches": open_,
                "version": server.store.version}
