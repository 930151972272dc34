# SPDX-License-Identifier: Apache-2.0
"""GET: one object, a list page by page, a watch."""

import asyncio
import json
import random
import zlib

import query as q
import status
import store as st

GZIP_FROM = 128 * 1024  # bytes; what is smaller is sent as it is


def with_kind(kind, body, partial):
    """An object as it stands alone."""
    if partial:
        meta = json.loads(body)["metadata"]
        return st.dumps({"kind": "PartialObjectMetadata",
                         "apiVersion": "meta.k8s.io/v1", "metadata": meta})
    return b'{"kind":"%s","apiVersion":"%s",%s' % (
        kind.kind.encode(), kind.api_version.encode(), body[1:])


async def get(server, req, out):
    r = server.store.get(req.kind, req.namespace, req.name)
    if r is None:
        raise status.not_found(req.kind, req.name)
    partial = q.metadata_only(req.headers.get("accept"))
    await out.send(200, with_kind(req.kind, r.render(), partial) + b"\n")


# ---- lists -----------------------------------------------------------------

async def not_older_than(server, version):
    """A list ahead of the server: waits a while, as a real one."""
    until = server.now() + server.options.ahead_wait
    while version > server.store.version:
        if server.now() >= until:
            raise status.version_too_large(version, server.store.version)
        await asyncio.sleep(0.05)


async def which_version(server, req, limit):
    """(version of the list, key that it begins at)"""
    store, query = server.store, req.query
    token = query.get("continue")
    if token:
        version, start = q.token_read(token)
        if version < 0:
            return store.version, start
        if version < store.table(req.kind).floor:
            raise status.continue_expired(q.token_make(-1, start[1:]))
        return version, start
    version = q.version_of(query.get("resourceVersion"))
    match = query.get("resourceVersionMatch", "")
    if not version:
        return store.version, "/"
    await not_older_than(server, version)
    if match == "Exact" or (limit and not match):
        if version < store.table(req.kind).floor:
            raise status.list_expired()
        return version, "/"
    return store.version, "/"


def page_of(server, req, version, start, limit):
    """(records, key to go on with or None, how many remain)"""
    selector = q.Selector(req.kind, req.query.get("fieldSelector", ""))
    prefix = f"/{req.namespace}/" if req.namespace else "/"
    start = max(start, prefix)
    keys, lookup = server.store.table(req.kind).at(version, start)
    records = []
    for i, key in enumerate(keys):
        if not key.startswith(prefix):
            break
        r = lookup(key)
        if not selector.matches(r):
            continue
        if limit and len(records) == limit:
            last = records[-1]
            more = st.key_of(last.namespace, last.name) + "\0"
            remain = None
            if not selector:
                remain = (sum(1 for k in keys[i:] if k.startswith(prefix))
                          if req.namespace else len(keys) - i)
            return records, more, remain
        records.append(r)
    return records, None, None


async def list_(server, req, out):
    query = req.query
    partial = q.metadata_only(req.headers.get("accept"))
    limit = q.number_of(query, "limit")
    if query.get("resourceVersion") == "0" and not query.get("continue"):
        limit = 0  # served from the watch cache, which knows no pages
    version, start = await which_version(server, req, limit)
    records, more, remain = page_of(server, req, version, start, limit)
    meta = {"resourceVersion": str(version)}
    if more:
        meta["continue"] = q.token_make(version, more)
        if remain is not None:
            meta["remainingItemCount"] = remain
    name, api = (("PartialObjectMetadata", "meta.k8s.io/v1") if partial
                 else (req.kind.kind, req.kind.api_version))
    head = b'{"kind":"%sList","apiVersion":"%s","metadata":%s,"items":[' % (
        name.encode(), api.encode(), st.dumps(meta))

    def pieces():
        piece, size = [head], len(head)
        for i, r in enumerate(records):
            body = r.render()
            if partial:
                body = with_kind(req.kind, body, True)
            piece.append(b"," + body if i else body)
            size += len(body) + 1
            if size >= 64 * 1024:
                yield b"".join(piece)
                piece, size = [], 0
        piece.append(b"]}\n")
        yield b"".join(piece)
    await send_pieces(req, out, pieces())


async def send_pieces(req, out, pieces):
    """Short: with its length. Long: chunked, compressed if asked."""
    held, size = [], 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size > GZIP_FROM:
            break
    else:
        return await out.send(200, b"".join(held))
    headers, pack = [("Content-Type", "application/json")], None
    if "gzip" in req.headers.get("accept-encoding", "") \
            and "plain" not in req.rule:
        headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        pack = zlib.compressobj(1, zlib.DEFLATED, 31)
    await out.head(200, headers)
    for piece in held:
        await out.write(pack.compress(piece) if pack else piece)
    for piece in pieces:
        await out.write(pack.compress(piece) if pack else piece)
    if pack:
        await out.write(pack.flush())
    await out.end()


# ---- watches ---------------------------------------------------------------

class Watch:
    """One open watch, from its first event to its last."""

    def __init__(self, server, req, out):
        self.server, self.req, self.out = server, req, out
        self.kind, self.rule = req.kind, req.rule
        self.table = server.store.table(req.kind)
        self.partial = q.metadata_only(req.headers.get("accept"))
        query = req.query
        self.selector = q.Selector(req.kind, query.get("fieldSelector", ""))
        self.bookmarks = q.is_true(query, "allowWatchBookmarks")
        self.initial = query.get("sendInitialEvents")
        if self.initial is not None and query.get(
                "resourceVersionMatch") != "NotOlderThan":
            raise status.initial_events_need_match()
        self.asked = q.version_of(query.get("resourceVersion"))
        self.timeout = (q.number_of(query, "timeoutSeconds")
                        or random.randint(1800, 3600))
        self.woken = asyncio.Event()
        self.bookmark_now = False
        self.ending = False
        self.delivered = 0  # events of follow()

    def wake(self):
        self.woken.set()

    def bookmark(self):
        self.bookmark_now = True
        self.wake()

    def end(self):
        self.ending = True
        self.wake()

    def matches(self, r):
        return (r is not None
                and (not self.req.namespace
                     or r.namespace == self.req.namespace)
                and self.selector.matches(r))

    def line(self, type_, body):
        self.server.counters.event(self.kind, type_)
        return b'{"type":"%s","object":%s}\n' % (
            type_.encode(), with_kind(self.kind, body, self.partial))

    def event(self, e):
        """Its line, None if it is not for us. What no longer matches is
        deleted, what begins to is added."""
        old, new = self.matches(e.old), self.matches(e.new)
        if new:
            return self.line("MODIFIED" if old else "ADDED", e.new.render())
        if old:
            return self.line("DELETED", e.old.render(e.version))
        return None

    def bookmark_line(self, version, **annotations):
        meta = {"resourceVersion": str(version)}
        if annotations:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        self.server.counters.event(self.kind, "BOOKMARK")
        if self.partial:
            obj = {"kind": "PartialObjectMetadata",
                   "apiVersion": "meta.k8s.io/v1", "metadata": meta}
        else:
            obj = {"kind": self.kind.kind,
                   "apiVersion": self.kind.api_version, "metadata": meta,
                   **(self.kind.bookmark or {"spec": {}, "status": {}})}
        return b'{"type":"BOOKMARK","object":%s}\n' % st.dumps(obj)

    async def error(self, version):
        self.server.counters.event(self.kind, "ERROR")
        await self.out.write(b'{"type":"ERROR","object":%s}\n' % st.dumps(
            status.watch_expired(version, max(self.table.floor, version + 1))))

    async def start(self):
        """The state that a watch without a version begins with."""
        store = self.server.store
        if self.asked and self.initial != "true":
            return self.asked
        version = store.version
        lines = [self.line("ADDED", r.render())
                 for r in map(self.table.objects.get, self.table.keys)
                 if self.matches(r)] if self.initial != "false" else []
        for i in range(0, len(lines), 16):
            await self.out.write(*lines[i:i + 16])
        if self.initial == "true" and self.bookmarks:
            await self.out.write(self.bookmark_line(version, end=True))
        return version

    async def run(self):
        await self.out.head(200, [("Content-Type", "application/json")])
        end = self.server.now() + self.timeout
        version = await self.start()
        if version < self.table.floor:
            await self.error(version)
            return await self.out.end()
        self.table.wakers.add(self.wake)
        self.server.watches.add(self)
        try:
            await self.follow(version, end)
        finally:
            self.table.wakers.discard(self.wake)
            self.server.watches.discard(self)
        await self.out.end()

    async def follow(self, version, end):
        now = self.server.now
        seq = self.table.after(version)
        every = self.rule.get("bookmarks", self.server.options.bookmarks)
        quiet = "quiet" in self.rule
        next_bookmark = min(now() + every, max(now() + 0.1, end - 2))
        while not self.ending and now() < end:
            self.woken.clear()
            if "shuffle" in self.rule:
                await asyncio.sleep(0.3)  # so that there are several
            if seq < self.table.first:
                return await self.error(version)
            if not quiet:
                events = self.table.events[seq - self.table.first:][:256]
                events = [e for e in events if e.version > version]
                seq = min(seq + 256, self.table.first + len(self.table.events))
                lines = [(e.key, self.event(e)) for e in events]
                lines = [x for x in lines if x[1]]
                if events:
                    version = events[-1].version
                if lines and await self.deliver(lines):
                    return
                if seq < self.table.first + len(self.table.events):
                    continue
                version = max(version, self.server.store.version)
            ahead = version > self.server.store.version
            if self.bookmarks and not ahead and (
                    self.bookmark_now or now() >= next_bookmark):
                next_bookmark = min(now() + every,
                                    end - 2 if now() < end - 2.1 else end + 9)
                await self.out.write(self.bookmark_line(version))
            self.bookmark_now = False
            wait = max(0.001, min(end, next_bookmark) - now())
            try:
                await asyncio.wait_for(self.woken.wait(), wait)
            except asyncio.TimeoutError:
                pass

    async def deliver(self, lines):
        """Writes events as the rule wants. True: that was the last."""
        rule = self.rule
        if "shuffle" in rule:
            lines = rule.shuffle(lines)
        for _, line in lines:
            if self.delivered >= rule.get("gone-after", 1 << 60):
                await self.error(1)
                return True
            self.delivered += 1
            await self.out.write(line)
            if "duplicate" in rule:
                await self.out.write(line)
        return False


async def watch(server, req, out):
    await Watch(server, req, out).run()
