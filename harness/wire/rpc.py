"""The gRPC client of a run: calls of one message within the budget, recorded, never failing for what the server does.

Source: the gRPC project's "gRPC over HTTP2" (framing, status in trailers) and "HTTP to gRPC Status Code Mapping".
Needs the extra ``grpc``.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

from harness import __version__
from harness.budget import Budget
from harness.record.clock import now
from harness.record.exchange import Exchange, Failure, Headers, RpcStatus
from harness.record.intent import meant
from harness.record.quoting import clip
from harness.record.store import Recorder
from harness.wire import protobuf
from harness.wire.access import Access, Header
from harness.wire.client import Client, on_used_connection
from harness.wire.http2.messages import OF_HTTP_1, Answer, Withdrawal
from harness.wire.http2.pool import Http2Pool
from harness.wire.messages import InferRequest
from harness.wire.sockets import Call, WireError
from harness.wire.tls import HTTP2

SERVICE = "inference.GRPCInferenceService"
# Methods that are answered with any number of messages: the body of such an exchange keeps their frames.
STREAMED = frozenset({"ModelStreamInfer"})
CODES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
_FROM_HTTP = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
_FRAME = struct.Struct(">BI")
MAX_TIMEOUT_MS = 10**8 - 1  # grpc-timeout has eight digits at most
_NOT_SENT = OF_HTTP_1 | {"host"}


class GrpcClient(Client):
    """Calls to one endpoint, each within the budget and each recorded. Safe to use from several threads.

    Raises:
        ValueError: the TLS files of ``access`` cannot be used, or the address has a path.
    """

    transport = "grpc"
    sent_as = "calls"

    def __init__(self, access: Access, recorder: Recorder, budget: Budget) -> None:
        if access.address.path:
            raise ValueError("a gRPC address is HOST:PORT, without a path")
        super().__init__(access, recorder, budget)
        self._pool = Http2Pool(access.address.host, access.address.port, access.settings(HTTP2))
        self._url = access.address.url
        self._authority = access.host_header
        self._scheme = "https" if access.address.tls else "http"

    def call(
        self,
        method: str,
        message: bytes | Any = b"",  # noqa: ANN401 -- serialised bytes, or a generated message
        *,
        service: str = SERVICE,
        metadata: Iterable[Header] = (),
        timeout: float | None = None,
        credentials: bool = True,
        fresh: bool = False,
    ) -> Exchange:
        """Make one call with one message and give back what came of it, a stream of answers as well.

        A call that meets the close of an idle connection before a byte has come back is made once more on a new one;
        one that is told when to come again is made again then, and calls go out more slowly from there on, as over
        REST. Every attempt is recorded.

        Args:
            method: name within the service.
            message: as it goes on the wire; need not be a valid message.
            metadata: further metadata; takes the place of our own and that of access with the same key.
            timeout: seconds for the whole call, if less than the budget grants.
            credentials: False leaves out all metadata of access.
            fresh: use a connection of its own.

        Raises:
            BudgetExhausted, AccessError: nothing was sent.
            ValueError: the metadata cannot be sent over HTTP/2.
            Untestable, EndpointLost: as :meth:`harness.wire.rest.RestClient.send`.
        """
        data = message if isinstance(message, bytes) else message.SerializeToString()
        given, fresh = tuple(metadata), fresh or self.always_fresh
        asked = (method, data, service, given, timeout, credentials, fresh)
        once = partial(self._once, method, data, service, given, credentials)
        return self._settled(asked, once, fresh=fresh, timeout=timeout)

    def server_live(self, *, fresh: bool = False, timeout: float | None = None) -> Exchange:
        """ServerLive."""
        return self.call("ServerLive", fresh=fresh, timeout=timeout)

    def server_ready(self) -> Exchange:
        """ServerReady."""
        return self.call("ServerReady")

    def server_metadata(self) -> Exchange:
        """ServerMetadata."""
        return self.call("ServerMetadata")

    def model_ready(self, model: str, version: str | None = None) -> Exchange:
        """ModelReady; no version is the empty text."""
        return self.call("ModelReady", _named("ModelReady", model, version))

    def model_metadata(self, model: str, version: str | None = None) -> Exchange:
        """ModelMetadata; no version is the empty text."""
        return self.call("ModelMetadata", _named("ModelMetadata", model, version))

    def infer(
        self, model: str, request: InferRequest, version: str | None = None, form: protobuf.Form = "typed"
    ) -> Exchange:
        """ModelInfer with a request in one of its two forms.

        Raises:
            ValueError: see :func:`harness.wire.protobuf.infer_message`; nothing was sent.
        """
        with meant("valid"):
            return self.call("ModelInfer", protobuf.infer_message(model, version, request, form))

    def give_up(self, method: str, message: bytes, how: Withdrawal, deadline: float | None = None) -> list[Exchange]:
        """Make a call for each wait of ``how`` and give it up; each is an exchange with neither status nor error.

        They go over one connection, over which later calls go as well unless ``how`` closes it. Where no connection
        can be opened, the one exchange has an error.

        Args:
            deadline: seconds that the calls say they may take; by default what the budget grants.

        Raises:
            BudgetExhausted, AccessError: nothing more was sent.
            EndpointLost: the endpoint has gone away.
        """
        found: list[Exchange] = []

        def attempt() -> Exchange:
            found[:] = self._given_up(f"/{SERVICE}/{method}", method, message, how, deadline)
            return found[-1]

        self.recorder.settled(attempt)
        return found

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _given_up(
        self, path: str, method: str, message: bytes, how: Withdrawal, deadline: float | None
    ) -> list[Exchange]:
        access = self._headers_of_access(True)
        calls = [self._call(None) for _ in how.waits]
        call, begun = calls[-1], (now(), time.monotonic_ns())
        headers = _headers(access, () if deadline is None else (("grpc-timeout", timeout_of(deadline)),), call)
        error: Failure | None = None
        try:
            self._pool.withdraw(self._pseudo(path) + headers, _framed(message), how, call)
        except WireError as problem:
            # Who gives up so often may be shown the door; only that nobody was there is a failure.
            error = problem.failure if problem.failure.kind in ("connect", "tls", "tester") else None
        for each in calls:
            each.facts, each.sent = call.facts, call.sent // len(calls)
        return [
            self._recorded(
                self._exchange(path, method, headers, message, each, Answer(), begun, error=error), refused=False
            )
            for each in (calls[:1] if error is not None else calls)
        ]

    def _pseudo(self, path: str) -> Headers:
        return ((":method", "POST"), (":scheme", self._scheme), (":path", path), (":authority", self._authority))

    def _once(
        self,
        method: str,
        data: bytes,
        service: str,
        metadata: Headers,
        credentials: bool,
        fresh: bool,
        timeout: float | None,
    ) -> tuple[Exchange, bool]:
        access = self._headers_of_access(credentials)
        call, answer = self._call(timeout), Answer()
        headers = _headers(access, metadata, call)
        exchange = self._carry_out(f"/{service}/{method}", method, headers, data, call, answer, fresh=fresh)
        refused = exchange.rpc is not None and exchange.rpc.name == "UNAUTHENTICATED" and credentials
        recorded = self._recorded(exchange, refused=refused)
        return recorded, on_used_connection(recorded) and not answer.touched

    def _carry_out(
        self, path: str, method: str, headers: Headers, data: bytes, call: Call, answer: Answer, *, fresh: bool
    ) -> Exchange:
        started = now()
        begin = time.monotonic_ns()
        error: Failure | None = None
        limit = self.budget.limits.body_bytes
        try:
            inspect = _Reader(limit, streamed=method in STREAMED).inspect
            self._pool.send(self._pseudo(path) + headers, _framed(data), call, answer, inspect, fresh=fresh)
        except WireError as problem:
            error = problem.failure
        # What is no gRPC answer, such as a proxy's page, has no frame to take off.
        begin_of_body, rpc = (_FRAME.size if _is_grpc(answer) and method not in STREAMED else 0), None
        body = bytes(answer.data[begin_of_body : begin_of_body + limit])
        if error is None:
            rpc, error = _status(answer, streamed=method in STREAMED)
        begun = (started, begin)
        return self._exchange(path, method, headers, data, call, answer, begun, body=body, error=error, rpc=rpc)

    def _exchange(
        self,
        path: str,
        method: str,
        headers: Headers,
        data: bytes,
        call: Call,
        answer: Answer,
        begun: tuple[str, int],
        *,
        body: bytes = b"",
        error: Failure | None = None,
        rpc: RpcStatus | None = None,
    ) -> Exchange:
        """What came of a call, as it is recorded."""
        return Exchange(
            n=self.recorder.next_number(),
            method="POST",
            url=f"{self._url}{path}",
            http_version="HTTP/2",
            request_headers=((":authority", self._authority), *headers),
            request_body=data,
            status=answer.status,
            reason="",
            response_http_version=None if answer.status is None else "HTTP/2",
            response_headers=answer.headers,
            response_body=body,
            truncated=answer.status is not None and error is not None,
            error=error,
            started=begun[0],
            start_ns=begun[1],
            headers_ns=answer.headers_ns,
            end_ns=time.monotonic_ns(),
            connection=call.facts,
            sent=call.sent,
            received=call.received,
            rpc=rpc,
            response_trailers=answer.trailers,
            request_text=protobuf.rendered(method, "Request", data),
            response_text=protobuf.rendered(method, "Response", body) if _is_grpc(answer) and error is None else "",
        )


class _Reader:
    """Stops reading an answer that is larger than the limit, or that says it will be.

    Of a call that is no stream, also one that has a second message.
    """

    def __init__(self, limit: int, *, streamed: bool) -> None:
        self._limit = limit
        self._streamed = streamed

    def inspect(self, answer: Answer) -> None:
        """Look at what has come so far; raises WireError to stop."""
        if self._streamed or len(answer.data) < _FRAME.size or not _is_grpc(answer):
            if len(answer.data) > self._limit:
                raise WireError("body-too-large", f"more than {self._limit} bytes of body; the rest was not read")
            return
        compressed, size = _FRAME.unpack_from(answer.data)
        if size > self._limit:
            raise WireError("body-too-large", f"a message of {size} bytes is announced; {self._limit} are read at most")
        if compressed:
            raise WireError("encoding", "the message is compressed, which was not asked for")
        if len(answer.data) > _FRAME.size + size:
            raise WireError("protocol", "more than one message in answer to a unary call")


def timeout_of(seconds: float) -> str:
    """The value of ``grpc-timeout`` for so many seconds: microseconds where they fit into its eight digits."""
    micro = max(1, int(seconds * 1e6))
    return f"{micro}u" if micro < 10**8 else f"{min(MAX_TIMEOUT_MS, micro // 1000)}m"


def messages_of(body: bytes) -> list[bytes]:
    """The whole messages in the body of a stream's exchange, in their order."""
    found = []
    while len(body) >= _FRAME.size:
        size = _FRAME.unpack_from(body)[1]
        if len(body) < _FRAME.size + size:
            break
        found.append(body[_FRAME.size : _FRAME.size + size])
        body = body[_FRAME.size + size :]
    return found


def _framed(message: bytes) -> bytes:
    """A message as it travels: a flag, its length, and its bytes."""
    return _FRAME.pack(0, len(message)) + message


def _is_grpc(answer: Answer) -> bool:
    return answer.status == 200 and dict(answer.headers).get("content-type", "").startswith("application/grpc")


def _status(answer: Answer, *, streamed: bool) -> tuple[RpcStatus | None, Failure | None]:
    """The status of a whole answer, or why it is no gRPC answer."""
    ended = dict(answer.trailers) or dict(answer.headers)
    code = ended.get("grpc-status") if _is_grpc(answer) else None
    if code is None and answer.status == 200 and not _is_grpc(answer):
        media = dict(answer.headers).get("content-type", "")
        return None, Failure("protocol", f"the answer is no gRPC: content-type {clip(media, 80)!r}")
    if code is None:
        if answer.status != 200:
            mapped = _FROM_HTTP.get(answer.status or 0, 2)
            return RpcStatus(mapped, CODES[mapped], f"HTTP status {answer.status} and no gRPC status"), None
        return None, Failure("protocol", "the answer ends without a gRPC status")
    if not re.fullmatch(r"[0-9]{1,9}", code):
        return None, Failure("protocol", f"grpc-status is {clip(code, 40)!r}, no number")
    number = int(code)
    name = CODES[number] if number < len(CODES) else f"CODE_{number}"
    # Bytes that should have been percent-encoded are taken as they are.
    details = unquote_to_bytes(ended.get("grpc-message", "").encode("latin-1")).decode("utf-8", "replace")
    status = RpcStatus(number, name, details)
    if number == 0 and not streamed:
        size = _FRAME.unpack_from(answer.data)[1] if len(answer.data) >= _FRAME.size else None
        if size is None or len(answer.data) < _FRAME.size + size:
            return None, Failure("protocol", "status OK, and no whole message")
    return status, None


def _headers(access: Headers, metadata: Headers, seconds: float) -> Headers:
    own = {name.lower() for name, _ in metadata}
    fixed = (
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", f"art15/{__version__}"),
        ("grpc-timeout", f"{min(MAX_TIMEOUT_MS, max(1, int(seconds * 1000)))}m"),
    )
    # Headers of access are there for both transports; what says how a gRPC call travels is not theirs to say.
    ours = own | _NOT_SENT | {"te", "content-type", "content-length", "grpc-timeout"}
    given = [(name.lower(), value) for name, value in access if name.lower() not in ours]
    replaced = own | {name for name, _ in given}
    kept = [header for header in fixed if header[0] not in replaced]
    return (*kept, *given, *((name.lower(), value) for name, value in metadata))


def _named(method: str, model: str, version: str | None) -> Any:  # noqa: ANN401 -- a generated message
    made = protobuf.message(method, "Request")
    made.name = model
    made.version = version or ""
    return made
