"""Valid inputs that nobody thought of: boundary values, odd batches, huge texts, drawn from the model's metadata.

No knowledge of the model is needed: the same request again, the same tensor in another spelling or over the other
transport. What no counterexample was found for is not shown to hold.
"""

from __future__ import annotations

import json
from functools import partial

from hypothesis import strategies as st

from harness.check import check
from harness.criteria import Criterion
from harness.endpoint.rest_route import NESTED, outputs_of
from harness.generate.strategies import DrawnRequest, classes
from harness.judging.encodings import RAW, TYPED, EncodedAnswer, answers, apart, both_answer
from harness.judging.exploring import PropertyCase, drawn_requests, explore, look, unanswered
from harness.judging.mixed_up import VARIES
from harness.judging.still_serves import serving
from harness.oracles.equality import difference, form_differs
from harness.probing.probe import Probe
from harness.probing.replies import error_object_problem, error_root, refused, status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.pace import SHEDDING

DUTIES = ["A15-4-d", "A15-5-b"]


@check(
    "adversarial-valid-answered",
    clauses=["REST-ERR-01", "REST-ERR-02"],
    criteria=[Criterion.NO_CRASH, Criterion.NO_HANG],
    duties=["A15-4-c", "A15-5-b", "A15-5-h"],
    criterion="every request that is valid by the metadata is answered with 200, or refused with an error object",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["denormal-ends-process"],
    fix="Check limits of your own before computing, and answer what exceeds them with an error object.",
    kind="search",
)
def adversarial_valid_answered(probe: Probe) -> None:
    """Valid requests are answered or cleanly refused.

    Draws requests from the metadata (boundary values of each datatype, odd batches, texts of some kilobytes; samples of
    the policy where there are any). A model may have limits of its own, so that a refusal with an error object is
    right; a 5xx with one is recorded. ATLAS AML.T0043.
    """
    fivefold: dict[int, int] = {}

    def judge(drawn: DrawnRequest) -> list[PropertyCase]:
        request = drawn.request
        exchange = probe.model.rest.infer(request)
        again = partial(probe.model.rest.infer, request, fresh=True)
        cases = unanswered(probe, exchange, again, "a valid request", closed="REST-ERR-01")
        exchange = (cases[0].exchange if cases else None) or exchange
        if not cases or not cases[0].held or exchange.ok or exchange.status in SHEDDING:
            return cases
        if exchange.status is not None and exchange.status >= 500:
            fivefold[exchange.status] = fivefold.get(exchange.status, 0) + 1
        good = refused(exchange)
        observed = f"a valid request: {status_of(exchange)}"
        cases.append(
            PropertyCase("REST-ERR-01", good, "200 or an error status", observed, "valid-answered-oddly", exchange)
        )
        problem = error_object_problem(exchange) if good else None
        observed = f"{observed}, {problem or 'an error object'}"
        expected = "a JSON object with a string error"
        cases.append(PropertyCase("REST-ERR-02", problem is None, expected, observed, error_root(exchange), exchange))
        return cases

    def sends(drawn: DrawnRequest) -> Exchange:
        return probe.model.rest.infer(drawn.request)

    explore(probe, drawn_requests(probe), judge, examples=4 * probe.endpoint.examples, label=_classes, sends=sends)
    serving(probe, look(probe))
    for status, count in sorted(fivefold.items()):
        probe.observe(f"{count} requests that are valid by the metadata were answered {status}")


@check(
    "adversarial-same-request-same-answer",
    criteria=[Criterion.SAME_ANSWER],
    duties=DUTIES,
    criterion="a valid request gets the answer that it got before, whatever other valid request came between",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["empty-tensor-answers-previous"],
    fix="Let nothing of a request outlive it: caches, buffers and states keyed by less than the whole input.",
    kind="search",
)
def adversarial_same_request_same_answer(probe: Probe) -> None:
    """The same valid request gets the same answer again.

    Draws two valid requests and sends first, second, first. The two answers to the first must agree in status and,
    within the tolerance for floats, in their outputs. Models that are declared nondeterministic are excused.
    """
    probe.steady()

    def judge(pair: tuple[DrawnRequest, DrawnRequest]) -> list[PropertyCase]:
        request = pair[0].request
        before = probe.model.rest.infer(request)
        probe.model.rest.infer(pair[1].request)
        after = probe.model.rest.infer(request)
        if _nothing_said(before) or _nothing_said(after):
            return []
        found = _differ(before, after)
        observed = f"the same request again: {found or 'the same'}"
        return [
            PropertyCase(
                Criterion.SAME_ANSWER.clause, found is None, "the same answer", observed, "answer-changes", after
            )
        ]

    drawn = drawn_requests(probe)
    pairs = [st.tuples(each, st.one_of(drawn)) for each in drawn]
    explore(probe, pairs, judge, examples=2 * probe.endpoint.examples, label=lambda pair: _classes(pair[0]))


@check(
    "adversarial-spellings-agree",
    clauses=["TDATA-03"],
    criteria=[Criterion.SAME_ANSWER],
    duties=DUTIES,
    criterion="flat, nested and escaped spellings of one drawn tensor get one answer",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["column-major"],
    fix="Turn every spelling into the same tensor before anything looks at it.",
    kind="search",
)
def adversarial_spellings_agree(probe: Probe) -> None:
    """One tensor, one answer, however its JSON is spelt.

    A drawn request is sent flat, nested, and flat with every character beyond ASCII escaped; answers that are 200 must
    agree within the tolerance for floats. Which of the spellings are refused is the business of other checks.
    """
    probe.steady()
    client, model = probe.client, probe.model

    def judge(drawn: DrawnRequest) -> list[PropertyCase]:
        request = drawn.request
        flat = model.rest.infer(request)
        cases = []
        for name, body in _spellings(request, nested=model.rest.requires != NESTED).items():
            other = client.infer(model.name, body, model.address)
            if not flat.ok or not other.ok:
                continue
            found = difference(outputs_of(flat), outputs_of(other), exact=False)
            if found is not None:
                # Where the plain spelling itself is answered differently now, spelling is not what it is about.
                again = model.rest.infer(request)
                varies = None if _nothing_said(again) else _differ(flat, again)
                if varies is not None:
                    clause, observed = Criterion.SAME_ANSWER.clause, f"flat, asked again: {varies}"
                    cases.append(PropertyCase(clause, False, "the same answer", observed, VARIES, again))
                    continue
            clause = "TDATA-03" if name == "nested" else Criterion.SAME_ANSWER.clause
            observed = f"flat against {name}: {found or 'the same'}"
            cases.append(
                PropertyCase(clause, found is None, "the same answer", observed, f"spelling-{name}-differs", other)
            )
        return cases

    def sends(drawn: DrawnRequest) -> None:
        model.rest.infer(drawn.request)
        for body in _spellings(drawn.request, nested=model.rest.requires != NESTED).values():
            client.infer(model.name, body, model.address)

    explore(probe, drawn_requests(probe), judge, examples=2 * probe.endpoint.examples, label=_classes, sends=sends)
    if not probe.outcome.cases:
        probe.not_applicable("no drawn request has two spellings that the model takes")


@check(
    "adversarial-transports-agree",
    clauses=["GRPC-INFER-07"],
    criteria=[Criterion.SAME_ANSWER],
    duties=DUTIES,
    criterion="a drawn request gets the same names, shapes and bits by JSON, binary data, typed and raw contents",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["fp32-as-fp16", "bytes-cut-at-nul", "negative-zero-loses-sign"],
    fix="Decode every form into the same tensor, and encode every reply from the same one.",
    kind="search",
    transport="both",
)
def adversarial_transports_agree(probe: Probe) -> None:
    """A drawn tensor gets one answer, whichever way it comes.

    Boundary values, NaN and infinities among them, by every way that can carry them; the answers that came are held
    against each other bit for bit in their datatype, where there is one over each transport. A way may refuse what it
    cannot carry.
    """
    both_answer(probe)
    probe.steady()

    def judge(drawn: DrawnRequest) -> list[PropertyCase]:
        found = [each for each in answers(probe, drawn.request) if each.readable]
        # One transport against itself says nothing of whether the two agree.
        both = len({each.way in (TYPED, RAW) for each in found}) > 1
        return [_agree(found[0], each) for each in found[1:]] if both else []

    def sends(drawn: DrawnRequest) -> list[EncodedAnswer]:
        return answers(probe, drawn.request)

    drawn = drawn_requests(probe, finite=False)
    explore(probe, drawn, judge, examples=probe.endpoint.examples, label=_classes, sends=sends)
    if not probe.outcome.cases:
        probe.untestable("no drawn request was answered over both transports")


def _agree(first: EncodedAnswer, second: EncodedAnswer) -> PropertyCase:
    found = apart(first, second)
    observed = f"{first.way} against {second.way}: {found or 'the same'}"
    root = f"transports-differ:{second.way}"
    return PropertyCase("GRPC-INFER-07", found is None, "the same answer", observed, root, second.exchange)


def _classes(drawn: DrawnRequest) -> list[str]:
    return classes(drawn.request)


def _spellings(request: InferRequest, *, nested: bool) -> dict[str, bytes]:
    """Other JSON texts for the same request than the plain one."""
    found: dict[str, bytes] = {}
    if nested and any(len(tensor.shape) > 1 for tensor in request.inputs):
        found["nested"] = request.to_bytes(nested=True)
    escaped = json.dumps(request.to_value()).encode("ascii")
    if b"\\u" in escaped:
        found["escaped"] = escaped
    return found


def _nothing_said(exchange: Exchange) -> bool:
    return exchange.error is not None or exchange.status in SHEDDING


def _differ(before: Exchange, after: Exchange) -> str | None:
    if before.status != after.status:
        return f"status {before.status}, then {after.status}"
    if not before.ok:
        return None
    one, other = outputs_of(before), outputs_of(after)
    return difference(one, other, exact=False) or form_differs(one, other)
