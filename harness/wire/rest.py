"""The REST client of a run: sends prepared bytes, records everything, and never fails for what the endpoint does."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from functools import partial
from urllib.parse import quote

import httpx

from harness import __version__
from harness.budget import Budget
from harness.record.clock import now
from harness.record.coding import Undecodable, codings
from harness.record.exchange import Exchange, Failure, Headers
from harness.record.intent import meant
from harness.record.store import Recorder
from harness.wire import strictjson
from harness.wire.access import Access, Header
from harness.wire.client import Client, on_used_connection
from harness.wire.messages import InferRequest
from harness.wire.reading import Readings, body_of
from harness.wire.sockets import Call
from harness.wire.transport import DeadlineTransport, TransportFailure

__all__ = ["RestClient", "json_of"]

USER_AGENT = f"art15/{__version__}"
_READINGS = Readings()
_TARGET = re.compile(r"[\x21-\x7e]+")


class RestClient(Client):
    """Requests to one endpoint, each within the budget and each recorded. Safe to use from several threads.

    Raises:
        ValueError: the TLS files of ``access`` cannot be used.
    """

    transport = "rest"

    def __init__(self, access: Access, recorder: Recorder, budget: Budget, *, user_agent: str = USER_AGENT) -> None:
        super().__init__(access, recorder, budget)
        self.user_agent = user_agent
        self._transport = DeadlineTransport(access.settings())
        self._prefix = access.address.path
        self._origin = access.address.url.removesuffix(self._prefix)
        self._url = httpx.URL(self._origin + "/")  # the path goes out as the request target, untouched by httpx

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Iterable[Header] = (),
        *,
        fresh: bool = False,
        timeout: float | None = None,
        accept_encoding: str = "identity",
        credentials: bool = True,
    ) -> Exchange:
        """Send one request and give back what came of it; redirects are not followed, cookies not kept.

        A server may close a kept-alive connection at any moment after an answer (RFC 9112, section 9.3.1). A request
        that meets such a close before a single byte has come back is sent once more on a new connection. An endpoint
        that says "not now" (429, or 503 with Retry-After) is asked again after its pause, and more slowly from then
        on: a rate limit is no answer to the question that was asked. Every attempt is recorded. What was asked ahead
        (:mod:`harness.wire.ahead`) is not sent again.

        Args:
            path: appended to the base URL as it is; percent-encoded already, and a query may follow.
            body: sent as it is; JSON unless ``headers`` say otherwise.
            headers: take the place of default headers of the same name.
            fresh: use a new connection, and close it.
            timeout: seconds for the whole exchange, if less than the budget grants.
            credentials: False leaves out all headers of access.

        Raises:
            BudgetExhausted: nothing was sent.
            AccessError: the operator's token command failed; nothing was sent.
            ValueError: this is no HTTP request: an illegal method, path or header.
            Untestable: the endpoint has left so much without an answer that it is not waited for any more.
            harness.incident.EndpointLost: the endpoint has gone away.
        """
        given, fresh = tuple(headers), fresh or self.always_fresh
        asked = (method, path, body, given, fresh, timeout, accept_encoding, credentials)
        once = partial(self._once, method, path, body, given, accept_encoding, credentials)
        return self._settled(asked, once, fresh=fresh, timeout=timeout)

    def _once(
        self,
        method: str,
        path: str,
        body: bytes | None,
        given: tuple[Header, ...],
        accept_encoding: str,
        credentials: bool,
        fresh: bool,
        timeout: float | None,
    ) -> tuple[Exchange, bool]:
        target = self._target(path)
        access = self._headers_of_access(credentials)
        all_headers = self._headers(access, given, body, method, fresh, accept_encoding)
        call = self._call(timeout)
        request = httpx.Request(
            method,
            self._url,
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in all_headers],
            stream=httpx.ByteStream(body or b""),
            extensions={"call": call, "target": target.encode("ascii"), "fresh": fresh},
        )
        exchange = self._carry_out(request, call, self._origin + target, all_headers, body or b"")
        recorded = self._recorded(exchange, refused=exchange.status == 401 and credentials)
        return recorded, on_used_connection(recorded) and not recorded.received

    def server_live(self, *, fresh: bool = False, timeout: float | None = None) -> Exchange:
        """GET v2/health/live."""
        return self.send("GET", "/v2/health/live", fresh=fresh, timeout=timeout)

    def server_ready(self) -> Exchange:
        """GET v2/health/ready."""
        return self.send("GET", "/v2/health/ready")

    def server_metadata(self, *, slash: bool = False) -> Exchange:
        """GET v2, or v2/ (the documents differ)."""
        return self.send("GET", "/v2/" if slash else "/v2")

    def model_metadata(self, model: str, version: str | None = None) -> Exchange:
        """GET v2/models/M[/versions/V]."""
        return self.send("GET", self.model_path(model, version))

    def model_ready(self, model: str, version: str | None = None) -> Exchange:
        """GET v2/models/M[/versions/V]/ready."""
        return self.send("GET", self.model_path(model, version, "ready"))

    def infer(
        self,
        model: str,
        body: bytes | InferRequest,
        version: str | None = None,
        headers: Iterable[Header] = (),
        *,
        fresh: bool = False,
        timeout: float | None = None,
    ) -> Exchange:
        """POST v2/models/M[/versions/V]/infer; ``fresh`` and ``timeout`` as for :meth:`send`."""
        path = self.model_path(model, version, "infer")
        given = tuple(headers)
        if isinstance(body, InferRequest):
            # Whoever adds headers tries something else than the message.
            with meant("neither" if given else "valid"):
                return self.send("POST", path, body.to_bytes(), given, fresh=fresh, timeout=timeout)
        return self.send("POST", path, body, given, fresh=fresh, timeout=timeout)

    @staticmethod
    def model_path(model: str, version: str | None = None, leaf: str = "") -> str:
        """Path of a model; name and version are each one percent-encoded segment."""
        segments = ["", "v2", "models", quote(model, safe="")]
        if version is not None:
            segments += ["versions", quote(version, safe="")]
        return "/".join([*segments, leaf] if leaf else segments)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _target(self, path: str) -> str:
        target = self._prefix + (path if path.startswith("/") else f"/{path}")
        if not _TARGET.fullmatch(target):
            raise ValueError(f"path {path!r} has a character that must be percent-encoded")
        return target

    def _headers(
        self,
        access: Sequence[Header],
        given: Sequence[Header],
        body: bytes | None,
        method: str,
        fresh: bool,
        accept_encoding: str,
    ) -> Headers:
        """Defaults, then access, then the caller's; a later group replaces a name, and keeps its repetitions."""
        first: list[Header] = [
            ("Host", self.access.host_header),
            ("User-Agent", self.user_agent),
            ("Accept", "*/*"),
            ("Accept-Encoding", accept_encoding),
        ]
        if fresh:
            first.append(("Connection", "close"))
        if body is not None:
            first.append(("Content-Type", "application/json"))
        merged = _override(_override(first, access), given)
        names = {name.lower() for name, _ in merged}
        has_length = body is not None or method in ("POST", "PUT", "PATCH")
        if has_length and not names & {"content-length", "transfer-encoding"}:
            merged.append(("Content-Length", str(len(body or b""))))
        for name, value in merged:
            if re.search(r"[\r\n\0]", name + value):
                raise ValueError(f"header {name!r} has a line break or a null character")
        return tuple(merged)

    def _carry_out(self, request: httpx.Request, call: Call, url: str, headers: Headers, body: bytes) -> Exchange:
        started = now()
        begin = time.monotonic_ns()
        answer = _Answer()
        try:
            answer.read(self._transport.handle_request(request), self.budget.limits.body_bytes)
        except TransportFailure as error:
            answer.error = error.failure
        except httpx.LocalProtocolError as error:
            raise ValueError(f"not an HTTP request: {error}") from None
        head = answer.head
        return Exchange(
            n=self.recorder.next_number(),
            method=request.method,
            url=url,
            http_version="HTTP/1.1",
            request_headers=headers,
            request_body=body,
            status=head.status_code if head else None,
            reason=_phrase(head),
            response_http_version=head.http_version if head else None,
            response_headers=_received(head),
            response_body=b"".join(answer.chunks),
            truncated=head is not None and answer.error is not None,
            error=answer.error,
            started=started,
            start_ns=begin,
            headers_ns=answer.headers_ns,
            end_ns=time.monotonic_ns(),
            connection=call.facts,
            sent=call.sent,
            received=call.received,
        )


class _Answer:
    """What has arrived so far; it stays if the rest does not come."""

    def __init__(self) -> None:
        self.head: httpx.Response | None = None
        self.headers_ns: int | None = None
        self.chunks: list[bytes] = []
        self.error: Failure | None = None

    def read(self, response: httpx.Response, limit: int) -> None:
        """Take the headers and at most ``limit`` bytes of the body."""
        self.head, self.headers_ns = response, time.monotonic_ns()
        left = limit
        try:
            for chunk in response.stream:  # type: ignore[union-attr]  # ours is always synchronous
                self.chunks.append(chunk[:left])
                left -= len(chunk)
                if left < 0:
                    self.error = Failure("body-too-large", f"more than {limit} bytes of body; the rest was not read")
                    return
        finally:
            response.stream.close()  # type: ignore[union-attr]


def json_of(exchange: Exchange) -> strictjson.Document:
    """The response body, decoded and read as JSON; read once, so it must not be changed.

    Raises:
        strictjson.NotJson: there is no whole body, it cannot be decoded, or it is no JSON.
        strictjson.TooMuch: it holds more than is read; whoever needs it is untestable.
    """
    if exchange.error is not None:
        raise strictjson.NotJson(f"there is no whole body: {exchange.error.message}")

    def read() -> strictjson.Document | strictjson.NotJson:
        try:
            return strictjson.parse(body_of(exchange))
        except Undecodable as error:
            return strictjson.NotJson(str(error))
        except strictjson.NotJson as error:
            # Another one: what was raised holds the frames that it went through, and those hold the body.
            return strictjson.NotJson(error.reason, error.offset)

    found = _READINGS.of(exchange.response_body, codings(exchange.response_headers), read)
    if isinstance(found, strictjson.NotJson):
        raise strictjson.NotJson(found.reason, found.offset)
    return found


def _override(headers: Sequence[Header], by: Sequence[Header]) -> list[Header]:
    names = {name.lower() for name, _ in by}
    return [*(header for header in headers if header[0].lower() not in names), *by]


def _phrase(head: httpx.Response | None) -> str:
    phrase = b"" if head is None else head.extensions.get("reason_phrase", b"")
    return str(phrase, "latin-1")


def _received(head: httpx.Response | None) -> Headers:
    raw = [] if head is None else head.headers.raw
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)
