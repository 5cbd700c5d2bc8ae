"""Health: GET v2/health/live and GET v2/health/ready (inference_rest.md, "API Definitions")."""

from __future__ import annotations

from harness.check import check
from harness.probing.json_values import shown
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, status_of
from harness.record.exchange import Exchange


@check(
    "rest-live-answers-200",
    clauses=["REST-HEALTH-01"],
    duties=["A15-4-d"],
    criterion="GET v2/health/live answers exactly 200",
    faults=["live-404"],
    fix="Route GET v2/health/live and answer 200 whenever the process can answer at all.",
)
def rest_live_answers_200(probe: Probe) -> None:
    """The live endpoint of a running server answers 200.

    One GET without a body; any status but 200, or no answer, breaks it.
    """
    exchange = probe.client.server_live()
    probe.holds(exchange.ok, expected="status 200", observed=status_of(exchange), exchange=exchange)


@check(
    "rest-live-body-agrees",
    clauses=["REST-HEALTH-03"],
    duties=["A15-4-d"],
    criterion="a JSON object in the live answer has no member live other than true",
    needs=["rest-live-answers-200"],
    faults=["live-says-false"],
    fix="Send no body, or the boolean true as the member live.",
)
def rest_live_body_agrees(probe: Probe) -> None:
    """The body of a 200 from the live endpoint does not deny that the server is live.

    The documents differ on the body; empty, anything that is not JSON, and any object are accepted. Only a member
    live of an object is looked at.
    """
    exchange = probe.answered(probe.client.server_live())
    _member_true(probe, exchange, ("live",))


@check(
    "rest-ready-answers-200",
    clauses=["REST-HEALTH-02"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="GET v2/health/ready answers exactly 200 while the models under test infer",
    faults=["ready-503"],
    fix="Answer 200 at v2/health/ready once every configured model is loaded.",
)
def rest_ready_answers_200(probe: Probe) -> None:
    """The ready endpoint answers 200 while the models can infer.

    One GET without a body. Other than 200 is only held against a server whose model under test is ready and infers.
    """
    exchange = probe.client.server_ready()
    if exchange.ok or not exchange.answered:
        probe.holds(exchange.ok, expected="status 200", observed=status_of(exchange), exchange=exchange)
        return
    if not all(model.rest.first_answer().ok for model in probe.endpoint.models):
        probe.untestable("not ready, and not every model under test infers: the server may be right")
    probe.holds(False, expected="status 200", observed=status_of(exchange), exchange=exchange)


@check(
    "rest-ready-body-agrees",
    clauses=["REST-HEALTH-04"],
    duties=["A15-4-d"],
    criterion="a JSON object in the ready answer has no member ready or live other than true",
    needs=["rest-ready-answers-200"],
    faults=["ready-member-not-bool"],
    fix="Send no body, or the boolean true as the member ready.",
)
def rest_ready_body_agrees(probe: Probe) -> None:
    """The body of a 200 from the ready endpoint does not deny that the server is ready.

    The documents name the member ready in one place and live in another; neither is required, both must be true.
    """
    exchange = probe.answered(probe.client.server_ready())
    _member_true(probe, exchange, ("ready", "live"))


@check(
    "rest-health-needs-no-headers",
    clauses=["REST-HEALTH-06"],
    duties=["A15-4-d"],
    criterion="both health paths answer 200 to a GET with only the headers HTTP itself asks for",
    needs=["rest-live-answers-200", "rest-ready-answers-200"],
    faults=["health-needs-header"],
    fix="Serve the health paths to a plain GET, as a Kubernetes probe sends it.",
)
def rest_health_needs_no_headers(probe: Probe) -> None:
    """Health can be read by a plain Kubernetes probe.

    GET both paths with no Accept header and no body; headers that the operator configured for access are kept.
    """
    for path in ("/v2/health/live", "/v2/health/ready"):
        exchange = probe.answered(probe.client.send("GET", path, headers=(("Accept", "*/*"),), fresh=True))
        probe.holds(exchange.ok, expected=f"status 200 at {path}", observed=status_of(exchange), exchange=exchange)


def _member_true(probe: Probe, exchange: Exchange, members: tuple[str, ...]) -> None:
    body = object_or_none(exchange)
    present = [name for name in members if body is not None and name in body]
    kind = "no JSON object" if body is None else f"a JSON object with {', '.join(sorted(body)) or 'no members'}"
    probe.observe(f"the body is {kind}")
    for name in present:
        assert body is not None
        probe.holds(body[name] is True, expected=f"{name} is true", observed=shown(body[name]), exchange=exchange)
    if not present:
        probe.holds(True, expected="no member that denies it", observed=kind)
