"""Inference requests: POST v2/models/M/infer (inference_rest.md, "Inference Request JSON Object")."""

from __future__ import annotations

from harness.check import Untestable, check
from harness.endpoint.rest_route import NESTED
from harness.probing.probe import Probe
from harness.probing.replies import status_of

# Statuses that say "there is no such operation here", rather than "this request is not for me".
UNROUTED = (404, 405, 501)


@check(
    "rest-infer-answers-200",
    clauses=["REST-INFER-01", "REST-RESP-01", "REST-HTTP-01", "TDATA-01"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="a smallest valid request (inputs only) is answered with exactly 200",
    per="model",
    faults=["infer-404", "status-201", "requires-id", "requires-outputs", "flat-refused"],
    fix="Answer 200 with the inference; id, parameters and outputs are optional in a request.",
)
def rest_infer_answers_200(probe: Probe) -> None:
    """A request that holds only inputs is answered 200.

    Inputs are made from the model's own metadata (or taken from the policy's samples), plainest first, until one is
    accepted. A model that refuses them all with its own words is untestable, not at fault: it may want inputs that
    metadata cannot describe. No answer at all, an unrouted operation, or acceptance only with an optional member or
    with nested data is held against the endpoint.
    """
    try:
        exchange = probe.model.rest.accepted().exchange
    except Untestable:
        if not probe.model.rest.refusals:
            raise
        exchange = probe.model.rest.refusals[0]
        if exchange.status in UNROUTED:
            expected = "the operation is routed"
            probe.holds(
                False, clause="REST-HTTP-01", expected=expected, observed=status_of(exchange), exchange=exchange
            )
            return
        if exchange.status is not None:
            raise
        probe.holds(
            False, clause="REST-INFER-01", expected="an answer", observed=status_of(exchange), exchange=exchange
        )
        return
    probe.holds(True, clause="REST-HTTP-01", expected="the operation is routed", observed=status_of(exchange))
    if probe.model.rest.sequence_only:
        probe.observe(
            "nothing is taken outside of a sequence: each request is sent as a sequence of one", "REST-INFER-01"
        )
    requires = probe.model.rest.requires
    refusal = probe.model.rest.refusals[0] if requires else exchange
    observed = f"{status_of(refusal)}{f', but accepted with {requires}' if requires else ''}"
    flat, whole = requires != NESTED, requires in (None, NESTED)
    expected = "flat data is accepted"
    probe.holds(flat, clause="TDATA-01", expected=expected, observed=observed, exchange=refusal)
    expected = "an answer without optional members"
    probe.holds(whole, clause="REST-INFER-01", expected=expected, observed=observed, exchange=refusal)
    expected = "exactly 200 and the whole body"
    probe.holds(exchange.ok, clause="REST-RESP-01", expected=expected, observed=status_of(exchange), exchange=exchange)
