"""The ASGI application: reads a request, has it answered, writes the reply."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.reference.http.routes import route
from harness.reference.http.server import Server
from harness.reference.http.write import write_body
from harness.reference.messages import Call, Reply, error

# Above this many bytes a body is worked on outside the event loop, so that health replies are not held up.
LARGE_BODY = 64 * 1024


class App:
    """The outermost right thing; faults and variants may be wrapped around it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._settings = server.hooks.settings
        self._served: Counter[object] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        call = self._call(request, scope)
        if "transfer-encoding" in request.headers and "content-length" in request.headers:
            # RFC 9112, section 6.1: whatever is answered, the connection ends. uvicorn itself would read on.
            reply = error(400, "the length of the body is said in two ways", Connection="close")
            await self._response(call, reply)(scope, receive, send)
            return
        body = await _read_body(request, self._settings.max_body)
        if body is None:
            reply = error(413, f"the body is larger than {self._settings.max_body} bytes")
        else:
            call.body = body
            for wait in self._server.hooks.before:
                await wait(call)
            if len(body) > LARGE_BODY:
                reply = await run_in_threadpool(self._server.answer, call)
            else:
                reply = self._server.answer(call)
        await self._response(call, reply)(scope, receive, send)

    def _call(self, request: Request, scope: Scope) -> Call:
        call = route(request.method, scope["raw_path"].decode("latin-1"), self._settings.prefix)
        # A header sent twice is one with both values: of two lengths neither is taken.
        for name, value in request.headers.items():
            call.headers[name] = f"{call.headers[name]}, {value}" if name in call.headers else value
        call.connection = scope["client"]
        self._served[call.connection] += 1
        call.number_on_connection = self._served[call.connection]
        return call

    def _response(self, call: Call, reply: Reply) -> Response:
        if reply.body is None:
            write_body(reply, self._settings)
        for change in self._server.hooks.bodies:
            change(call, reply)
        body = reply.body or b""
        if reply.events is None:
            response = Response(body, reply.status, headers=reply.headers)
        else:
            response = StreamingResponse(_pieces(body), reply.status, headers=reply.headers)
        if reply.media_type is not None and "content-type" not in response.headers:
            # Set by hand: Starlette would add a charset to text types.
            response.headers["content-type"] = reply.media_type
        return response


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """The events of a stream, each sent by itself."""
    for piece in re.split(rb"(?<=\n\n)", body):
        yield piece


async def _read_body(request: Request, limit: int) -> bytes | None:
    """The whole body, or None if it is larger than ``limit`` (what was announced, or what came)."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)


def build_app(server: Server) -> ASGIApp:
    """The application with everything that faults and variants wrap around it."""
    app: ASGIApp = App(server)
    for wrap in server.hooks.asgi:
        app = wrap(app)
    return app
