"""An httpx transport whose time limit is one deadline for the whole exchange, with the facts of the connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import h11
import httpcore
import httpx

from harness.record.disk import of_this_machine
from harness.record.exchange import Failure
from harness.record.quoting import clip
from harness.wire.connection import ConnectionSettings, Pool
from harness.wire.sockets import Call, WireError

DEFAULT_SECONDS = 10.0
# What a broken peer can provoke in httpcore and h11, beside their own errors; anything else is a fault of ours.
BREAKAGE = (httpcore.NetworkError, httpcore.ProtocolError, h11.RemoteProtocolError, OSError, RuntimeError, ValueError)


class TransportFailure(httpx.TransportError):
    """The endpoint, or the way to it, failed; ``failure`` says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _Body(httpx.SyncByteStream):
    """The body as it comes, without chunk framing, still content-encoded."""

    def __init__(self, response: httpcore.Response, call: Call, close: Callable[[], None]) -> None:
        self._response = response
        self._call = call
        self._close = close

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._response.iter_stream():
                self._call.remaining()  # a flood is never waited for, so no read would notice the deadline
                yield chunk
        except BREAKAGE as error:
            raise TransportFailure(classify(error, self._call)) from None

    def close(self) -> None:
        self._response.close()
        self._close()


class DeadlineTransport(httpx.BaseTransport):
    """HTTP/1.1 over a pool of connections; no retries, no redirects, no cookies, no environment.

    Request extensions: ``call`` (a :class:`harness.wire.sockets.Call`, the clock of the exchange; else the read
    timeout of the client counts for the whole), ``target`` (request target, sent verbatim), ``fresh`` (a connection of
    its own, closed afterwards).

    Raises (from ``handle_request`` and from reading the body):
        TransportFailure: whatever the endpoint did.
        httpx.LocalProtocolError: the request itself cannot be sent as HTTP/1.1.
    """

    def __init__(self, settings: ConnectionSettings | None = None) -> None:
        self._pool = Pool(settings or ConnectionSettings())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return when the headers of the response are there."""
        call = _call(request)
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        extensions = {"timeout": {"connect": call, "read": call, "write": call}}
        if "target" in request.extensions:
            extensions["target"] = request.extensions["target"]
        outgoing = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=extensions
        )
        handler = self._pool.create_connection(url.origin) if request.extensions.get("fresh") else self._pool
        try:
            response = handler.handle_request(outgoing)
        except (httpcore.LocalProtocolError, h11.LocalProtocolError) as error:
            raise httpx.LocalProtocolError(str(error), request=request) from None
        except BREAKAGE as error:
            raise TransportFailure(classify(error, call)) from None
        call.in_headers = False
        close = handler.close if handler is not self._pool else _nothing
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response, call, close),
            extensions={**response.extensions, "call": call},
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def classify(error: Exception, call: Call) -> Failure:
    """What a failed exchange is called; see :class:`harness.record.exchange.Failure`."""
    if own := of_this_machine(error):
        return Failure("tester", own)
    not_http = call.in_headers and call.first and not b"HTTP/".startswith(call.first[:5])
    if not_http and not (isinstance(error, WireError) and error.failure.kind in ("tls", "reset", "tester")):
        shown = clip(call.first.decode("latin-1"), len(call.first)).encode("unicode_escape").decode()
        return Failure("protocol", f"the answer is not HTTP/1.1; it begins with {shown}")
    if isinstance(error, WireError):
        return error.failure
    if call.ended:
        where = "before a response" if call.in_headers else "in the middle of the body"
        return Failure("closed", f"the peer closed the connection {where}")
    return Failure("protocol", f"not HTTP/1.1: {clip(str(error), 300) or type(error).__name__}")


def _call(request: httpx.Request) -> Call:
    call = request.extensions.get("call")
    if isinstance(call, Call):
        return call
    timeouts = cast("dict[str, float | None]", request.extensions.get("timeout") or {})
    seconds = timeouts.get("read")
    return Call(DEFAULT_SECONDS if seconds is None else seconds)


def _nothing() -> None:
    """Connections of the pool are closed by the pool."""
