# SPDX-License-Identifier: Apache-2.0
"""HTTP/2, by python3-h2."""

import asyncio
from email.utils import formatdate

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings


class Answer:
    """One answer, on a stream of its own."""

    def __init__(self, conn, stream, method):
        self.conn, self.stream, self.method = conn, stream, method
        self.started = self.ended = False
        self.counted = None

    async def head(self, code, headers=(), length=None):
        self.started = True
        self.conn.server.answered(self.counted, code)
        all_ = sorted(self.conn.server.headers(code) + list(headers))
        all_.append(("date", formatdate(usegmt=True)))
        if length is not None:
            all_.append(("content-length", str(length)))
        await self.conn.server.thawed.wait()
        self.conn.h2.send_headers(self.stream, [(":status", str(code))] + [
            (k.lower(), v) for k, v in all_])
        await self.conn.flush()

    async def send(self, code, body, content="application/json", headers=()):
        # Go knows the length only of what fits its buffer.
        await self.head(code, [("Content-Type", content), *headers],
                        len(body) if len(body) <= 2048 else None)
        await self.write(body)
        await self.end()

    async def write(self, *parts):
        if self.method == "HEAD":
            return
        for data in parts:
            self.conn.server.wrote(self.counted, len(data))
            await self.conn.data(self.stream, data)

    async def end(self):
        self.ended = True
        await self.conn.server.thawed.wait()
        self.conn.h2.end_stream(self.stream)
        await self.conn.flush()

    async def flush(self):
        await self.conn.flush()

    def close(self):
        self.conn.close()

    def reset(self):
        self.conn.h2.reset_stream(self.stream,
                                  h2.errors.ErrorCodes.INTERNAL_ERROR)
        self.ended = True
        asyncio.ensure_future(self.conn.flush())


class Connection:
    proto = "HTTP/2"

    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8"))
        self.requests = {}  # stream -> [headers, body]
        self.tasks = {}  # stream -> task
        self.window = asyncio.Event()  # it may have grown

    async def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.writer.write(data)
        await self.writer.drain()

    def close(self):
        self.writer.close()

    def reset(self):
        self.server.reset(self.writer)

    async def data(self, stream, data):
        view = memoryview(data)
        while view:
            await self.server.thawed.wait()
            self.window.clear()
            room = min(self.h2.local_flow_control_window(stream),
                       self.h2.max_outbound_frame_size)
            if room <= 0:
                await self.window.wait()
                continue
            self.h2.send_data(stream, bytes(view[:room]))
            view = view[room:]
            await self.flush()

    async def run(self, first=b""):
        self.h2.initiate_connection()
        self.h2.update_settings({
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 100})
        await self.flush()
        try:
            got = first
            while True:
                if got:
                    await self.server.thawed.wait()
                    for event in self.h2.receive_data(got):
                        self.event(event)
                    await self.flush()
                got = await self.reader.read(65536)
                if not got:
                    return
        except h2.exceptions.ProtocolError as e:
            self.server.say(f"HTTP/2: {e}")
            await self.flush()
        finally:
            tasks = list(self.tasks.values())
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    def event(self, e):
        if isinstance(e, h2.events.RequestReceived):
            self.requests[e.stream_id] = [dict(e.headers), b""]
        elif isinstance(e, h2.events.DataReceived):
            self.requests[e.stream_id][1] += e.data
            self.h2.acknowledge_received_data(e.flow_controlled_length,
                                              e.stream_id)
        elif isinstance(e, h2.events.StreamEnded):
            headers, body = self.requests.pop(e.stream_id)
            self.tasks[e.stream_id] = asyncio.ensure_future(
                self.one(e.stream_id, headers, body))
        elif isinstance(e, h2.events.StreamReset):
            self.requests.pop(e.stream_id, None)
            task = self.tasks.get(e.stream_id)
            if task:
                task.cancel()
        elif isinstance(e, (h2.events.WindowUpdated,
                            h2.events.RemoteSettingsChanged)):
            self.window.set()
        elif isinstance(e, h2.events.ConnectionTerminated):
            self.close()

    async def one(self, stream, headers, body):
        method, target = headers[":method"], headers[":path"]
        try:
            await self.server.handle(self, method, target, headers, body,
                                     Answer(self, stream, method))
        except (h2.exceptions.StreamClosedError, ConnectionError):
            pass
        except h2.exceptions.ProtocolError as e:
            self.server.say(f"HTTP/2: {method} {target}: {e}")
        finally:
            self.tasks.pop(stream, None)
