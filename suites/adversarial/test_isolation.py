"""Requests do not see each other: ids and answers belong to the request, however many are under way.

MITRE ATLAS AML.T0024 (what an answer gives away) is the reason why a stray answer counts as a leak and not as an error
of the protocol only.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from harness.check import check
from harness.oracles.isolation import Strayed, answer_strayed, id_strayed
from harness.record.exchange import Exchange
from harness.target.alive import alive
from harness.target.concurrent import (
    WIDTH,
    Known,
    Lane,
    Transport,
    excused,
    known,
    lane,
    most_in_flight,
    together,
    varies_alone,
)
from harness.target.probe import Probe
from harness.target.replies import status_of
from harness.wire.rawhttp import Piece, head, send_raw

LEAK, SAME = "policy:no-leak", "policy:same-answer"
CRASH, HANG = "policy:no-crash", "policy:no-hang"
LOST = "lost-when-concurrent"
ROOT = "requests-mixed-up"
REPORTED = 5
# Part of the body that is sent before the connection is closed; None closes it within the head, 1.0 after everything.
CUTS = (0.5, 1.0, 0.0, None, 0.99)


@check(
    "adversarial-concurrent-answers-belong",
    duties=["A15-4-d", "A15-5-b", "A15-5-h"],
    criteria=["no-leak", "same-answer", "no-crash", "no-hang"],
    criterion=f"of hundreds of different requests, {WIDTH} at a time, each gets its own id and its own answer",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "ids-swapped-when-concurrent",
        "concurrent-rows-merged",
        "ids-swapped-above-31-at-once",
        "answers-swapped-above-31-at-once",
        "id-swapped-one-in-50-at-once",
    ],
    fix="Keep what belongs to a request with the request; shared buffers and variables mix requests up.",
)
def adversarial_concurrent_answers_belong(probe: Probe) -> None:
    """Under 64-way concurrency every request gets its own id and answer.

    Up to a dozen different inputs whose answers alone are known, each request with an id of its own, sent by 64
    threads that start together. Refusals and missing answers are what a busy endpoint may give; they are counted and
    not judged. An answer is compared with that of the same request alone (floats within 0.1 %), and with those of all
    the others. A slow model gets fewer requests.
    """
    _belong(probe, ["rest"])


@check(
    "adversarial-grpc-concurrent-answers-belong",
    duties=["A15-4-d", "A15-5-b", "A15-5-h"],
    criteria=["no-leak", "same-answer", "no-crash", "no-hang"],
    criterion=f"of hundreds of different calls, {WIDTH} at a time, each gets its own id and its own answer",
    per="model",
    kind="search",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=[],
    fix="Keep what belongs to a call with the call; shared buffers and variables mix calls up.",
)
def adversarial_grpc_concurrent_answers_belong(probe: Probe) -> None:
    """Under 64-way concurrency every gRPC call gets its own id and answer.

    As over REST, with calls of ModelInfer.
    """
    _belong(probe, ["grpc"])


@check(
    "adversarial-transports-apart",
    duties=["A15-4-d", "A15-5-b", "A15-5-h"],
    criteria=["no-leak", "same-answer", "no-crash", "no-hang"],
    criterion="of requests over REST and gRPC at the same time, each gets its own id and its own answer",
    per="model",
    kind="search",
    transport="both",
    needs=["rest-infer-outputs-well-formed", "grpc-infer-reply-well-formed"],
    faults=["ids-swapped-when-concurrent"],
    fix="Keep what belongs to a request with the request, whichever transport it came by.",
)
def adversarial_transports_apart(probe: Probe) -> None:
    """Requests over REST and calls over gRPC at the same time do not see each other.

    As over one transport, every other request by the other one.
    """
    _belong(probe, ["rest", "grpc"])


@check(
    "adversarial-answers-after-disconnect",
    duties=["A15-4-b", "A15-4-d", "A15-5-h"],
    criteria=["no-leak", "same-answer", "no-crash"],
    criterion="after clients that hang up in the middle of a request, others get the answers they got before",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["disconnect-poisons-next"],
    fix="Drop what a closed connection left behind: its buffers, its slot in the batch, its pending answer.",
)
def adversarial_answers_after_disconnect(probe: Probe) -> None:
    """A client that hangs up leaves nothing behind for others.

    Connections are closed within the head, after it, in the middle of the body, before its last byte, and after the
    whole request without waiting for the answer. After each, other requests follow on new and on kept connections;
    their answers are compared with those before. A refusal counts only if it comes back when the same is done again,
    and never comes without.
    """
    way = lane(probe, "rest")
    ones = known(probe, way, 4)
    alone = [one.outputs for one in ones]
    refusals: list[tuple[str, Exchange]] = []
    for turn, cut in enumerate(CUTS * 3):
        _hang_up(probe, ones[turn % len(ones)], cut)
        label = f"after a client hung up {_where(cut)}"
        for step in range(3):
            own = (turn + 1 + step) % len(ones)
            exchange = way.send(ones[own].request, step == 1)
            if excused(exchange):
                refusals.append((label, exchange))
                continue
            strayed = answer_strayed(way.outputs(exchange), own, alone, ones[own].echoed)
            if strayed is not None and varies_alone(way, ones[own]):
                strayed = None
            _report(probe, strayed, label, exchange)
    if refusals:
        _serving(probe, "after clients that hung up")
    if len(refusals) > 1 and all(not excused(way.send(one.request, False)) for one in ones * 5):
        for label, exchange in refusals[:REPORTED]:
            observed = f"{label}: {status_of(exchange)}"
            probe.holds(False, clause=SAME, expected="200, as before", observed=observed, exchange=exchange)


def _belong(probe: Probe, transports: Sequence[Transport]) -> None:
    ways = [lane(probe, each) for each in transports]
    ones = [known(probe, way) for way in ways]
    total = min(way.affordable(min(1024, max(64, 13 * probe.target.examples))) for way in ways)
    ids = [f"a15-{number}-{number * 7919 % 10007}" for number in range(total)]

    def one(number: int) -> Exchange:
        which = number % len(ways)
        mine = ones[which][number // len(ways) % len(ones[which])]
        return ways[which].send(replace(mine.request, id=ids[number]), False)

    exchanges = together(one, range(total))
    if not all(exchange.answered for exchange in exchanges):
        _serving(probe, f"after {total} requests at once")
        _lost(probe, exchanges, together(one, range(total)))
    judged = 0
    for number, exchange in enumerate(exchanges):
        if excused(exchange):
            continue
        judged += 1
        which = number % len(ways)
        _judge(probe, ways[which], ones[which], number // len(ways) % len(ones[which]), ids, number, exchange)
    flight = most_in_flight(exchanges)
    probe.observe(
        f"{total} requests of {sum(map(len, ones))} kinds, up to {flight} under way at once; "
        f"{total - judged} refused or without an answer"
    )
    if flight < 2:
        probe.inconclusive("no two requests were under way at once: the rate limit, or the endpoint, is in between")
    if not judged:
        probe.untestable(f"none of {total} requests was answered: {status_of(exchanges[0])}")


def _serving(probe: Probe, after: str) -> None:
    seen = alive(probe)
    observed = f"{after}: {seen.problem or 'it serves'}"
    probe.holds(seen.problem is None, clause=CRASH, expected="an endpoint that serves", observed=observed,
                exchange=seen.exchange, root=seen.root)  # fmt: skip


def _lost(probe: Probe, first: Sequence[Exchange], again: Sequence[Exchange]) -> None:
    """Requests that wait for ever while the others are answered; in two rounds, so that it is no moment's doing."""
    waited = [[each for each in exchanges if each.error is not None and each.error.kind == "timeout"]
              for exchanges in (first, again)]  # fmt: skip
    answered = [each.elapsed_s for each in (*first, *again) if each.answered]
    # Where the slowest answer took nearly all the time, the next is only slow.
    quick = bool(answered) and max(answered) < probe.client.budget.limits.request_seconds / 3
    if waited[0] and waited[1] and quick:
        observed = f"{len(waited[0])} of {len(first)}, then {len(waited[1])} of {len(again)} were never answered"
        expected = f"an answer as the others got it, within {max(answered):.1f} s"
        probe.holds(False, clause=HANG, expected=expected, observed=observed, exchange=waited[0][0], root=LOST)


def _judge(
    probe: Probe, way: Lane, ones: Sequence[Known], own: int, ids: Sequence[str], number: int, exchange: Exchange
) -> None:
    label = f"{way.name} request {number} of {len(ids)}"
    strayed = id_strayed(ids[number], way.id_of(exchange), ids)
    if strayed is None:
        strayed = answer_strayed(way.outputs(exchange), own, [one.outputs for one in ones], ones[own].echoed)
        if strayed is not None and len(probe.outcome.violations) < REPORTED and varies_alone(way, ones[own]):
            probe.observe(f"{label}: {strayed.text}; alone, the request is answered differently at times as well")
            return
    _report(probe, strayed, label, exchange)


def _report(probe: Probe, strayed: Strayed | None, label: str, exchange: Exchange) -> None:
    """One case of each criterion; of many violations the first few."""
    if strayed is None:
        probe.holds(True, clause=LEAK, expected="nothing of another request", observed="")
        probe.holds(True, clause=SAME, expected="the answer of the request alone", observed="")
    elif len(probe.outcome.violations) < REPORTED:
        clause = LEAK if strayed.leaked else SAME
        expected = "nothing of another request" if strayed.leaked else "the answer of the request alone"
        observed = f"{label}: {strayed.text}"
        probe.holds(False, clause=clause, expected=expected, observed=observed, exchange=exchange,
                    root=ROOT if strayed.leaked else "same-request-other-answer")  # fmt: skip


def _hang_up(probe: Probe, one: Known, cut: float | None) -> None:
    path = probe.client.model_path(probe.model.name, probe.model.address, "infer")
    body = one.request.to_bytes()
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    start = head(probe.client, "POST", path, headers)
    if cut is None:
        data = start[: len(start) // 2]
    else:
        data = start + body[: int(cut * len(body))]
    send_raw(probe.client, [Piece(data, 0.005)], hang_up=True)
    # The endpoint may need a moment to notice.
    time.sleep(0.01)


def _where(cut: float | None) -> str:
    if cut is None:
        return "within the head"
    return "before its answer" if cut == 1.0 else f"after {cut:.0%} of the body"
