"""Errors of the whole run, whichever check provoked them; nothing is sent here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.check import PASSIVE, check
from harness.judging.passive.reporting import report_sightings, seen_at_all
from harness.probing.probe import Probe

if TYPE_CHECKING:
    from harness.judging.passive.sightings import Transport


@check(
    "rest-every-error-holds-error-object",
    clauses=["REST-ERR-02"],
    duties=["A15-4-d"],
    criterion="every failed inference on record that the application refused has a JSON object with a string error",
    faults=["error-of-deep-json-plain", "error-413-empty"],
    fix='Answer every failure, also those of the web framework and of limits, with {"error": "..."}.',
    last=PASSIVE,
)
def rest_every_error_holds_error_object(probe: Probe) -> None:
    """Failed inferences, whichever check provoked them, are answered with the protocol's error object.

    Every recorded answer to a POST of JSON to the path of an inference. Left out is what the application itself does
    not say: statuses of a gate, a proxy, routing or the HTTP parser, requests with unusual headers or paths or sent as
    raw bytes, and pages of software in front. Bodies of one shape are one root cause.
    """
    _judge(probe, "rest", "REST-ERR-02", "a JSON object with a string error")


@check(
    "rest-every-error-labelled-json",
    clauses=["REST-HTTP-07"],
    duties=["A15-4-d"],
    criterion="every error object of metadata and inference on record is labelled application/json",
    faults=["error-labelled-plain"],
    fix="Label error objects application/json in the one place that writes them.",
    last=PASSIVE,
)
def rest_every_error_labelled_json(probe: Probe) -> None:
    """Error objects, whichever check provoked them, are labelled as JSON.

    Every recorded error of metadata and inference whose body is an error object; what a gate in front has written is
    left out.
    """
    _judge(probe, "rest", "REST-HTTP-07", "application/json")


@check(
    "rest-no-answer-is-500",
    clauses=["REST-ERR-05"],
    duties=["A15-4-c", "A15-4-d"],
    criterion="no answer on record has the status 500",
    faults=["get-on-infer-500", "long-header-500"],
    fix="Map what a client can do wrong to a 4xx, and mend what breaks down for a valid request.",
    last=PASSIVE,
)
def rest_no_answer_is_500(probe: Probe) -> None:
    """No request of the run, whichever check sent it, is answered 500.

    500 says that the server broke down: for a mistake of the client that is the wrong status, and for a valid request
    the wrong answer. Health and readiness may say no by any status, and other 5xx say something else.
    """
    raised = probe.endpoint.policy.criteria.server_error_for_client_mistake == "fail"
    _judge(probe, "rest", "REST-ERR-05", "a status from 400 to 499, or an answer", by_policy=raised)


@check(
    "grpc-no-status-blames-server",
    clauses=["GRPC-ERR-03"],
    duties=["A15-4-c", "A15-4-d"],
    criterion="no call on record ends in UNKNOWN or INTERNAL, or in a refusal without details",
    transport="grpc",
    faults=["grpc-stack-trace-for-nan"],
    fix="Map what a client can do wrong to INVALID_ARGUMENT or NOT_FOUND, with a sentence that says what it was.",
    last=PASSIVE,
)
def grpc_no_status_blames_server(probe: Probe) -> None:
    """No call of the run, whichever check made it, ends in a status that blames the server.

    UNKNOWN and INTERNAL of the protocol's methods, where the request could be read as the message, and refusals of the
    application without details. Readiness may be denied by any status; what stands for a status of HTTP only is left
    out.
    """
    raised = probe.endpoint.policy.criteria.server_error_for_client_mistake == "fail"
    _judge(probe, "grpc", "GRPC-ERR-03", "a code that blames the client, and details", by_policy=raised)


def _judge(probe: Probe, transport: Transport, clause: str, expected: str, *, by_policy: bool = False) -> None:
    errors = seen_at_all(probe, transport, errors=True)
    if not report_sightings(probe, transport, clause, expected, by_policy=by_policy):
        probe.holds(True, clause=clause, expected=expected, observed=errors)
    probe.observe(errors)
