"""Models that take nothing but requests with more than inputs: a client has to know, and its samples say so."""

from __future__ import annotations

from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.variants.registry import excuse, variant

TENANT, UNIT, STYLE = ("tenant", "a"), ("unit", "cm"), ("style", "plain")
MISSING = "left out what this model cannot do without"


@variant(
    "parameters-needed",
    "inference needs parameters of request, inputs and outputs, and outputs to be named",
    excuses=excuse("Only a sample says what it needs, and none is given.", "*"),
)
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
    _outside_refused(hooks, "inference request must specify a non-zero or non-empty correlation ID (sequence_id)")


@variant("sequences-only-unsaid", "models take nothing outside of a sequence, and say so in no word")
def sequences_only_unsaid(hooks: Hooks) -> None:
    hooks.on("server-metadata")(
        lambda _, document: document.update(
            extensions=[each for each in document["extensions"] if not each.startswith("sequence")]
        )
    )
    _outside_refused(hooks, "the request cannot be served")


def _outside_refused(hooks: Hooks, words: str) -> None:
    def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
        if not request.parameters.get("sequence_id"):
            raise Refusal(words)

    hooks.requests.append(edit)
