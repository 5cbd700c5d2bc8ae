"""Errors: status, error object, and what comes after (inference_rest.md, "Inference Response JSON Error Object")."""

from __future__ import annotations

from harness.check import check
from harness.judging.refusals import base_of, mistakes_made, mutations_of
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import error_object_problem, error_root, object_or_none, refused, status_of

# Mistakes that are answered by different layers of a server: parser, schema, tensor, names.
CLIENT_MISTAKES = ("not-json", "no-members", "input-without-shape", "one-element-more", "unknown-output")


@check(
    "rest-error-status",
    clauses=["REST-ERR-01"],
    duties=["A15-4-d"],
    criterion="no answer to an invalid request has a status below 400 and an error in its body, or redirects",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["errors-with-200"],
    fix="Answer a failed inference with an error status.",
)
def rest_error_status(probe: Probe) -> None:
    """A failed inference has an error status.

    Over all invalid requests: an answer below 400 must not be an error in disguise (a member error and no outputs).
    """
    for mutation, exchange in mistakes_made(probe):
        if exchange.error is not None or exchange.status is None:
            continue
        body = object_or_none(exchange) or {}
        disguised = exchange.status < 300 and "error" in body and "outputs" not in body
        good = refused(exchange) or (exchange.status < 300 and not disguised)
        observed = f"{mutation.name}: {status_of(exchange)}{' with an error in the body' if disguised else ''}"
        probe.holds(good, expected="a status from 400 to 599", observed=observed, exchange=exchange)


@check(
    "rest-error-object",
    clauses=["REST-ERR-02"],
    duties=["A15-4-d"],
    criterion="the body of every refused inference is a JSON object with a string error",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["error-without-member", "error-is-html", "error-member-not-string", "error-422-detail"],
    fix='Answer every failure, also those of the web framework, with {"error": "..."}.',
)
def rest_error_object(probe: Probe) -> None:
    """The body of a failed inference is the protocol's error object.

    Over all invalid requests that were refused. Bodies of one shape are one root cause, however many requests meet it.
    """
    seen = 0
    for mutation, exchange in mistakes_made(probe):
        if refused(exchange):
            seen += 1
            problem = error_object_problem(exchange)
            observed = f"{mutation.name}: {status_of(exchange)}, {problem or 'an error object'}"
            expected = "a JSON object with a string error"
            root = error_root(exchange)
            probe.holds(problem is None, expected=expected, observed=observed, exchange=exchange, root=root)
    if not seen:
        probe.untestable("the model refused none of the invalid requests")


@check(
    "rest-error-unknown-model",
    clauses=["REST-ERR-04"],
    duties=["A15-4-d"],
    criterion="an inference on an unknown model has an error status and an error object",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["any-model-name-answered", "unknown-model-infer-html"],
    fix='Answer 404 with {"error": "..."} for a model that is not there.',
)
def rest_error_unknown_model(probe: Probe) -> None:
    """Inference on an unknown model is an error with an error object.

    A valid request, sent to a name that no server has.
    """
    request = probe.accepted().request
    exchange = probe.answered(probe.client.infer(UNKNOWN_MODEL, request))
    root = name_root(probe, "unknown-model-answered:inference" if exchange.ok else None)
    observed = f"{status_of(exchange)} to a name that no server has"
    if probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange, root=root):
        problem = error_object_problem(exchange)
        observed = problem or "an error object"
        expected = "a JSON object with a string error"
        probe.holds(problem is None, expected=expected, observed=observed, exchange=exchange, root=error_root(exchange))


@check(
    "rest-error-blames-client",
    clauses=["REST-ERR-05", "REST-ERR-03"],
    duties=["A15-4-c", "A15-4-d"],
    criterion="mistakes of the client have a status from 400 to 499 and a text that is not empty",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["client-mistake-500", "wrong-count-500", "error-text-empty"],
    fix="Map parse, schema and value errors to 400; keep 5xx for faults of the server.",
)
def rest_error_blames_client(probe: Probe) -> None:
    """A mistake of the client is reported as such.

    Looks at malformed JSON, a missing member, a wrong count and an unknown output, where they were refused. Which 4xx
    is free, and recorded.
    """
    raised = probe.endpoint.policy.criteria.server_error_for_client_mistake == "fail"
    codes = []
    for mutation, exchange in mistakes_made(probe):
        if mutation.name not in CLIENT_MISTAKES or not refused(exchange):
            continue
        assert exchange.status is not None
        codes.append(f"{mutation.name} {exchange.status}")
        body = object_or_none(exchange) or {}
        empty = body.get("error") == ""
        good = exchange.status < 500 and not empty
        observed = f"{mutation.name}: {status_of(exchange)}{', error text empty' if empty else ''}"
        root = f"server-error-for-client-mistake:{exchange.status}" if exchange.status >= 500 else None
        expected = "a status from 400 to 499 that says what was wrong"
        probe.holds(
            good,
            clause="REST-ERR-05",
            expected=expected,
            observed=observed,
            exchange=exchange,
            root=root,
            by_policy=raised and exchange.status >= 500,
        )
        probe.holds(True, clause="REST-ERR-03", expected="a status from 400 to 599", observed=observed)
    probe.observe(f"status by mistake: {', '.join(codes) or 'none refused'}", "REST-ERR-03")
    if not codes:
        probe.untestable("none of these mistakes was refused")


@check(
    "rest-error-leaves-server-usable",
    clauses=["REST-ERR-06"],
    duties=["A15-4-c", "A15-4-i"],
    criterion="after each refused request, a valid one is answered, on the same connection and on a new one",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["poisoned-after-error", "poisoned-keep-alive"],
    fix="Read the whole of a refused request, and reset whatever it left behind.",
)
def rest_error_leaves_server_usable(probe: Probe) -> None:
    """A refused request leaves the endpoint able to serve the next.

    After each invalid request, sent again, the valid one follows on the same connection; once more at the end on a new
    connection.
    """
    base = base_of(probe).request
    for mutation in mutations_of(probe):
        probe.client.infer(probe.model.name, mutation.body, probe.model.address)
        exchange = probe.model.rest.infer(base)
        observed = f"after {mutation.name}: {status_of(exchange)}"
        probe.holds(exchange.ok, expected="status 200", observed=observed, exchange=exchange)
    exchange = probe.model.rest.infer(base, fresh=True)
    observed = f"on a new connection: {status_of(exchange)}"
    probe.holds(exchange.ok, expected="status 200", observed=observed, exchange=exchange)
