"""Sends a recorded exchange again, over REST, gRPC or as raw bytes, and says whether the answer is the same.

What a record does not have cannot be sent again: redacted contents, and the pauses between the pieces of raw bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.budget import BudgetExhausted
from harness.bundle.exchange import NOT_KEPT
from harness.check import Untestable
from harness.record.coding import Undecodable, decoded_body
from harness.record.exchange import Exchange, Headers
from harness.record.quoting import clip
from harness.wire import strictjson
from harness.wire.duplex import Piece
from harness.wire.rawhttp import RAW, send_raw
from harness.wire.rest import RestClient

if TYPE_CHECKING:
    from harness.endpoint.endpoint import Endpoint
    from harness.wire.rpc import GrpcClient

# Bytes of answers after which an exchange is not sent once more.
HELD_BYTES = 4 << 20
# Made by the connection itself, or by the client from the address.
_GRPC_OWN = {":authority", "te", "content-type", "grpc-timeout", "user-agent"}
# How a connection was lost depends on which packet came first.
_LOST = {"reset", "closed"}


class CannotReplay(Exception):
    """The record does not hold what was sent, or there is no address for it; one line that says what is missing."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An exchange as a bundle keeps it.

    Attributes:
        exchange: what was stored; ``ref`` is its digest.
        redacted: the places from which something was taken, such as ``request.header.authorization``.
        base: base URL that the run was given; what follows it in ``exchange.url`` is the path.
        part_of_request: whether only a part of the request's body is kept: it cannot be sent again.
        answer_sha256: of an answer that is kept in part, the digest of the whole; else empty.
        withheld: whether nothing of the content was kept: neither what was sent is known, nor what was answered.
    """

    exchange: Exchange
    redacted: frozenset[str]
    base: str
    part_of_request: bool = False
    answer_sha256: str = ""
    withheld: bool = False

    def compared(self, now: Exchange) -> Exchange:
        """An answer as it would have been kept: the same as the recorded one where the whole was the same."""
        if not self.answer_sha256 or hashlib.sha256(now.response_body).hexdigest() != self.answer_sha256:
            return now
        return replace(now, response_body=self.exchange.response_body)


@dataclass(frozen=True, slots=True)
class Clients:
    """The ways to the endpoint; ``moved`` if it is not the address of the recording."""

    rest: RestClient | None
    grpc: GrpcClient | None
    moved: bool = False


def send_again(clients: Clients, recording: Recording, *, fresh: bool = True) -> Exchange:
    """Send what was sent, with the credentials of today in the place of those that were taken out.

    Args:
        fresh: over a connection of its own; raw bytes always are.

    Raises:
        CannotReplay: see there; nothing was sent.
        harness.budget.BudgetExhausted, harness.wire.access.AccessError: nothing was sent.
    """
    recorded = recording.exchange
    if recording.withheld:
        raise CannotReplay(NOT_KEPT)
    if "request.body" in recording.redacted:
        raise CannotReplay("its body was redacted")
    if recording.part_of_request:
        raise CannotReplay("of its body only a part is kept")
    if "url" in recording.redacted:
        raise CannotReplay("its URL was redacted")
    if recorded.http_version == RAW:
        return _raw(clients, recorded)
    if recorded.http_version == "HTTP/2":
        return _grpc(clients, recording)
    return _rest(clients, recording, fresh=fresh)


def _rest(clients: Clients, recording: Recording, *, fresh: bool) -> Exchange:
    recorded, client = recording.exchange, clients.rest
    if client is None:
        raise CannotReplay("it went over REST, and there is no REST address")
    path = recorded.url.removeprefix(recording.base)
    if path == recorded.url and recording.base:
        raise CannotReplay("its URL is not below the base URL of the run")
    headers = _headers(recording, client.access.headers_now())
    own_host = urlsplit(recorded.url).netloc
    if clients.moved:
        headers = tuple(each for each in headers if each[0].lower() != "host")
    else:
        headers = tuple(each for each in headers if (each[0].lower(), each[1]) != ("host", own_host))
    body: bytes | None = recorded.request_body
    if not body and "content-length" not in {name.lower() for name, _ in headers}:
        body = None
    return client.send(recorded.method, path or "/", body, headers, fresh=fresh, credentials=False)


def _grpc(clients: Clients, recording: Recording) -> Exchange:
    recorded, client = recording.exchange, clients.grpc
    if client is None:
        raise CannotReplay("it went over gRPC, and there is no gRPC address: give --oip-grpc HOST:PORT")
    service, _, method = urlsplit(recorded.url).path.strip("/").rpartition("/")
    metadata = [
        each for each in _headers(recording, client.access.headers_now()) if each[0].lower() not in _GRPC_OWN
    ]  # fmt: skip
    return client.call(
        method, recorded.request_body, service=service, metadata=metadata, credentials=False, fresh=True
    )  # fmt: skip


def _raw(clients: Clients, recorded: Exchange) -> Exchange:
    if clients.rest is None:
        raise CannotReplay("it went over REST, and there is no REST address")
    if not recorded.request_body:
        raise CannotReplay("it is a later answer on a connection: the exchange before it has the bytes that were sent")
    hang_up = recorded.status is None and recorded.error is None
    return send_raw(clients.rest, [Piece(recorded.request_body)], hang_up=hang_up)[0]


def _headers(recording: Recording, access: Headers) -> Headers:
    """The recorded headers; one that was redacted has the value that access gives it today."""
    today = {name.lower(): value for name, value in access}
    made = []
    for name, value in recording.exchange.request_headers:
        lowered = name.lower()
        if f"request.header.{lowered}" in recording.redacted:
            if lowered not in today:
                hint = "set ART15_TOKEN" if lowered == "authorization" else f"give --oip-header '{name}: ...'"
                hint += ", and --endpoint with the address that may have it"
                raise CannotReplay(f"its header {name} was redacted: {hint}")
            value = today[lowered]  # noqa: PLW2901 -- the value that may be sent
        made.append((name, value))
    return tuple(made)


def unlike(recorded: Exchange, now: Exchange) -> str | None:
    """In what an answer differs from the recorded one, in words; None if it is the same.

    The same is: the same bytes, or the same status with the same error or the same JSON members. Of what never came
    whole, the same is that it failed in the same way.

    Args:
        recorded: as stored, redacted.
        now: redacted in the same way.
    """
    if (recorded.error is None) != (now.error is None) or recorded.answered != now.answered:
        return f"{in_words(now)} where {in_words(recorded)} was recorded"
    if recorded.error is not None and now.error is not None:
        kinds = {recorded.error.kind, now.error.kind}
        same = len(kinds) == 1 or kinds <= _LOST
        return None if same and recorded.status == now.status else f"{in_words(now)} instead of {in_words(recorded)}"
    if recorded.rpc is not None and now.rpc is not None:
        return _unlike_rpc(recorded, now)
    if recorded.status != now.status:
        return f"{in_words(now)} instead of {in_words(recorded)}"
    if recorded.response_body == now.response_body or _essence(recorded) == _essence(now) is not None:
        return None
    return f"status {now.status} again, with another body"


def _unlike_rpc(recorded: Exchange, now: Exchange) -> str | None:
    if recorded.rpc != now.rpc:
        return f"{in_words(now)} instead of {in_words(recorded)}"
    # Maps have no order on the wire; the readable form has one.
    same = recorded.response_body == now.response_body
    readable = bool(now.response_text) and recorded.response_text == now.response_text
    return None if same or readable else f"{in_words(now)} again, with another message"


def _essence(exchange: Exchange) -> str | None:
    """What counts of a JSON answer, in a form that can be compared: the error, or every member.

    An id that nobody asked for is a new one each time, and is left out. None if it is no JSON object.
    """
    try:
        value = strictjson.parse(decoded_body(exchange)).value
    except (strictjson.NotJson, strictjson.TooMuch, Undecodable):
        return None
    if not isinstance(value, dict):
        return None
    if "error" in value:
        return repr(value["error"])
    members = {name: member for name, member in value.items() if name != "id" or b'"id"' in exchange.request_body}
    return repr(sorted(members.items()))


def in_words(exchange: Exchange) -> str:
    """Status or failure, for people."""
    if exchange.rpc is not None:
        return f"{exchange.rpc.name} ({clip(exchange.rpc.details, 200)})" if exchange.rpc.details else exchange.rpc.name
    status = f"status {exchange.status}" if exchange.status is not None else ""
    if exchange.error is not None:
        return f"{status}, then {exchange.error.kind}" if status else f"no answer ({exchange.error.kind})"
    return status or "nothing (the connection was closed from here)"


def again(endpoint: Endpoint, exchange: Exchange, times: int) -> list[Exchange]:
    """The answers to an exchange of this run, sent again, every other time over a new connection.

    Fewer than asked for, or none, where it cannot be sent, the budget ends, or the answers are large.
    """
    base = endpoint.rest.access.address.url if endpoint.rest is not None else ""
    clients = Clients(endpoint.rest, endpoint.grpc)
    answers: list[Exchange] = []
    held = 0
    with contextlib.suppress(CannotReplay, BudgetExhausted, Untestable, ValueError):
        for number in range(times):
            if held > HELD_BYTES:
                break
            recording = Recording(exchange, frozenset(), base)
            answers.append(send_again(clients, recording, fresh=number % 2 == 0))
            held += len(answers[-1].response_body)
    return answers
