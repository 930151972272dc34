# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as Go's server speaks it."""

import asyncio
import http
from email.utils import formatdate

CHUNK = 2048  # bytes; what Go's buffer holds


class Answer:
    """One answer on a connection. head(), then write() ..., then end()."""

    def __init__(self, conn, method, line=None):
        self.conn, self.method = conn, method
        self.started = self.ended = self.chunked = False
        self.counted = None  # a line of the log

    async def head(self, code, headers=(), length=None):
        self.started = True
        self.conn.server.answered(self.counted, code)
        lines = [f"HTTP/1.1 {code} {http.HTTPStatus(code).phrase}"]
        all_ = sorted(self.conn.server.headers(code) + list(headers))
        all_.append(("Date", formatdate(usegmt=True)))
        if length is not None:
            all_.append(("Content-Length", str(length)))
        else:
            self.chunked = True
            all_.append(("Transfer-Encoding", "chunked"))
        lines += [f"{k}: {v}" for k, v in all_]
        await self.conn.put(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def send(self, code, body, content="application/json", headers=()):
        headers = [("Content-Type", content), *headers]
        short = len(body) <= CHUNK
        await self.head(code, headers, len(body) if short else None)
        await self.write(body)
        await self.end()

    async def write(self, *parts):
        """Each part is sent in chunks of its own."""
        if self.method == "HEAD":
            return
        out = []
        for data in parts:
            self.conn.server.wrote(self.counted, len(data))
            if not self.chunked:
                out.append(data)
                continue
            for i in range(0, len(data), CHUNK):
                piece = data[i:i + CHUNK]
                out.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        await self.conn.put(b"".join(out))

    async def end(self):
        self.ended = True
        if self.chunked:
            await self.conn.put(b"0\r\n\r\n")

    async def flush(self):
        await self.conn.writer.drain()

    def close(self):
        self.conn.close()

    def reset(self):
        self.conn.reset()


class Connection:
    proto = "HTTP/1.1"

    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.held = b""  # read ahead while an answer was on its way

    async def put(self, data):
        await self.server.thawed.wait()
        self.writer.write(data)
        await self.writer.drain()

    def close(self):
        self.writer.close()

    def reset(self):
        self.server.reset(self.writer)

    async def line(self):
        if b"\n" in self.held:
            out, self.held = self.held.split(b"\n", 1)
            return out + b"\n"
        held, self.held = self.held, b""
        return held + await self.reader.readline()

    async def exactly(self, n):
        held, self.held = self.held[:n], self.held[n:]
        return held + await self.reader.readexactly(n - len(held))

    async def body(self, headers):
        if headers.get("expect", "").lower() == "100-continue":
            await self.put(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in headers.get("transfer-encoding", ""):
            out = b""
            while True:
                n = int((await self.line()).split(b";")[0], 16)
                out += await self.exactly(n)
                await self.line()
                if n == 0:
                    return out
        return await self.exactly(int(headers.get("content-length", 0)))

    async def run(self, first=b""):
        self.held = first
        while not self.writer.is_closing():
            line = await self.line()
            if not line.strip():
                if not line:
                    return
                continue
            method, target, _ = line.decode("latin-1").split()
            headers = {}
            while True:
                line = (await self.line()).decode("latin-1").strip()
                if not line:
                    break
                k, v = line.split(":", 1)
                headers[k.strip().lower()] = v.strip()
            body = await self.body(headers)
            out = Answer(self, method)
            if not await self.answer(method, target, headers, body, out):
                return
            if headers.get("connection", "").lower() == "close":
                return

    async def answer(self, method, target, headers, body, out):
        """True: the connection can be used again."""
        work = asyncio.ensure_future(self.server.handle(
            self, method, target, headers, body, out))
        ahead = None
        try:
            while True:
                if ahead is None:
                    ahead = asyncio.ensure_future(self.reader.read(4096))
                await asyncio.wait({work, ahead}, return_when="FIRST_COMPLETED")
                if work.done():
                    break
                got = ahead.result()
                ahead = None
                if not got:  # it went away
                    return False
                self.held += got
            work.result()
            return out.ended
        finally:
            for task in (work, ahead):
                if task is None or task.done():
                    if task is ahead and task and not task.cancelled() \
                            and not task.exception():
                        self.held += task.result()
                    continue
                task.cancel()
                await asyncio.wait({task})
