"""Seeded faults that the checks of ``suites/adversarial/test_company.py`` find."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import numpy as np

from harness.reference.faults.kit.common import HOLD_SECONDS, document_of, inputs_of, is_rest, wrong
from harness.reference.faults.kit.concurrency import Flight
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

SAME, LEAK, HANG = "policy:same-answer", "policy:no-leak", "policy:no-hang"
LARGE = 8
# A small batch waits so long for others, and a large one longer, so that they meet on a busy machine as well.
MEETING_SECONDS, LARGE_SECONDS = 0.03, 0.09


def _rows(call: Call) -> int:
    """The rows of an inference over REST that is not yet parsed; 0 where it has none."""
    inputs = inputs_of(document_of(call) or {})
    return next((each["shape"][0] for each in inputs if each["shape"] and isinstance(each["shape"][0], int)), 0)


@fault(
    "outputs-selected-by-neighbour",
    SAME,
    "REST-OUT-03",
    text="with others at work, the outputs are those that the inference before asked for",
    effect="concurrency",
)
def outputs_selected_by_neighbour(hooks: Hooks) -> None:
    flight = Flight(hooks)
    wanted: dict[str, list[str] | None] = {}

    def edit(call: Call, _: ModelVersion, request: InferRequest) -> None:
        before = wanted.get(call.model, request.outputs)
        wanted[call.model] = request.outputs
        if flight.others(call):
            request.outputs = before

    hooks.requests.append(edit)
    hooks.documents.append(flight.leave)


@fault(
    "binary-wish-of-neighbour",
    SAME,
    "BIN-06",
    text="beside a request that wants its outputs in binary, others get theirs in binary as well",
    effect="concurrency",
)
def binary_wish_of_neighbour(hooks: Hooks) -> None:
    flight = Flight(hooks)

    def edit(call: Call, _: ModelVersion, request: InferRequest) -> None:
        if any(b"binary_data_output" in other.body for other in flight.others(call) if is_rest(other)):
            request.parameters = {**request.parameters, "binary_data_output": True}

    hooks.requests.append(edit)
    hooks.documents.append(flight.leave)


@fault(
    "padded-to-largest-in-batch",
    SAME,
    "BATCH-03",
    text="inferences at work together get as many rows as the largest of them has, the missing ones zero",
    effect="concurrency",
)
def padded_to_largest(hooks: Hooks) -> None:
    flight = Flight(hooks)

    def answer(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        most = max(map(_rows, filter(is_rest, flight.others(call))), default=0)
        return [_padded(each, most) for each in outputs]

    hooks.answers.append(answer)
    hooks.documents.append(flight.leave)


def _padded(output: Tensor, rows: int) -> Tensor:
    if not output.shape or not 0 < output.shape[0] < rows or output.datatype == "BYTES":
        return output
    width = len(output.values) // output.shape[0]
    values = np.concatenate([output.values, np.zeros((rows - output.shape[0]) * width, output.values.dtype)])
    return dataclasses.replace(output, shape=(rows, *output.shape[1:]), values=values)


@fault(
    "fails-beside-empty-batch",
    SAME,
    text="an empty batch fails the inferences that are at work beside it",
    effect="concurrency",
)
def fails_beside_empty_batch(hooks: Hooks) -> None:
    flight = Flight(hooks)

    def edit(call: Call, _: ModelVersion, __: InferRequest) -> None:
        if any(_is_empty(other) for other in flight.others(call) if is_rest(other)):
            raise Refusal("index out of range", kind="internal", status=500)

    hooks.requests.append(edit)
    hooks.documents.append(flight.leave)


def _is_empty(call: Call) -> bool:
    return any(each.get("shape", [])[:1] == [0] for each in inputs_of(document_of(call) or {}))


@fault(
    "reply-parameters-of-neighbour",
    LEAK,
    "REST-RESP-04",
    text="a reply has the parameters of an inference at work beside it",
    effect="concurrency",
)
def reply_parameters_of_neighbour(hooks: Hooks) -> None:
    flight = Flight(hooks)

    def edit(call: Call, reply: Reply) -> None:
        others = [(document_of(each) or {}).get("parameters") for each in flight.others(call) if is_rest(each)]
        found = next((each for each in others if isinstance(each, dict)), None)
        if call.op == "infer" and reply.status == 200 and found and isinstance(reply.document, dict):
            reply.document["parameters"] = found
        flight.leave(call, reply)

    # Who parameters are for is seen where some come back at all.
    hooks.on("infer")(_own_parameters)
    hooks.documents.append(edit)


def _own_parameters(call: Call, body: dict[str, Any]) -> None:
    own = call.request.get("parameters") if isinstance(call.request, dict) else None
    if isinstance(own, dict) and own:
        body["parameters"] = own


@fault(
    "unanswered-beside-larger-batch",
    HANG,
    text="an inference of one row beside one of more than eight is never answered",
    models=("pair",),
    effect="concurrency",
)
def unanswered_beside_larger(hooks: Hooks) -> None:
    flight = Flight(hooks)

    async def wait(call: Call) -> None:
        rows = _rows(call)
        if rows == 1 or rows > LARGE:
            await asyncio.sleep(MEETING_SECONDS if rows == 1 else LARGE_SECONDS)
        if rows == 1 and any(_rows(other) > LARGE for other in flight.others(call)):
            flight.leave(call, Reply())
            await asyncio.sleep(HOLD_SECONDS)

    hooks.before.append(wait)
    hooks.documents.append(flight.leave)


@fault(
    "raw-beside-typed-over-grpc",
    SAME,
    "GRPC-RAW-01",
    text="a call with typed contents right after one with raw contents that is still at work has wrong values",
    transport="grpc",
    effect="concurrency",
)
def raw_beside_typed(hooks: Hooks) -> None:
    flight, last, spoiled = Flight(hooks), {"raw": False}, []

    def edit(call: Call, message: Any) -> None:
        before, last["raw"] = last["raw"], bool(message.raw_input_contents)
        if flight.others(call) and before and not last["raw"]:
            spoiled.append(call)

    def outputs(call: Call, found: list[Tensor]) -> list[Tensor]:
        return [wrong(each) for each in found] if any(each is call for each in spoiled) else found

    hooks.grpc.asked("infer")(edit)
    hooks.grpc.outputs.append(outputs)
    hooks.documents.append(flight.leave)
