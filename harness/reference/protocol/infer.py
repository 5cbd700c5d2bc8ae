"""One inference: document in, document out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.jsonread import read_json
from harness.reference.protocol.reply import output_document
from harness.reference.protocol.request import InferRequest, read_request
from harness.reference.protocol.tensors import Tensor

if TYPE_CHECKING:
    from harness.reference.hooks import Hooks
    from harness.reference.messages import Call
    from harness.reference.models.model import Model, ModelVersion


def infer(hooks: Hooks, call: Call, model: Model, version: ModelVersion) -> dict[str, Any]:
    """The reply document of a REST inference.

    Raises:
        Refusal: see :func:`harness.reference.protocol.request.read_request`.
    """
    rules = hooks.rules
    call.request = read_json(call.body, duplicates=rules.duplicate_keys, constants=rules.constants)
    request = read_request(call.request, version.inputs, version.outputs, rules, hooks.elements)
    for edit in hooks.requests:
        edit(call, version, request)
    outputs = compute(hooks, call, version, request)
    document: dict[str, Any] = {"model_name": model.name}
    if not hooks.settings.versionless:
        document["model_version"] = version.version
    if request.id is not None:
        document["id"] = request.id
    document["outputs"] = [output_document(output, hooks.spells, nested=hooks.settings.nested) for output in outputs]
    return document


def compute(hooks: Hooks, call: Call, version: ModelVersion, request: InferRequest) -> list[Tensor]:
    """The outputs asked for, in the order asked for."""
    try:
        outputs = version.predict(request.inputs)
    except (KeyError, ValueError) as error:
        # Only where a seeded fault let an impossible request through.
        raise Refusal(f"the model cannot work with this: {error}") from error
    for edit in hooks.answers:
        outputs = edit(call, request, outputs)
    if request.outputs is None:
        return outputs
    by_name = {output.name: output for output in outputs}
    return [by_name[name] for name in request.outputs if name in by_name]
