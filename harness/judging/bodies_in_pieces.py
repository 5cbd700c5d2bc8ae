"""One body, however it is cut on its way: in one piece, in pieces with pauses, in chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from harness.criteria import Criterion
from harness.endpoint.rest_route import outputs_of
from harness.generate.hostile.requests import JSON, Valid, chunked, length
from harness.oracles.equality import difference
from harness.probing.concurrent import together
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.duplex import Piece
from harness.wire.rawhttp import send_raw

SAME = Criterion.SAME_ANSWER.clause
# Blanks in front, no part of the value: below and above what servers read at once.
BLANKS = (0, 70 * 1024, 300 * 1024)
PAUSE_SECONDS = 0.05
AGAIN = 2
# What a server may say of the moment, of lengths that are not given, or of what it takes too long to send.
EXCUSED = (408, 411, 413, 415, 429, 431, 501, 503)
ONE_PIECE, PIECES, CHUNKS = "in one piece", "in pieces with pauses", "in chunks"

Ask = Callable[[], Exchange]


def bodies_in_pieces(probe: Probe, valid: Valid) -> None:
    """One case for each size and each way: where one way is answered, the others get the same answer.

    What differs is sent twice more, and the way that was answered once more after that.
    """
    probe.accepted()
    compared = 0
    steady = not probe.declared_varying and probe.model.known_route.steady()
    for blanks in BLANKS:
        ways = _ways(probe, b" " * blanks + valid.body, valid)
        answers = _side_by_side(ways)
        control = next((way for way, each in answers.items() if _good(each)), None)
        if control is None:
            probe.observe(f"{blanks + len(valid.body)} bytes: {_told(answers)}")
            continue
        for way, exchange in answers.items():
            compared += way != control
            problem = _problem(exchange, answers[control], steady=steady)
            if problem is not None and _stays(ways[way], ways[control], steady=steady):
                observed = f"a body of {blanks + len(valid.body)} bytes {way}: {problem}; {control} it is answered"
                probe.holds(False, clause=SAME, expected="the same answer, however the body is cut",
                            observed=observed, exchange=exchange, root="body-read-in-part")  # fmt: skip
    if not compared:
        probe.untestable("no body is answered in any way")
    probe.holds(True, clause=SAME, expected="the same answer", observed=f"{compared} bodies compared")


def _ways(probe: Probe, body: bytes, valid: Valid) -> Mapping[str, Ask]:
    head, third = valid.request(JSON, length(body)), len(body) // 3
    cuts = (body[:third], body[third : 2 * third], body[2 * third : -1])
    pieces = [Piece(head, PAUSE_SECONDS), *(Piece(each, PAUSE_SECONDS) for each in cuts), Piece(body[-1:])]
    in_chunks = valid.request(JSON, ("Transfer-Encoding", "chunked")) + chunked(body, 16 * 1024)
    return {
        ONE_PIECE: partial(_send, probe, [Piece(head + body)]),
        PIECES: partial(_send, probe, pieces),
        CHUNKS: partial(_send, probe, [Piece(in_chunks)]),
    }


def _side_by_side(ways: Mapping[str, Ask]) -> dict[str, Exchange]:
    asks = list(ways.values())
    return dict(zip(ways, together(lambda number: asks[number](), range(len(asks))), strict=True))


def _send(probe: Probe, pieces: list[Piece]) -> Exchange:
    return send_raw(probe.client, pieces)[0]


def _good(exchange: Exchange) -> bool:
    return exchange.ok and bool(outputs_of(exchange))


def _problem(exchange: Exchange, control: Exchange, *, steady: bool) -> str | None:
    """How an answer differs from the control's; no answer at all is for other checks to judge."""
    if not exchange.answered or exchange.status in EXCUSED:
        return None
    if not _good(exchange):
        return f"{status_of(exchange)}, without outputs"
    return difference(outputs_of(exchange), outputs_of(control), exact=False) if steady else None


def _stays(ask: Ask, control: Ask, *, steady: bool) -> bool:
    again = [ask() for _ in range(AGAIN)]
    after = control()
    return _good(after) and all(_problem(each, after, steady=steady) is not None for each in again)


def _told(answers: Mapping[str, Exchange]) -> str:
    return ", ".join(f"{way} {status_of(each)}" for way, each in answers.items())
