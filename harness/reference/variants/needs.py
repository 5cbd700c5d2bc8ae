"""Models that take nothing but requests with more than inputs: a client has to know, and its samples say so."""

from __future__ import annotations

from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.variants.registry import variant

TENANT, UNIT, STYLE = ("tenant", "a"), ("unit", "cm"), ("style", "plain")
MISSING = "left out what this model cannot do without"


@variant("parameters-needed", "inference needs parameters of request, inputs and outputs, and outputs to be named")
def parameters_needed(hooks: Hooks) -> None:
    def edit(call: Call, _: ModelVersion, request: InferRequest) -> None:
        _demand(request.parameters, TENANT, "the request")
        for each in _objects(call.request, "inputs"):
            _demand(each.get("parameters"), UNIT, f"input {each.get('name')!r}")
        if request.outputs is None:
            raise Refusal(f"the request {MISSING}: a list of outputs")
        for name in request.outputs:
            _demand(request.output_parameters.get(name), STYLE, f"output {name!r}")

    hooks.requests.append(edit)


def _demand(parameters: Any, wanted: tuple[str, str], where: str) -> None:
    name, value = wanted
    if not isinstance(parameters, dict) or parameters.get(name) != value:
        raise Refusal(f"{where} {MISSING}: the parameter {name!r} of value {value!r}")


def _objects(document: Any, member: str) -> list[dict[str, Any]]:
    found = document.get(member) if isinstance(document, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


@variant("sequences-only", "models take nothing outside of a sequence")
def sequences_only(hooks: Hooks) -> None:
    def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
        if not request.parameters.get("sequence_id"):
            raise Refusal("inference request must specify a non-zero or non-empty correlation ID (sequence_id)")

    hooks.requests.append(edit)
