"""One inference: document in, document out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.reference.extensions import binary
from harness.reference.extensions.classification import wanted_classes
from harness.reference.extensions.schedule import check_schedule
from harness.reference.extensions.sequence import read_place
from harness.reference.extensions.statistics import rows_of
from harness.reference.messages import Carried, Reply
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.jsonread import read_json
from harness.reference.protocol.raw import encode_raw
from harness.reference.protocol.reply import output_document
from harness.reference.protocol.request import InferRequest, read_request
from harness.reference.protocol.tensors import Tensor

if TYPE_CHECKING:
    from harness.reference.extensions.shared_memory import Regions
    from harness.reference.hooks import Hooks
    from harness.reference.messages import Call
    from harness.reference.models.model import Model, ModelVersion


def infer(hooks: Hooks, call: Call, model: Model, version: ModelVersion, regions: Regions | None = None) -> Reply:
    """The reply to a REST inference.

    Args:
        hooks: what faults and variants change.
        call: the request, not yet parsed.
        model: what it is for.
        version: of the model.
        regions: shared memory that tensors may lie in, if that is offered.

    Raises:
        Refusal: see :func:`harness.reference.protocol.request.read_request` and
            :mod:`harness.reference.extensions.binary`.
    """
    request = _understood(hooks, call, version, regions)
    for edit in hooks.requests:
        edit(call, version, request)
    places = _places(request, regions)
    outputs = compute(hooks, call, version, request)
    document: dict[str, Any] = {"model_name": model.name}
    if not hooks.settings.versionless:
        document["model_version"] = version.version
    if request.id is not None:
        document["id"] = request.id
    reply = Reply(200, document)
    for output in outputs:
        if output.name in places and regions is not None:
            regions.write(places[output.name], encode_raw(output))
            reply.carried[output.name] = Carried(places[output.name])
        elif hooks.settings.binary and binary.wanted_binary(request, output.name):
            reply.carried[output.name] = binary.carried(encode_raw(output))
    document["outputs"] = [_output(hooks, output, carried=output.name in reply.carried) for output in outputs]
    return reply


def _understood(hooks: Hooks, call: Call, version: ModelVersion, regions: Regions | None) -> InferRequest:
    settings, rules = hooks.settings, hooks.rules
    frame = binary.Frame(call.body)
    if settings.binary:
        frame = binary.split_body(call.body, call.headers.get(binary.HEADER))
    if frame.raw:
        call.request = {"inputs": []}
        return binary.raw_request(frame.tail, version.inputs)
    call.request = read_json(frame.document, duplicates=rules.duplicate_keys, constants=rules.constants)
    parts = binary.Parts(call.request, frame) if settings.binary else None

    def carrier(index: int, entry: dict[str, Any]) -> bytes | None:
        part = None if parts is None else parts.of(index)
        parameters = entry.get("parameters")
        if regions is None or not isinstance(parameters, dict) or "shared_memory_region" not in parameters:
            return part
        if part is not None or "data" in entry:
            raise Refusal("an input lies in shared memory and has data as well")
        return regions.read(parameters)

    request = read_request(call.request, version.inputs, version.outputs, rules, hooks.elements, carrier)
    if settings.binary:
        binary.check_wishes(request)
    return request


def _places(request: InferRequest, regions: Regions | None) -> dict[str, dict[str, Any]]:
    """Output -> where in shared memory it is to go; checked before anything is computed."""
    if regions is None:
        return {}
    found = {}
    for name, own in request.output_parameters.items():
        if "shared_memory_region" not in own:
            continue
        if own.get("binary_data"):
            raise Refusal(f"output {name!r} is wanted in shared memory and in the reply")
        regions.room(own)
        found[name] = {key: value for key, value in own.items() if key.startswith("shared_memory_")}
    return found


def _output(hooks: Hooks, output: Tensor, *, carried: bool) -> dict[str, Any]:
    """An entry of ``outputs``; the data of one that does not travel as JSON is empty, and goes later."""
    if carried:
        return {"name": output.name, "datatype": output.datatype, "shape": list(output.shape), "data": []}
    return output_document(output, hooks.spells, nested=hooks.settings.nested)


def compute(hooks: Hooks, call: Call, version: ModelVersion, request: InferRequest) -> list[Tensor]:
    """The outputs asked for, in the order asked for, as classes where classes are asked for.

    Raises:
        Refusal: parameters of an extension that mean nothing, or inputs that the model cannot work with.
    """
    begin = time.perf_counter_ns()
    place = None
    if hooks.settings.extensions:
        check_schedule(request.parameters)
        place = read_place(request.parameters)
    classes = {
        name: wanted_classes(own) for name, own in request.output_parameters.items() if hooks.settings.extensions
    }
    ready = time.perf_counter_ns()
    try:
        if place is not None and version.sequences is not None:
            outputs = version.sequences.infer(place, request.inputs)
        else:
            # Infinities and overflows are answers here, not something to warn the operator of.
            with np.errstate(all="ignore"):
                outputs = version.predict(request.inputs)
    except (KeyError, ValueError) as error:
        # Only where a seeded fault let an impossible request through.
        raise Refusal(f"the model cannot work with this: {error}") from error
    done = time.perf_counter_ns()
    for edit in hooks.answers:
        outputs = edit(call, request, outputs)
    if request.outputs is not None:
        by_name = {output.name: output for output in outputs}
        outputs = [by_name[name] for name in request.outputs if name in by_name]
    outputs = [_classified(hooks, version, output, classes.get(output.name)) for output in outputs]
    version.counts.add(rows_of(request.inputs), (begin, ready, done, time.perf_counter_ns()))
    return outputs


def _classified(hooks: Hooks, version: ModelVersion, output: Tensor, count: int | None) -> Tensor:
    return output if count is None else hooks.classify(output, count, version.labels.get(output.name, ()))
