"""From a request document to an inference request, or to the words that refuse it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.reference.protocol.decode import Elements
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.inputs import Carrier, nothing_carried, read_inputs
from harness.reference.protocol.parameters import read_parameters
from harness.reference.protocol.rules import Rules
from harness.reference.protocol.tensors import Spec, Tensor


@dataclass(slots=True)
class InferRequest:
    """A request that was understood.

    Attributes:
        id: None if the request has none; an empty one counts as none.
        inputs: by name.
        outputs: names in the order asked for, or None for all.
        output_parameters: parameters of the outputs asked for, by name.
    """

    id: Any
    inputs: dict[str, Tensor]
    outputs: list[str] | None
    parameters: dict[str, Any] = field(default_factory=dict)
    output_parameters: dict[str, dict[str, Any]] = field(default_factory=dict)


_MEMBERS = frozenset({"id", "parameters", "inputs", "outputs"})


def read_request(
    document: Any,
    inputs: tuple[Spec, ...],
    outputs: tuple[Spec, ...],
    rules: Rules,
    edits: list[Elements],
    carrier: Carrier = nothing_carried,
) -> InferRequest:
    """Check ``document`` against the description of a model; ``carrier`` gives the bytes of inputs without data.

    Raises:
        Refusal: anything that the specification does not provide for.
    """
    if not isinstance(document, dict):
        raise Refusal("the request is no JSON object")
    if rules.refuse_extra_members and set(document) - _MEMBERS:
        raise Refusal(f"unknown member {min(set(document) - _MEMBERS)!r}")
    if rules.null_optionals:
        document = {key: value for key, value in document.items() if value is not None or key == "inputs"}
    own: dict[str, dict[str, Any]] = {}
    return InferRequest(
        id=_read_id(document, rules),
        inputs=read_inputs(document, inputs, rules, edits, carrier),
        outputs=_read_outputs(document, outputs, rules, own),
        parameters=read_parameters(document, "the request", rules),
        output_parameters=own,
    )


def _read_id(document: dict[str, Any], rules: Rules) -> Any:
    found = document.get("id")
    if "id" not in document:
        if rules.require_id:
            raise Refusal("missing member 'id'")
        return None
    if isinstance(found, str):
        return found or None
    if rules.number_ids:
        return found
    raise Refusal("member 'id' is no string")


def _read_outputs(
    document: dict[str, Any], known: tuple[Spec, ...], rules: Rules, own: dict[str, dict[str, Any]]
) -> list[str] | None:
    """Names; the parameters of each go into ``own``."""
    if "outputs" not in document:
        if rules.require_outputs:
            raise Refusal("missing member 'outputs'")
        return None
    found = document["outputs"]
    if not isinstance(found, list):
        if rules.wrong_outputs_type:
            return None
        raise Refusal("member 'outputs' is no array")
    names: list[str] = []
    for each in found:
        name = _output_name(each, known, rules, own)
        if name in names and not rules.repeated_outputs:
            raise Refusal(f"output {name!r} is asked for twice")
        if name is not None:
            names.append(name)
    return names or None


def _output_name(entry: Any, known: tuple[Spec, ...], rules: Rules, own: dict[str, dict[str, Any]]) -> str | None:
    if not isinstance(entry, dict):
        raise Refusal("an entry of 'outputs' is no object")
    name = entry.get("name")
    if not isinstance(name, str):
        if rules.unnamed_outputs:
            return None
        raise Refusal("an entry of 'outputs' has no string 'name'")
    own[name] = read_parameters(entry, f"output {name!r}", rules)
    if name not in {spec.name for spec in known}:
        if rules.unknown_outputs:
            return None
        raise Refusal(f"the model has no output {name!r}", kind="name")
    return name
