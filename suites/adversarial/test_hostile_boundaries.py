"""Where one request ends and the next begins: lengths in conflict, requests inside of bodies, pipelining (RFC 9112).

Who reads this otherwise than the proxy before it lets one client put words into another's mouth.
"""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.endpoint.rest_route import outputs_of
from harness.generate.hostile.requests import JSON, Hostile, conflicts, hidden_lengths, inner_requests, length
from harness.generate.members import with_members
from harness.judging.hostility import SURVIVES, HostileSequence, changed_outputs, send_hostile, survives, valid_of
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import object_or_none, status_of
from harness.record.exchange import Exchange
from harness.wire.duplex import Piece
from harness.wire.rawhttp import send_raw, went_out

PIPELINED = 5
LATER_SECONDS = 0.3
# Between requests on one connection, so that each is read alone.
APART_SECONDS = 0.05


@check(
    "adversarial-framing-lengths-agree",
    duties=["A15-5-a", "A15-5-h"],
    criteria=[Criterion.NO_CRASH, Criterion.READY_INFERS, Criterion.SAME_ANSWER],
    advice=[Advice.ONE_LENGTH],
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
        if not _at_most(probe, 1, case, Advice.ONE_LENGTH.clause, "reads-on-behind-conflicting-lengths"):
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
    "adversarial-framing-hidden-length-ignored",
    duties=["A15-5-a", "A15-5-h"],
    criteria=[Criterion.NO_CRASH, Criterion.READY_INFERS, Criterion.SAME_ANSWER],
    advice=[Advice.PLAIN_LENGTH],
    criterion="no outputs for a body whose length no header says",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["bare-carriage-return-ends-header"],
    fix="End a header at CRLF (or LF) alone, and refuse other control characters in it with 400.",
)
def adversarial_framing_hidden_length_ignored(probe: Probe) -> None:
    """A length that stands inside of another header, or under a name like it, does not count.

    Behind a bare carriage return, a null character, other line ends of Unicode, in a folded line, with an underscore.
    RFC 9112, sections 2.2, 5.2 and 6.3: refused, or a request without a body. Who reads a length there takes for the
    body what a proxy takes for the next request: hence a warning. ATLAS AML.T0049.
    """
    for case in hidden_lengths(valid_of(probe)):
        found = send_hostile(probe, case, answers=2)
        for exchange in found:
            probe.holds(
                not (exchange.ok and outputs_of(exchange)),
                clause=Advice.PLAIN_LENGTH.clause,
                expected="no outputs: the request has no body",
                observed=f"{case.name} ({case.why}): {status_of(exchange)} with outputs",
                exchange=found[0],
                root="hidden-length-counts",
            )
        if not survives(probe, case.name, case.why, found[0]):
            return


@check(
    "adversarial-framing-body-stays-body",
    duties=["A15-5-a", "A15-5-h"],
    criteria=[Criterion.NO_CRASH, Criterion.READY_INFERS, Criterion.SAME_ANSWER, Criterion.NO_LEAK],
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
        if not _at_most(probe, 2, case, Criterion.NO_LEAK.clause, "body-answered-as-request"):
            return


@check(
    "adversarial-framing-pipelined-in-order",
    duties=["A15-4-c", "A15-5-h"],
    criteria=[*SURVIVES, Criterion.NO_LEAK],
    criterion="requests sent behind each other are answered in their order, or the connection ends",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["pipelined-answers-swapped", "pipelined-answer-lost", "inference-answered-twice"],
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
    pieces = [*map(Piece, together[:-1]), Piece(together[-1], LATER_SECONDS), Piece(later)]

    def send() -> list[Exchange]:
        return send_raw(probe.client, pieces, answers=PIPELINED, each_answered=True)

    found = send()
    HostileSequence(probe).answered("pipelined", f"{PIPELINED} requests in one packet", found[-1], lambda: send()[-1])
    for wanted, exchange in zip(ids, found, strict=False):
        got = (object_or_none(exchange) or {}).get("id") if exchange.ok else None
        probe.holds(
            got in (None, wanted) or got not in ids,
            clause=Criterion.NO_LEAK.clause,
            expected=f"the answer to {wanted}",
            observed=f"the answer to {got}",
            exchange=exchange,
            root="pipelined-answers-mixed-up",
        )
    answers, sent = sum(exchange.answered for exchange in found), went_out(found[0], pieces)
    probe.observe(f"{answers} of {PIPELINED} pipelined requests are answered; {sent} of them went out whole")
    survives(probe, "pipelined", f"{PIPELINED} requests in one packet", found[0])


@check(
    "adversarial-framing-pipelined-routes-in-order",
    duties=["A15-4-c", "A15-5-h"],
    criteria=[*SURVIVES, Criterion.NO_LEAK],
    criterion="requests of different routes sent behind each other are answered in their order, or the connection ends",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["pipelined-quick-routes-first"],
    fix="Answer the requests of a connection one after another, whoever works on each, or close it after the first.",
)
def adversarial_framing_pipelined_routes_in_order(probe: Probe) -> None:
    """Pipelined requests of different routes get their own answers, in their order.

    An inference, health, an unknown model, metadata and a second inference in one packet: who answers quickly what is
    quick puts an answer in front of one that is still owed (RFC 9112, section 9.3.2). Each is told by what it holds; an
    answer that can only be another's is wrong. Fewer answers are accepted if the connection ends.
    """
    valid, request = valid_of(probe), probe.accepted().request
    client, model = probe.client, probe.model
    name, why = "pipelined-routes", "five requests of different routes in one packet"
    pieces, owed = [], []
    for kind, path in (
        ("art15-first", None),
        ("health", "/v2/health/live"),
        ("unknown model", client.model_path(UNKNOWN_MODEL, None)),
        ("metadata", client.model_path(model.name, model.address)),
        ("art15-second", None),
    ):
        body = with_members(request, id=kind)
        post = valid.request(JSON, length(body)) + body
        pieces.append(Piece(post if path is None else valid.request(method="GET", path=path)))
        owed.append(kind)

    def send() -> list[Exchange]:
        return send_raw(client, pieces, answers=len(pieces), each_answered=True)

    found = send()
    HostileSequence(probe).answered(name, why, found[-1], lambda: send()[-1])
    for wanted, exchange in zip(owed, found, strict=False):
        got = _whose(exchange, model.name)
        probe.holds(
            got in (None, wanted),
            clause=Criterion.NO_LEAK.clause,
            expected=f"the answer to {wanted}",
            observed=f"the answer to {got}",
            exchange=exchange,
            root="pipelined-answers-mixed-up",
        )
    probe.observe(f"{sum(each.answered for each in found)} of {len(pieces)} requests of different routes are answered")
    survives(probe, name, why, found[0])


def _whose(exchange: Exchange, model: str) -> str | None:
    """What an answer can only be the answer to; None where it might be anybody's."""
    body = object_or_none(exchange) or {}
    if exchange.ok and body.get("id") in ("art15-first", "art15-second"):
        return str(body["id"])
    if exchange.ok and body.get("name") == model and "inputs" in body and "id" not in body:
        return "metadata"
    return "health" if exchange.ok and "live" in body else None


@check(
    "adversarial-framing-refusals-then-valid",
    duties=["A15-4-c", "A15-4-d"],
    criteria=[*SURVIVES, Criterion.NO_SILENT_CHANGE],
    criterion="after six refused requests on a connection a valid one gets its outputs, or the connection ends",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["connection-dead-after-three-refusals"],
    fix="Keep no state of a refused request in its connection; where that is not possible, close it.",
)
def adversarial_framing_refusals_then_valid(probe: Probe) -> None:
    """After refusals on a connection the next valid request on it gets its outputs, or the connection ends.

    Six requests that nobody can carry out, of different kinds, and then the valid one, on one connection with a pause
    between them. What is asked is the last answer; how the others are refused is for the conformance checks.
    """
    valid = valid_of(probe)
    bodies = (b"{", b"{}", b'{"inputs":[]}', b"[1]", b'{"inputs":[{"name":1}]}', b"")
    bad = [Piece(valid.request(JSON, length(body)) + body, APART_SECONDS) for body in bodies]
    name, why = "refusals-then-valid", f"{len(bad)} refused requests and a valid one on a connection"

    def send() -> Exchange:
        pieces = [*bad, Piece(valid.whole())]
        found = send_raw(probe.client, pieces, answers=len(pieces), each_answered=True)
        if went_out(found[0], pieces) < len(pieces):
            probe.observe(f"{name}: {went_out(found[0], pieces)} of {len(pieces)} requests went out whole")
        return found[-1]

    for _, exchange in HostileSequence(probe).each([(name, why, send)]):
        change = changed_outputs(probe, exchange)
        probe.holds(
            change is None,
            clause=Criterion.NO_SILENT_CHANGE.clause,
            expected="the outputs of the valid request",
            observed=f"{name} ({why}): {change}",
            exchange=exchange,
            root="outputs-changed-after-refusals",
        )
