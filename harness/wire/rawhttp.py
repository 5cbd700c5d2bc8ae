"""Bytes that no HTTP client would send, over a connection of their own, and the answers that come back.

Requests are pieces of bytes with pauses between them, so that truncated bodies, slow senders, pipelining, conflicting
lengths and disconnects can be said exactly. Sources: RFC 9112 (message syntax), RFC 9110.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from harness.record.clock import now
from harness.record.exchange import Exchange, Failure
from harness.wire.connection import open_stream
from harness.wire.duplex import Duplex, Piece, Stalled
from harness.wire.rawread import RawResponse, ResponseReader
from harness.wire.rest import RestClient
from harness.wire.sockets import Backend, Call, Stream, WireError

# How the record says that the request was not made by an HTTP client: its body is every byte that was sent.
RAW = "raw"
MAX_TARGET = 2000


def head(client: RestClient, method: str, path: str, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """A request head with Host, the credentials of access and ``headers``, exactly as given; ends with a blank line."""
    access = client.access
    lines = [f"{method} {access.address.path}{path} HTTP/1.1", f"Host: {access.host_header}"]
    lines += [f"{name}: {value}" for name, value in (*access.headers_now(), *headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def send_raw(
    client: RestClient,
    pieces: Sequence[Piece],
    *,
    answers: int = 1,
    hang_up: bool = False,
    reset: bool = False,
    half_close: bool = False,
    each_answered: bool = False,
    method: str = "POST",
    linger: float | None = None,
    seconds: float | None = None,
) -> list[Exchange]:
    """Send pieces over a new connection and read up to ``answers`` responses, both at the same time.

    A server may answer before it has read everything (RFC 9112, section 9.5): sending ends with the last answer.
    Each response is an exchange; the first holds all the bytes that were given. With ``hang_up`` the connection is
    closed right after the last piece, and nothing is read: the exchange has neither status nor error. Where fewer
    responses came than were asked for, the last exchange says why.

    Args:
        reset: close the connection with a reset (RST) in place of an orderly end (FIN).
        half_close: say after the last piece that nothing more will come (over TLS this cannot be said: it is left out).
        each_answered: each piece is a whole request, to which an answer is due: what could not be sent, since the peer
            takes no more, is not waited for, and is no error (:func:`went_out` tells how many were sent).
        method: what the responses answer; those to HEAD have no body.
        linger: seconds to wait for each response after the first, if less than is left.
        seconds: for everything together, if less than the budget grants.

    Raises:
        BudgetExhausted, AccessError: nothing was sent.
        harness.incident.EndpointLost: the endpoint has gone away.
    """
    found: list[Exchange] = []

    def attempt() -> Exchange:
        found[:] = _send_once(
            client,
            pieces,
            answers=answers,
            hang_up=hang_up,
            reset=reset,
            half_close=half_close,
            each_answered=each_answered,
            method=method,
            linger=linger,
            seconds=seconds,
        )
        return found[-1]

    client.recorder.settled(attempt, whole_time=seconds is None)
    return found


def _send_once(
    client: RestClient,
    pieces: Sequence[Piece],
    *,
    answers: int,
    hang_up: bool,
    reset: bool,
    half_close: bool,
    each_answered: bool,
    method: str,
    linger: float | None,
    seconds: float | None,
) -> list[Exchange]:
    call = _begin(client, seconds)
    sent = b"".join(piece.data for piece in pieces)
    reader = ResponseReader(call, client.budget.limits.body_bytes, method)
    started, begin = now(), time.monotonic_ns()
    found: list[RawResponse] = []
    error: Failure | None = None
    try:
        stream = _open(client, call)
    except WireError as problem:
        return [client.recorder.record(_exchange(client, sent, None, problem.failure, started, begin, call))]
    duplex = Duplex(stream, pieces, call, half_close=half_close)
    try:
        if hang_up:
            duplex.send()
        while not hang_up and len(found) < answers:
            if found and linger is not None:
                call.deadline = min(call.deadline, time.monotonic() + linger)
            duplex.answered = len(found) if each_answered else None
            found.append(reader.response(duplex))
    except Stalled:
        pass
    except WireError as problem:
        error = None if problem.failure.kind == "timeout" and duplex.settled else problem.failure
    finally:
        if reset:
            # No time to linger: whatever is under way is thrown away, and the peer is told so.
            stream.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()
    rows: list[tuple[RawResponse | None, Failure | None]] = [(response, None) for response in found]
    if error is not None or not rows:
        rows.append((reader.partial, error))
    return [
        client.recorder.record(_exchange(client, sent if not n else b"", response, failure, started, begin, call))
        for n, (response, failure) in enumerate(rows)
    ]


def went_out(first: Exchange, pieces: Sequence[Piece]) -> int:
    """How many of the pieces went out whole, by the first exchange that :func:`send_raw` gave for them."""
    return sum(end <= first.sent for end in itertools.accumulate(len(piece.data) for piece in pieces))


@contextlib.contextmanager
def held(client: RestClient, data: bytes, count: int = 1, *, seconds: float | None = None) -> Iterator[list[Exchange]]:
    """Keep ``count`` connections open, on each of which ``data`` was sent and nothing follows; closed at the end.

    Gives one exchange for each, with neither status nor error. The first that cannot be opened has an error, and is the
    last: a server that takes no more would cost the time for a request each.

    Args:
        seconds: to open one and send, if less than the budget grants.

    Raises:
        BudgetExhausted, AccessError: nothing more was sent.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(client.recorder.unwatched())
        kept: list[Exchange] = []
        for _ in range(count):
            call = _begin(client, seconds)
            started, begin = now(), time.monotonic_ns()
            error: Failure | None = None
            try:
                stream = _open(client, call)
                stack.callback(stream.close)
                stream.push(data, call)
            except WireError as problem:
                error = problem.failure
            kept.append(client.recorder.record(_exchange(client, data, None, error, started, begin, call)))
            if error is not None:
                break
        yield kept


def _begin(client: RestClient, seconds: float | None) -> Call:
    """Permission to send, and the clock. A token that was fetched for these bytes is secret from here on."""
    client.recorder.redactor.add(client.access.secrets())
    client.pace.wait()
    granted = client.budget.take()
    return Call(granted if seconds is None else min(seconds, granted))


def _open(client: RestClient, call: Call) -> Stream:
    access = client.access
    return open_stream(access.address.host, access.address.port, access.settings(), Backend(), call, tunnel=True)


def _exchange(
    client: RestClient,
    sent: bytes,
    response: RawResponse | None,
    error: Failure | None,
    started: str,
    begin: int,
    call: Call,
) -> Exchange:
    words = sent[: MAX_TARGET * 4].split(b"\r\n", 1)[0].split(b" ")
    target = _path(words[1].decode("latin-1")) if len(words) == 3 else "/"
    origin = replace(client.access.address, path="").url
    return Exchange(
        n=client.recorder.next_number(),
        method=words[0].decode("latin-1") if len(words) == 3 and words[0].isalpha() else "RAW",
        url=origin + target,
        http_version=RAW,
        request_headers=(),
        request_body=sent,
        status=response.status if response else None,
        reason=response.reason if response else "",
        response_http_version="HTTP/1.1" if response else None,
        response_headers=response.headers if response else (),
        response_body=bytes(response.body) if response else b"",
        truncated=response is not None and error is not None,
        error=error,
        started=started,
        start_ns=begin,
        headers_ns=None,
        end_ns=time.monotonic_ns(),
        connection=call.facts,
        sent=call.sent,
        received=call.received,
    )


def _path(target: str) -> str:
    """The path of a request target for the record, where it has one that can be shown; the whole is in the body."""
    try:
        path = urlsplit(target).path
    except ValueError:
        return "/"
    shown = path.startswith("/") and path.isascii() and path.isprintable()
    return path[:MAX_TARGET] if shown else "/"
