"""Inference responses: the object and its members (inference_rest.md, "Inference Response JSON Object")."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

from harness.check import NotApplicable, Untestable, check
from harness.endpoint.route import MANY_ROWS, with_id
from harness.generate.values import request_ids
from harness.oracles.changes import id_root
from harness.probing.json_values import json_type, shown
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, refused, status_of
from harness.record.exchange import Exchange
from harness.record.quoting import clip

IDS = ("42", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "a b/c?d", "z" * 256, "ключ-鍵-é")
NULL_ROOT = "null-on-optional-member"


@check(
    "rest-infer-model-name",
    clauses=["REST-RESP-02", "REST-RESP-03"],
    duties=["A15-4-d"],
    criterion="model_name is a string, and the name that was addressed",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["response-without-model-name", "response-wrong-model-name"],
    fix="Send model_name with the name from the path.",
)
def rest_infer_model_name(probe: Probe) -> None:
    """A response names the model that was addressed.

    Another name is a warning at most: routers may rename models.
    """
    body, exchange = probe.json_object(probe.accepted().exchange), probe.accepted().exchange
    observed = shown(body["model_name"]) if "model_name" in body else "model_name is absent"
    text = isinstance(body.get("model_name"), str)
    expected = "model_name is a string"
    if probe.holds(text, clause="REST-RESP-02", expected=expected, observed=observed, exchange=exchange):
        same = body["model_name"] == probe.model.name
        expected = f"model_name is {probe.model.name!r}"
        probe.holds(same, clause="REST-RESP-03", expected=expected, observed=observed, exchange=exchange)


@check(
    "rest-infer-echoes-id",
    clauses=["REST-RESP-04"],
    duties=["A15-4-d"],
    criterion="each id that was sent comes back unchanged, by code points",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[
        "drops-request-id",
        "id-as-number",
        "id-truncated",
        "id-ascii-only",
        "id-dropped-on-version-1",
        "drops-id-above-32-rows",
        "drops-id-on-second-request",
    ],
    fix="Copy the id of the request into the response, as a string and whole.",
)
def rest_infer_echoes_id(probe: Probe) -> None:
    """A non-empty request id comes back unchanged.

    Sends the accepted request with five ids: digits, a UUID, reserved characters, 256 characters, non-ASCII text; one
    on each listed version; one with forty rows, where the model takes them. Then ids are drawn (no control characters)
    until one does not come back.
    """
    versions = probe.model.metadata.versions if probe.model.metadata else ()
    asked = [(request_id, None) for request_id in IDS] + [(IDS[0], version) for version in versions[:5]]
    probe.accepted()
    probe.endpoint.ahead.ask([partial(_sent_with, probe, *each) for each in asked])
    kept = [_echoes_id(probe, *each) for each in asked]
    with contextlib.suppress(NotApplicable, Untestable):
        batch = probe.model.rest.batch(MANY_ROWS).request
        exchange = probe.answered(probe.model.rest.infer(with_id(batch, IDS[0])))
        observed = f"with {MANY_ROWS} rows: {status_of(exchange)}, id {shown(_id_of(exchange))}"
        good = _id_of(exchange) == IDS[0]
        root = id_root(IDS[0], _id_of(exchange))
        kept.append(probe.holds(good, expected=f"id {IDS[0]!r}", observed=observed, exchange=exchange, root=root))
    if not all(kept):
        return
    found = probe.search(
        request_ids(),
        lambda drawn: _id_of(probe.infer(request_id=drawn)) == drawn,
        sends=lambda drawn: probe.infer(request_id=drawn),
    )
    if found is not None:
        _echoes_id(probe, found.smallest)


def _echoes_id(probe: Probe, request_id: str, version: str | None = None) -> bool:
    """One case: whether an id comes back; a version that is refused is left to the checks of versions."""
    exchange = probe.answered(_sent_with(probe, request_id, version))
    if version is not None and refused(exchange):
        return True
    returned = _id_of(exchange)
    observed = f"{status_of(exchange)}, id {shown(returned) if returned is not None else 'absent'}"
    good = exchange.ok and isinstance(returned, str) and returned == request_id
    root = id_root(request_id, returned) if exchange.ok else None
    return probe.holds(good, expected=f"id {clip(request_id, 60)!r}", observed=observed, exchange=exchange, root=root)


def _sent_with(probe: Probe, request_id: str, version: str | None) -> Exchange:
    request = with_id(probe.accepted().request, request_id)
    return probe.client.infer(probe.model.name, request, version or probe.model.address)


def _id_of(exchange: Exchange) -> object:
    return (object_or_none(exchange) or {}).get("id")


@check(
    "rest-infer-id-type-when-unasked",
    clauses=["REST-RESP-05"],
    duties=["A15-4-d"],
    criterion="without a request id, the response has no id or a string",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["unasked-id-number", "remembers-last-id"],
    fix="Leave the id out, or generate a string.",
)
def rest_infer_id_type_when_unasked(probe: Probe) -> None:
    """A response to a request without id has no id, or a string.

    Null is left to the check of optional members. Once more after a request that had an id: that id belongs to it.
    """
    exchange = probe.accepted().exchange
    body = probe.json_object(exchange)
    if "id" not in body:
        observed = "absent"
    else:
        observed = "generated" if body["id"] else shown(body["id"])
    probe.observe(f"without a request id, the response id is {observed}", "REST-RESP-05")
    good = body.get("id") is None or isinstance(body["id"], str)
    probe.holds(good, expected="no id, or a string", observed=shown(body.get("id")), exchange=exchange)
    probe.infer(request_id="of-another-request")
    after = probe.answered(probe.infer())
    good = _id_of(after) != "of-another-request"
    expected = "no id of an earlier request"
    said = shown(_id_of(after))
    probe.holds(good, expected=expected, observed=said, exchange=after, root="earlier-id-returned")


@check(
    "rest-infer-optional-members",
    clauses=["REST-RESP-10", "REST-RESP-12"],
    duties=["A15-4-d"],
    criterion="model_version and id are strings and parameters are objects, wherever they are present",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["model-version-null", "parameters-list"],
    fix="Leave out an optional member that has no value; null is none of the declared types.",
)
def rest_infer_optional_members(probe: Probe) -> None:
    """Optional members of a response have their declared type.

    Looks at model_version, id and parameters of the response and at parameters of each output. Null is a finding of
    its own kind, whatever the member. Further members are allowed, and recorded.
    """
    exchange = probe.accepted().exchange
    body = probe.json_object(exchange)
    more = sorted(set(body) - {"model_name", "model_version", "id", "parameters", "outputs"})
    probe.observe(f"further members: {', '.join(more) or 'none'}", "REST-RESP-12")
    probe.holds(True, clause="REST-RESP-12", expected="any members", observed=", ".join(more))
    _optional(probe, body, {"model_version": str, "id": str, "parameters": dict}, "response")
    for index, output in enumerate(output_objects(body)):
        _optional(probe, output, {"parameters": dict}, f"outputs[{index}]")


def _optional(probe: Probe, body: dict[str, Any], types: dict[str, type], where: str) -> None:
    exchange = probe.accepted().exchange
    for name, kind in types.items():
        value = body.get(name)
        good = name not in body or isinstance(value, kind)
        root = NULL_ROOT if name in body and value is None else None
        observed = f"{where}.{name} is {json_type(value)}" if name in body else f"{where}.{name} is absent"
        expected = f"{name} is absent or {'an object' if kind is dict else 'a string'}"
        probe.holds(good, clause="REST-RESP-10", expected=expected, observed=observed, exchange=exchange, root=root)


def output_objects(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The members of outputs that are objects; others are the business of ``rest-infer-outputs-well-formed``."""
    outputs = body.get("outputs")
    return [output for output in outputs if isinstance(output, dict)] if isinstance(outputs, list) else []
