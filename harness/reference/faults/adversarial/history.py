"""Seeded faults that the checks of ``suites/adversarial/test_history.py`` find."""

from __future__ import annotations

import copy
import json
from typing import Any

from harness.reference.faults.kit.common import document_of, inputs_of
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.raw import encode_raw
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

SAME, LEAK = "policy:same-answer", "policy:no-leak"
# What an element of the outputs takes that the fault shows on.
WIDTH = 4


@fault(
    "first-row-of-larger-batch-before",
    LEAK,
    "BATCH-02",
    text="after a larger batch, the first row of the next is the last one of that batch",
    effect="state",
)
def first_row_of_larger_batch(hooks: Hooks) -> None:
    kept: dict[tuple[str, str], Tensor] = {}

    def answer(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        found = []
        for each in outputs:
            old, kept[call.model, each.name] = kept.get((call.model, each.name)), each
            found.append(_begun_by(each, old) if old is not None and len(old.values) > len(each.values) else each)
        return found

    hooks.answers.append(answer)


def _begun_by(output: Tensor, old: Tensor) -> Tensor:
    width = len(output.values) // max(1, output.shape[0] if output.shape else 1)
    values = output.values.copy()
    values[:width] = old.values[-width:] if width else values[:width]
    return Tensor(output.name, output.datatype, output.shape, values)


@fault(
    "reply-cached-without-id",
    LEAK,
    "REST-INFER-12",
    "REST-RESP-04",
    text="whole replies are kept by inputs, version and outputs, with the id that they had",
    effect="state",
)
def reply_cached_without_id(hooks: Hooks) -> None:
    kept: dict[str, Any] = {}

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status == 200 and not reply.carried and isinstance(call.request, dict):
            asked = [call.model, call.version, inputs_of(call.request), call.request.get("outputs")]
            reply.document = copy.deepcopy(kept.setdefault(json.dumps(asked), copy.deepcopy(reply.document)))

    hooks.documents.append(edit)


@fault(
    "looked-up-before-checked",
    SAME,
    "REST-INFER-07",
    text="data that was answered before is answered from a cache, whatever shape or version it now comes with",
    effect="state",
)
def looked_up_before_checked(hooks: Hooks) -> None:
    kept: dict[str, Any] = {}

    def key(call: Call) -> str:
        inputs = inputs_of(document_of(call) or {})
        return json.dumps([call.model, [each["data"] for each in inputs]]) if inputs else ""

    def gate(call: Call) -> Reply | None:
        found = kept.get(key(call))
        return Reply(200, copy.deepcopy(found)) if found is not None else None

    def edit(call: Call, reply: Reply) -> None:
        plain = isinstance(call.request, dict) and set(call.request) == {"inputs"}
        if call.op == "infer" and reply.status == 200 and plain and call.version is None and not reply.carried:
            kept[key(call)] = copy.deepcopy(reply.document)

    hooks.gates.append(gate)
    hooks.documents.append(edit)


@fault(
    "kept-by-values-alone",
    SAME,
    text="the outputs of a checked request are kept by its values, and given to those of another shape",
    effect="state",
    models=("echo-grid",),
)
def kept_by_values_alone(hooks: Hooks) -> None:
    kept: dict[str, list[Tensor]] = {}

    def answer(call: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        values = [each.values.tolist() for each in request.inputs.values()]
        return kept.setdefault(repr((call.model, call.version, values, sorted(e.name for e in outputs))), outputs)

    hooks.answers.append(answer)


@fault(
    "reply-parameters-of-before",
    LEAK,
    "REST-RESP-04",
    text="a reply has the parameters of the inference before",
    effect="state",
)
def reply_parameters_of_before(hooks: Hooks) -> None:
    last: dict[str, Any] = {}

    def edit(call: Call, body: dict[str, Any]) -> None:
        before = dict(last)
        last.clear()
        last.update((call.request.get("parameters") or {}) if isinstance(call.request, dict) else {})
        if before:
            body["parameters"] = before

    hooks.on("infer")(edit)


@fault(
    "version-sticks",
    SAME,
    "VERS-04",
    text="a request that names no version is for the one that was named last",
    effect="state",
)
def version_sticks(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def gate(call: Call) -> None:
        if call.op == "infer" and call.version in ("1", "2"):
            last[call.model] = call.version
        elif call.op == "infer" and not call.version:
            call.version = last.get(call.model, call.version)

    hooks.gates.append(gate)


@fault(
    "raw-tail-of-call-before",
    LEAK,
    "GRPC-RAW-05",
    text="the last element of raw contents is that of a longer output before, where it stood at the same place",
    transport="grpc",
    models=("pair",),
    effect="state",
)
def raw_tail_of_call_before(hooks: Hooks) -> None:
    kept: dict[str, bytes] = {}

    def encode(output: Tensor) -> bytes:
        data = encode_raw(output)
        old, kept[output.name] = kept.get(output.name, b""), data
        return data[:-WIDTH] + old[len(data) - WIDTH : len(data)] if len(old) > len(data) > WIDTH else data

    hooks.grpc.encode_raw = encode
