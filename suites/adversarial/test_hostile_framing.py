"""Requests that are hostile by their framing: cut, in conflict with themselves, pipelined, slow (RFC 9112)."""

from __future__ import annotations

from functools import partial

from harness.check import check
from harness.generate.hostile import (
    JSON,
    Hostile,
    Valid,
    chunkings,
    conflicts,
    floods,
    incomplete,
    inner_requests,
    length,
    odd_heads,
)
from harness.generate.members import with_members
from harness.record.exchange import Exchange
from harness.target.alive import alive
from harness.target.hostility import SURVIVES, Siege, changed_outputs, send_hostile, survives, valid_of
from harness.target.models import outputs_of
from harness.target.probe import Probe
from harness.target.replies import object_or_none, status_of
from harness.wire.rawhttp import Piece, held, send_raw

DISCONNECTS = 40
PIPELINED = 5
LATER_SECONDS = 0.3
HELD, HELD_UNDER_STRESS = 4, 256


def _first(probe: Probe, case: Hostile) -> Exchange:
    return send_hostile(probe, case)[0]


@check(
    "adversarial-framing-incomplete-survived",
    duties=["A15-4-c", "A15-5-a"],
    criteria=["no-crash", "ready-infers", "same-answer", "no-leak"],
    criterion="no request that was cut short gets outputs, and the endpoint infers as before after each",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["disconnect-ends-process", "disconnect-poisons-next"],
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
        exchange = _first(probe, case)
        if case.no_outputs:
            _no_outputs(probe, case, exchange)
        if not survives(probe, case.name, case.why, exchange):
            return
    gone = next(case for case in cases if case.name == "cut-body-hang-up")
    for _ in range(DISCONNECTS):
        exchange = _first(probe, gone)
    survives(probe, f"{DISCONNECTS}-disconnects", "the client goes away inside of the body, many times", exchange)


def _no_outputs(probe: Probe, case: Hostile, exchange: Exchange) -> None:
    probe.holds(
        not (exchange.ok and outputs_of(exchange)),
        clause="policy:no-leak",
        expected="no outputs for values that were never sent",
        observed=f"{case.name} ({case.why}): {status_of(exchange)} with outputs",
        exchange=exchange,
        root="outputs-for-a-cut-request",
    )


@check(
    "adversarial-framing-lengths-agree",
    duties=["A15-5-a", "A15-5-h"],
    criteria=["no-crash", "ready-infers", "same-answer"],
    advice=["one-length"],
    criterion="no second answer on a connection whose first request says its length in two ways",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[
        "length-wins-over-chunks",
        "chunks-win-and-connection-lives",
        "first-of-two-lengths",
        "space-before-colon-ignored",
    ],
    fix="Answer such a request with 400 and close the connection; never read on behind it.",
)
def adversarial_framing_lengths_agree(probe: Probe) -> None:
    """A request that says its length in two ways is answered at most once, and its connection ends.

    Two Content-Length, or one beside Transfer-Encoding, with a second request inside or behind. RFC 9112, sections
    6.1 and 6.3: refused, or read by Transfer-Encoding, and closed in any case. Who reads on lets an attacker's
    second request pass a proxy unseen (request smuggling). A proxy that keeps to the RFC forwards none of these:
    hence a warning. ATLAS AML.T0049 (exploit public-facing application).
    """
    for case in conflicts(valid_of(probe)):
        if not _at_most(probe, 1, case, "advice:one-length", "reads-on-behind-conflicting-lengths"):
            return


def _at_most(probe: Probe, most: int, case: Hostile, clause: str, root: str) -> bool:
    """No more answers than that; gives whether the endpoint serves on."""
    found = send_hostile(probe, case, answers=most + 1)
    answers = [exchange for exchange in found if exchange.answered]
    statuses = ", ".join(status_of(exchange) for exchange in answers) or "none"
    probe.holds(
        len(answers) <= most,
        clause=clause,
        expected=f"{most} answers at most",
        observed=f"{case.name} ({case.why}): answers {statuses}",
        exchange=found[0],
        root=root,
    )
    return survives(probe, case.name, case.why, found[0])


@check(
    "adversarial-framing-body-stays-body",
    duties=["A15-5-a", "A15-5-h"],
    criteria=["no-crash", "ready-infers", "same-answer", "no-leak"],
    criterion="no answer to a request that stands in the body of another one",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["body-of-get-is-next-request", "body-of-unknown-path-is-next-request"],
    fix="Read the body of every request to its end, or close the connection after the answer.",
)
def adversarial_framing_body_stays_body(probe: Probe) -> None:
    """A request in the body of another one is not answered.

    The body of GET, of infer, of an unknown path or model and of a wrong verb is a request itself; its length is
    said once and rightly, and a last request follows. A server that refuses without reading the body must close
    (RFC 9112, section 9.3), or the body is the next request of somebody else behind the same proxy.
    ATLAS AML.T0049.
    """
    for case in inner_requests(valid_of(probe)):
        if not _at_most(probe, 2, case, "policy:no-leak", "body-answered-as-request"):
            return


@check(
    "adversarial-framing-chunked-same-answer",
    duties=["A15-4-c", "A15-4-d"],
    criteria=[*SURVIVES, "no-silent-change"],
    criterion="a body in chunks, however cut, is answered with the same outputs or refused",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[],
    fix="Leave chunked bodies to a maintained HTTP library.",
)
def adversarial_framing_chunked_same_answer(probe: Probe) -> None:
    """A valid request in chunks gets the outputs that it gets in one piece, or is refused.

    Chunks of one byte, extensions, leading zeros, trailers, packets that end inside of a chunk size (RFC 9112,
    section 7.1). Refusing chunks is noted, not held against the endpoint.
    """
    cases = {case.name: case for case in chunkings(valid_of(probe))}
    sends = [(case.name, case.why, partial(_first, probe, case)) for case in cases.values()]
    for name, exchange in Siege(probe).each(sends):
        if not exchange.ok:
            probe.observe(f"{name} ({cases[name].why}): {status_of(exchange)}")
        change = changed_outputs(probe, exchange)
        probe.holds(
            change is None,
            clause="policy:no-silent-change",
            expected="the outputs of the request in one piece",
            observed=f"{name} ({cases[name].why}): {change}",
            exchange=exchange,
            root="chunked-body-read-wrongly",
        )


@check(
    "adversarial-framing-odd-heads-answered",
    duties=["A15-4-c", "A15-5-a"],
    criteria=SURVIVES,
    criterion="each whole request with an odd head is answered or cut off, and the endpoint infers as before",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[
        "signed-length-ends-process",
        "header-flood-ends-process",
        "odd-method-ends-process",
        "expect-continue-hangs",
    ],
    fix="Answer what cannot be read with 400 and close the connection.",
)
def adversarial_framing_odd_heads_answered(probe: Probe) -> None:
    """Requests with odd heads are answered or cut off, and leave an endpoint that infers as before.

    Versions, methods, targets and headers that no client sends, lengths that are no numbers, bytes that are no
    request. Any status is accepted, and the end of the connection, too. ATLAS AML.T0049.
    """
    cases = list(odd_heads(valid_of(probe), probe.client.access.host_header))
    whole = [(case.name, case.why, partial(_first, probe, case)) for case in cases if case.complete]
    for _ in Siege(probe).each(whole):
        pass
    for case in cases:
        if not case.complete and not survives(probe, case.name, case.why, _first(probe, case)):
            return


@check(
    "adversarial-framing-pipelined-in-order",
    duties=["A15-4-c", "A15-5-h"],
    criteria=[*SURVIVES, "no-leak"],
    criterion="requests sent behind each other are answered in their order, or the connection ends",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["pipelined-answers-swapped", "pipelined-answer-lost"],
    fix="Answer the requests of a connection one after another, or close it after the first.",
)
def adversarial_framing_pipelined_in_order(probe: Probe) -> None:
    """Pipelined requests get their own answers, in their order.

    Four inferences with ids of their own in one packet, and a fifth a little later (RFC 9112, section 9.3.2). Fewer
    answers are accepted if the connection ends; an answer with the id of another request is not, nor one to the fifth
    in place of one that is still owed.
    """
    valid, request = valid_of(probe), probe.accepted().request
    ids = [f"art15-pipelined-{n}" for n in range(PIPELINED)]
    bodies = [with_members(request, id=each) for each in ids]
    *together, later = [valid.request(JSON, length(body)) + body for body in bodies]
    pieces = [Piece(b"".join(together), LATER_SECONDS), Piece(later)]
    found = send_raw(probe.client, pieces, answers=PIPELINED)
    Siege(probe).answered(
        "pipelined", f"{PIPELINED} requests in one packet", found[-1],
        lambda: send_raw(probe.client, pieces, answers=PIPELINED)[-1],
    )  # fmt: skip
    for wanted, exchange in zip(ids, found, strict=False):
        got = (object_or_none(exchange) or {}).get("id") if exchange.ok else None
        probe.holds(
            got in (None, wanted) or got not in ids,
            clause="policy:no-leak",
            expected=f"the answer to {wanted}",
            observed=f"the answer to {got}",
            exchange=exchange,
            root="pipelined-answers-mixed-up",
        )
    probe.observe(f"{sum(exchange.answered for exchange in found)} of {PIPELINED} pipelined requests are answered")
    survives(probe, "pipelined", f"{PIPELINED} requests in one packet", found[0])


@check(
    "adversarial-framing-slow-sender-alone",
    duties=["A15-4-c", "A15-5-a"],
    criteria=["no-hang", "no-crash", "ready-infers", "same-answer"],
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
    _others_served(probe, valid_of(probe), HELD)


@check(
    "adversarial-framing-many-slow-senders",
    duties=["A15-4-c", "A15-5-a"],
    criteria=["no-hang", "no-crash", "ready-infers", "same-answer"],
    criterion=f"while {HELD_UNDER_STRESS} clients do not finish their requests, another one is answered",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[],
    allow="stress",
    fix="Limit the connections of one client, and the time for head and body.",
)
def adversarial_framing_many_slow_senders(probe: Probe) -> None:
    """Many clients that do not finish their requests hold up nobody else.

    256 connections with half a head, then with half a body. ATLAS AML.T0029.
    """
    _others_served(probe, valid_of(probe), HELD_UNDER_STRESS)


def _others_served(probe: Probe, valid: Valid, count: int) -> None:
    begun = valid.request(JSON, length(valid.body))
    for name, data in (("half a head", begun[: len(begun) // 2]), ("half a body", begun + valid.body[:5])):
        with held(probe.client, data, count) as kept:
            during = alive(probe, patience=probe.client.budget.limits.request_seconds)
        if not survives(probe, name.replace(" ", "-"), f"sent {count} times and held", kept[-1]):
            return
        probe.holds(
            during.problem is None,
            clause="policy:no-hang",
            expected="an answer to another client",
            observed=f"{count} connections with {name} each: {during.problem}",
            exchange=during.exchange,
            root="slow-senders-hold-up-others",
        )


@check(
    "adversarial-framing-floods-survived",
    duties=["A15-4-c", "A15-5-a"],
    criteria=SURVIVES,
    criterion="heads of megabytes are answered or cut off, and the endpoint infers as before",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[],
    allow="stress",
    fix="Limit number and size of headers (431) and the size of the target (414).",
)
def adversarial_framing_floods_survived(probe: Probe) -> None:
    """Floods of headers are answered or cut off, and leave an endpoint that infers as before.

    10 000 headers, a header, a name and a query of 1 MiB, chunk extensions without end.
    ATLAS AML.T0029.
    """
    cases = floods(valid_of(probe))
    for _ in Siege(probe).each((case.name, case.why, partial(_first, probe, case)) for case in cases):
        pass
