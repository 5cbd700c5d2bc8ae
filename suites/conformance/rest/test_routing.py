"""What holds for every JSON answer: well-formed text, labelled as JSON (inference_rest.md, "HTTP/REST")."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from harness.check import NotApplicable, Untestable, check
from harness.endpoint.route import MANY_ROWS
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import error_object_problem, refused, status_of
from harness.record.exchange import Exchange
from harness.wire import strictjson
from harness.wire.rest import json_of

SERVER_ERROR = 500
# What a strict RFC 8259 reader must refuse or cannot represent; special floats and BYTES have clauses of their own.
MALFORMED = {"nan-token", "infinity-token", "invalid-utf8", "trailing-data", "byte-order-mark", "control-character"}


@check(
    "rest-json-well-formed",
    clauses=["REST-HTTP-05"],
    duties=["A15-4-d"],
    criterion="the 200 bodies of server metadata, model metadata and inference are one well-formed JSON text each",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["two-documents-in-body", "truncated-body", "nan-token-in-reply", "announces-too-much"],
    fix="Write each body with a JSON library, once, and with its length.",
)
def rest_json_well_formed(probe: Probe) -> None:
    """Successful answers are well-formed JSON.

    Reads the bodies with a strict reader: UTF-8, one value, nothing after it, no NaN or Infinity. Only finite inputs
    were sent; where the model takes batches, the answer to forty rows is read as well.
    """
    for name, exchange in _answers(probe):
        problem = _problem(exchange)
        observed = f"{name}: {problem or 'well-formed'}"
        probe.holds(problem is None, expected="well-formed JSON", observed=observed, exchange=exchange)


@check(
    "rest-json-labelled",
    clauses=["REST-HTTP-06", "REST-HTTP-08"],
    duties=["A15-4-d"],
    criterion="the same answers have the media type application/json",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["text-html-content-type"],
    fix="Set Content-Type: application/json.",
)
def rest_json_labelled(probe: Probe) -> None:
    """Successful answers are labelled application/json.

    Parameters such as charset, and upper case, are accepted. Then the inference once more with Accept-Encoding: gzip,
    to record whether the endpoint codes its bodies when asked; OIP is silent on that.
    """
    for name, exchange in _answers(probe):
        observed = f"{name}: {exchange.media_type or 'no Content-Type'}"
        good = exchange.media_type == "application/json"
        expected = "application/json"
        probe.holds(good, clause="REST-HTTP-06", expected=expected, observed=observed, exchange=exchange)
    path = probe.client.model_path(probe.model.name, probe.model.address, "infer")
    exchange = probe.client.send("POST", path, body=probe.accepted().request.to_bytes(), accept_encoding="gzip")
    coding = exchange.header("Content-Encoding") or "none"
    probe.observe(f"asked for gzip, the answer is coded: {coding}", "REST-HTTP-08")
    probe.holds(True, clause="REST-HTTP-08", expected="any coding", observed=coding)


@check(
    "rest-wrong-verb-refused",
    clauses=["REST-HTTP-04", "REST-HTTP-07", "REST-ERR-05"],
    duties=["A15-4-c", "A15-4-d"],
    criterion="another verb than the documented one is answered with an error status, none of them a 500; where an "
    "error object comes along, it is labelled application/json",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["wrong-verb-accepted", "wrong-verb-on-health-500", "wrong-verb-error-labelled-html"],
    fix="Answer 405 to other verbs, in the one place that writes error objects.",
)
def rest_wrong_verb_refused(probe: Probe) -> None:
    """Another verb than the documented one is refused, as a mistake of the client.

    GET and DELETE on infer, POST on live, ready and the readiness of the model, POST and PUT on model metadata, POST on
    server metadata. HEAD and OPTIONS are not tried. Any error status but 500 and any body are accepted; a body that is
    an error object is labelled as JSON.
    """
    client, model = probe.client, probe.model
    metadata, infer = (client.model_path(model.name, model.address, leaf) for leaf in ("", "infer"))
    for method, path in (
        ("GET", infer),
        ("DELETE", infer),
        ("POST", "/v2/health/live"),
        ("POST", "/v2/health/ready"),
        ("POST", client.model_path(model.name, model.address, "ready")),
        ("POST", metadata),
        ("PUT", metadata),
        ("POST", f"/{probe.endpoint.metadata_path}"),
    ):
        exchange = probe.answered(client.send(method, path))
        observed = f"{method} {path}: {status_of(exchange)}"
        expected = "an error status"
        probe.holds(refused(exchange), clause="REST-HTTP-04", expected=expected, observed=observed, exchange=exchange)
        probe.holds(exchange.status != SERVER_ERROR, clause="REST-ERR-05", expected="a status from 400 to 499, or 501",
                    observed=observed, exchange=exchange,
                    root="server-error-for-client-mistake:500")  # fmt: skip
        if refused(exchange) and error_object_problem(exchange) is None:
            label = exchange.media_type or "no Content-Type"
            probe.holds(label == "application/json", clause="REST-HTTP-07", expected="application/json",
                        observed=f"{observed}, an error object labelled {label}", exchange=exchange,
                        root=f"error-label:{label}")  # fmt: skip


@check(
    "rest-unknown-path-refused",
    clauses=["REST-HTTP-07"],
    duties=["A15-4-d"],
    criterion="an unknown path is answered with an error status; errors of metadata are labelled application/json",
    faults=["unknown-path-200"],
    fix="Answer 404 to unknown paths, and label error objects application/json.",
)
def rest_unknown_path_refused(probe: Probe) -> None:
    """An unknown path is an error, and error objects are labelled as JSON.

    GET of a path that no server has, and of the metadata of a model that no server has; the label is looked at only
    where the body is an error object.
    """
    exchange = probe.answered(probe.client.send("GET", "/v2/definitely/not/there"))
    probe.holds(refused(exchange), expected="an error status", observed=status_of(exchange), exchange=exchange)
    exchange = probe.answered(probe.client.model_metadata(UNKNOWN_MODEL))
    if refused(exchange) and error_object_problem(exchange) is None:
        good = exchange.media_type == "application/json"
        observed = exchange.media_type or "no Content-Type"
        probe.holds(good, expected="application/json", observed=observed, exchange=exchange)


@check(
    "rest-case-and-labels-recorded",
    clauses=["REST-HTTP-09", "REST-HTTP-10"],
    duties=["A15-4-d"],
    criterion="names in another case, and a request without Content-Type, get an answer",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["untyped-request-hangs-up"],
    fix="Answer every request, if only to refuse it.",
)
def rest_case_and_labels_recorded(probe: Probe) -> None:
    """Case of names and lack of a media type are answered, however.

    The documents leave both open, so what is seen is recorded: metadata of the model with its letters' case inverted,
    and the accepted request with another Content-Type than application/json.
    """
    client, model = probe.client, probe.model
    other = client.model_metadata(model.name.swapcase(), model.address)
    probe.observe(f"the name in another case is answered {status_of(other)}", "REST-HTTP-09")
    probe.holds(
        other.error is None, clause="REST-HTTP-09", expected="an answer", observed=status_of(other), exchange=other
    )
    path = client.model_path(model.name, model.address, "infer")
    headers = (("Content-Type", "text/plain"),)
    untyped = client.send("POST", path, body=probe.accepted().request.to_bytes(), headers=headers)
    probe.observe(f"a request labelled text/plain is answered {status_of(untyped)}", "REST-HTTP-10")
    good = untyped.error is None
    probe.holds(good, clause="REST-HTTP-10", expected="an answer", observed=status_of(untyped), exchange=untyped)


def _answers(probe: Probe) -> Iterator[tuple[str, Exchange]]:
    yield "inference", probe.accepted().exchange
    with contextlib.suppress(NotApplicable, Untestable):
        yield "inference on many rows", probe.model.rest.batch(MANY_ROWS).exchange
    if probe.model.route.metadata_exchange.status == 200:
        yield "model metadata", probe.model.route.metadata_exchange
    if probe.endpoint.metadata_exchange.ok:
        yield "server metadata", probe.endpoint.metadata_exchange


def _problem(exchange: Exchange) -> str | None:
    try:
        document = json_of(exchange)
    except strictjson.NotJson as error:
        return str(error)
    found = [problem.text for problem in document.problems if problem.kind in MALFORMED]
    return "; ".join(found) or None
