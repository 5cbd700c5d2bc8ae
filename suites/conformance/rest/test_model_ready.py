"""Model readiness: GET v2/models/M/ready (inference_rest.md, "API Definitions")."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.ready_infers import ready_means_able
from harness.probing.json_values import shown
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import object_or_none, refused, status_of


@check(
    "rest-model-ready-answers-200",
    clauses=["REST-MREADY-01"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="after a successful inference, the model's ready path answers exactly 200",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["model-ready-404"],
    fix="Answer 200 at v2/models/M/ready for every model that is loaded.",
)
def rest_model_ready_answers_200(probe: Probe) -> None:
    """A model that infers is reported as ready.

    One GET of the model's ready path, after the model has answered an inference.
    """
    probe.accepted()
    exchange = probe.client.model_ready(probe.model.name, probe.model.address)
    probe.holds(exchange.ok, expected="status 200", observed=status_of(exchange), exchange=exchange)


@check(
    "rest-model-ready-body-agrees",
    clauses=["REST-MREADY-02"],
    duties=["A15-4-d"],
    criterion="a JSON object in a 200 has no ready other than true and no name other than the model's",
    per="model",
    needs=["rest-model-ready-answers-200"],
    faults=["model-ready-wrong-name"],
    fix="Send no body, or the name that was asked for and the boolean true.",
)
def rest_model_ready_body_agrees(probe: Probe) -> None:
    """The body of a model's ready answer speaks of that model.

    The documents differ on the body: empty is accepted; members ready and name are looked at where present.
    """
    exchange = probe.answered(probe.client.model_ready(probe.model.name, probe.model.address))
    body = object_or_none(exchange) or {}
    if "ready" in body:
        probe.holds(body["ready"] is True, expected="ready is true", observed=shown(body["ready"]), exchange=exchange)
    if "name" in body:
        same = body["name"] == probe.model.name
        probe.holds(same, expected=f"name is {probe.model.name!r}", observed=shown(body["name"]), exchange=exchange)
    if not {"ready", "name"} & body.keys():
        probe.holds(True, expected="no member that disagrees", observed="neither member present")


@check(
    "rest-unknown-model-not-ready",
    clauses=["REST-MREADY-03", "REST-MREADY-04"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="an unknown model answers an error status, or 200 with ready false",
    faults=["any-model-name-answered", "unknown-model-ready"],
    fix="Look the model up before answering; 404 is usual.",
)
def rest_unknown_model_not_ready(probe: Probe) -> None:
    """A model that does not exist is never reported as ready.

    One GET of the ready path of a name that no server has.
    """
    exchange = probe.answered(probe.client.model_ready(UNKNOWN_MODEL))
    body = object_or_none(exchange) or {}
    good = refused(exchange) or (exchange.status == 200 and body.get("ready") is False)
    expected = "an error status, or ready false"
    observed = status_of(exchange)
    root = name_root(probe, "unknown-model-answered:ready" if exchange.ok else None)
    probe.holds(good, clause="REST-MREADY-03", expected=expected, observed=observed, exchange=exchange, root=root)
    if refused(exchange):
        probe.holds(True, clause="REST-MREADY-04", expected="any body", observed=observed)
        kind = "an object with " + ", ".join(sorted(body)) if body else "no JSON object"
        probe.observe(f"the negative answer is {exchange.status} with {kind}", "REST-MREADY-04")


@check(
    "rest-ready-agrees-with-infer",
    clauses=["REST-MREADY-05"],
    duties=["A15-4-i"],
    criterion="while ready answers 200, a valid inference is not refused as unavailable",
    per="model",
    needs=["rest-model-ready-answers-200"],
    faults=["ready-but-infer-503"],
    fix="Report a model ready only once it is loaded; report it not ready while it cannot infer.",
)
def rest_ready_agrees_with_infer(probe: Probe) -> None:
    """While a model says it is ready, it infers.

    Three rounds of ready and a valid inference at once; one repetition is allowed, as replicas may differ for a moment.
    """
    for _ in range(3):
        if not probe.answered(probe.client.model_ready(probe.model.name, probe.model.address)).ok:
            continue
        exchange = probe.infer()
        if exchange.status in (None, 503):
            exchange = probe.infer()
        good = exchange.status not in (None, 503)
        probe.holds(good, expected="an inference, as ready said", observed=status_of(exchange), exchange=exchange)


@check(
    "rest-ready-model-infers",
    criteria=[Criterion.READY_INFERS],
    duties=["A15-4-d", "A15-4-i"],
    criterion="a model that says it is ready does not answer every valid request with a 5xx",
    per="model",
    faults=["ready-and-every-inference-500"],
    fix="Report a model ready only once an inference has worked; report it not ready while none does.",
)
def rest_ready_model_infers(probe: Probe) -> None:
    """A model that is ready infers.

    Where every valid request was answered with a 5xx (501 and "not now" are none): three rounds of ready and an
    inference. It fails where the request is a sample of the operator, or metadata describe it wholly (numbers, no open
    dimension but the first); elsewhere the model may want what nobody has said, and it warns.
    """
    client, model = probe.client, probe.model
    ready_means_able(probe, model.rest, lambda: client.model_ready(model.name, model.address).ok)
