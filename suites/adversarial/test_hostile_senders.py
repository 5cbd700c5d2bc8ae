"""Clients that do not finish their requests: gone, cut off, or slow."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.endpoint.rest_route import outputs_of
from harness.generate.hostile.requests import JSON, Hostile, Valid, incomplete, length
from harness.judging.bodies_in_pieces import bodies_in_pieces
from harness.judging.hostility import first_answer, survives, valid_of
from harness.judging.still_serves import alive
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.rawhttp import held

DISCONNECTS = 40
HELD, HELD_UNDER_STRESS = 4, 256


@check(
    "adversarial-framing-incomplete-survived",
    duties=["A15-4-c", "A15-5-a"],
    criteria=[Criterion.NO_CRASH, Criterion.READY_INFERS, Criterion.SAME_ANSWER, Criterion.NO_LEAK],
    criterion="no request that was cut short gets outputs, and the endpoint infers as before after each",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["disconnect-ends-process", "disconnect-poisons-next", "disconnects-use-up-workers"],
    fix="Treat the end of the connection inside of a request as the end of that request, and release what it held.",
)
def adversarial_framing_incomplete_survived(probe: Probe) -> None:
    """Requests that are cut short are not answered with outputs, and leave an endpoint that infers.

    Heads, bodies and chunks end in the middle; the client says that nothing more comes, or is gone. Then it goes
    away in the middle of the body 40 times more. A server may wait for the rest: no answer is asked for.
    ATLAS AML.T0029 (denial of ML service).
    """
    cases = list(incomplete(valid_of(probe)))
    for case in cases:
        exchange = first_answer(probe, case)
        if case.no_outputs:
            _no_outputs(probe, case, exchange)
        if not survives(probe, case.name, case.why, exchange):
            return
    gone = next(case for case in cases if case.name == "cut-body-hang-up")
    for _ in range(DISCONNECTS):
        exchange = first_answer(probe, gone)
    survives(probe, f"{DISCONNECTS}-disconnects", "the client goes away inside of the body, many times", exchange)


def _no_outputs(probe: Probe, case: Hostile, exchange: Exchange) -> None:
    probe.holds(
        not (exchange.ok and outputs_of(exchange)),
        clause=Criterion.NO_LEAK.clause,
        expected="no outputs for values that were never sent",
        observed=f"{case.name} ({case.why}): {status_of(exchange)} with outputs",
        exchange=exchange,
        root="outputs-for-a-cut-request",
    )


@check(
    "adversarial-framing-slow-sender-alone",
    duties=["A15-4-c", "A15-5-a"],
    criteria=[Criterion.NO_HANG, Criterion.NO_CRASH, Criterion.READY_INFERS, Criterion.SAME_ANSWER],
    criterion=f"while {HELD} clients do not finish their requests, another one is answered",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["slow-sender-blocks-everybody"],
    fix="Read requests without holding a worker, and limit the time for head and body.",
)
def adversarial_framing_slow_sender_alone(probe: Probe) -> None:
    """Clients that do not finish their requests hold up nobody else.

    Four connections with half a head, then four with half a body, stay open while the valid request is sent.
    ATLAS AML.T0029 (denial of ML service).
    """
    _others_served(probe, valid_of(probe), HELD, Criterion.NO_HANG.clause)


@check(
    "adversarial-framing-many-slow-senders",
    duties=["A15-4-c", "A15-5-a"],
    criteria=[Criterion.NO_CRASH, Criterion.READY_INFERS, Criterion.SAME_ANSWER],
    advice=[Advice.SERVES_OTHERS],
    criterion=f"while {HELD_UNDER_STRESS} clients do not finish their requests, another one is answered",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["slow-sender-blocks-everybody"],
    allow="stress",
    fix="Limit the connections of one client, and the time for head and body.",
)
def adversarial_framing_many_slow_senders(probe: Probe) -> None:
    """Many clients that do not finish their requests hold up nobody else.

    256 connections with half a head, then with half a body. A server may limit its connections: while they are held,
    being kept out is a warning. ATLAS AML.T0029.
    """
    _others_served(probe, valid_of(probe), HELD_UNDER_STRESS, Advice.SERVES_OTHERS.clause)


@check(
    "adversarial-framing-bodies-in-pieces",
    duties=["A15-4-d", "A15-5-b"],
    criteria=[Criterion.SAME_ANSWER],
    criterion="a valid body gets the same answer in one piece, in pieces with pauses between them, and in chunks",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["body-is-its-first-piece", "body-is-its-first-64-kib"],
    fix="Read a body to its end, by its length or its last chunk, before anything is parsed.",
)
def adversarial_framing_bodies_in_pieces(probe: Probe) -> None:
    """A body is read to its end, however it comes.

    The valid request as it is, and with 70 and 300 KiB of blanks in front, each in one piece, in pieces with pauses
    of 50 ms (after the head, within the body, before its last byte), and in chunks, side by side. Where one way is
    answered with outputs, the others are. That a server takes no such length, no chunks, or waits no longer is its own
    affair where the status says so.
    """
    bodies_in_pieces(probe, valid_of(probe))


def _others_served(probe: Probe, valid: Valid, count: int, clause: str) -> None:
    begun = valid.request(JSON, length(valid.body))
    for name, data in (("half a head", begun[: len(begun) // 2]), ("half a body", begun + valid.body[:5])):
        with held(probe.client, data, count) as kept:
            during = alive(probe, patience=probe.client.budget.limits.request_seconds)
        if not survives(probe, name.replace(" ", "-"), f"sent {count} times and held", kept[-1]):
            return
        probe.holds(
            during.problem is None,
            clause=clause,
            expected="an answer to another client",
            observed=f"{count} connections with {name} each: {during.problem}",
            exchange=during.exchange,
            root="slow-senders-hold-up-others",
        )
