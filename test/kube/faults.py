# SPDX-License-Identifier: Apache-2.0
"""Faults by rule: a request that a rule matches gets its answer spoilt.

A rule is a JSON object. What it matches: "resource" and "verb" ("*" or left
out: any; verbs are list, watch, get, patch ...), "path" (a part of it), "user",
"skip" (so many matching requests first), "times" (then so many; 0: all). What
it does, all of it together: see ACTIONS.
"""

import asyncio
import itertools
import random

ACTIONS = {
    "status": int,        # answer with this code
    "retry-after": str,   # its header
    "body": str,          # the body of `status`, or in place of the real one
    "content": str,       # the Content-Type
    "delay": float,       # seconds before the answer
    "hang": int,          # 1: never answer
    "stall-after": int,   # bytes of body, then silence
    "truncate-after": int,  # bytes of body, then the connection is closed
    "reset-after": int,   # bytes of body, then it is reset
    "end-after": int,     # bytes of body, then a clean end of it
    "garbage-after": int,  # bytes of body, then rubbish and a clean end
    "plain": int,         # 1: not compressed, though asked
    "pieces": int,        # bytes of each write
    "pause": float,       # seconds between pieces
    "gone-after": int,    # events of a watch, then an ERROR event 410
    "duplicate": int,     # 1: each event of a watch twice
    "shuffle": str,       # "objects": events out of order, but those of one
                          # object in order; "all": quite out of order
    "bookmarks": float,   # seconds between bookmarks
    "quiet": int,         # 1: a watch that has nothing but bookmarks
}
MATCHES = {"resource": str, "verb": str, "path": str, "user": str,
           "skip": int, "times": int}
GARBAGE = b'{"type":]]]\x00\xff<html>'
_ids = itertools.count(1)


class Rule(dict):
    def __init__(self, given=()):
        super().__init__()
        self.id, self.seen, self.hits = next(_ids), 0, 0
        for k, v in dict(given).items():
            make = ACTIONS.get(k) or MATCHES.get(k)
            if make is None:
                raise ValueError(f"a rule knows no {k}")
            self[k] = make(v)

    def takes(self, req):
        if self.get("resource", "*") not in ("*", req.resource()):
            return False
        if self.get("verb", "*") not in ("*", req.verb):
            return False
        if self.get("path", "") not in req.target:
            return False
        if self.get("user", req.user) != req.user:
            return False
        self.seen += 1
        n = self.seen - self.get("skip", 0)
        if n <= 0 or 0 < self.get("times", 0) < n:
            return False
        self.hits += 1
        return True

    def shuffle(self, lines):
        """(key, line) of events, out of order."""
        order = [k for k, _ in lines]
        shuffled = list(lines)
        random.shuffle(shuffled)
        if self["shuffle"] == "all":
            return shuffled
        queues = {}
        for k, line in lines:
            queues.setdefault(k, []).append(line)
        random.shuffle(order)
        return [(k, queues[k].pop(0)) for k in order]


NONE = Rule()


class Cut(Exception):
    """The answer ends here."""


class Spoilt:
    """An answer that goes wrong as the rule says; else like the one inside."""

    def __init__(self, out, rule):
        self.out, self.rule, self.sent = out, rule, 0
        self.started = False

    async def head(self, code, headers=(), length=None):
        self.started = True
        r = self.rule
        if any(k in r for k in ("garbage-after", "end-after", "body")):
            length = None  # it is not what it would have been
        if "content" in r:
            headers = [h for h in headers if h[0] != "Content-Type"]
            headers.append(("Content-Type", r["content"]))
        await self.out.head(code, headers, length)

    async def send(self, code, body, content="application/json", headers=()):
        headers = [("Content-Type", content), *headers]
        await self.head(code, headers, len(body))
        await self.write(body)
        await self.end()

    async def write(self, *parts):
        for part in parts:
            await self.one(part)

    async def one(self, data):
        r = self.rule
        for k in ("stall-after", "truncate-after", "reset-after", "end-after",
                  "garbage-after"):
            if k in r and self.sent + len(data) > r[k]:
                await self.pieces(data[:max(0, r[k] - self.sent)])
                await self.finish(k)
        await self.pieces(data)

    async def pieces(self, data):
        self.sent += len(data)
        step = self.rule.get("pieces", 0) or len(data) or 1
        for i in range(0, len(data), step):
            await self.out.write(data[i:i + step])
            if "pieces" in self.rule:
                await asyncio.sleep(self.rule.get("pause", 0))

    async def finish(self, how):
        if how == "stall-after":
            await asyncio.sleep(1 << 20)
        elif how == "truncate-after":
            await self.out.flush()
            self.out.close()
        elif how == "reset-after":
            await self.out.flush()
            self.out.reset()
        else:
            if how == "garbage-after":
                await self.out.write(GARBAGE)
            await self.out.end()
        raise Cut

    async def end(self):
        for k in ("stall-after", "truncate-after", "reset-after",
                  "garbage-after"):
            if k in self.rule and self.sent <= self.rule[k]:
                await self.finish(k)
        await self.out.end()
