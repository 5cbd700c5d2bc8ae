"""The ASGI application: reads a request, has it answered, writes the reply."""

from __future__ import annotations

from collections import Counter

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.reference.http.routes import route
from harness.reference.http.server import Server
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.jsonwrite import write_json

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
        call.headers = dict(request.headers.items())
        call.connection = scope["client"]
        self._served[call.connection] += 1
        call.number_on_connection = self._served[call.connection]
        return call

    def _response(self, call: Call, reply: Reply) -> Response:
        if reply.body is None:
            empty = reply.document is None
            reply.body = b"" if empty else write_json(
                reply.document, indent=self._settings.indent, ascii_only=self._settings.ascii_only
            )  # fmt: skip
            reply.media_type = None if empty else reply.media_type
        for change in self._server.hooks.bodies:
            change(call, reply)
        response = Response(reply.body, reply.status, headers=reply.headers)
        if reply.media_type is not None and "content-type" not in response.headers:
            # Set by hand: Starlette would add a charset to text types.
            response.headers["content-type"] = reply.media_type
        return response


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
