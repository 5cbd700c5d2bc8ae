"""Classification, sequences and scheduling that do something else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.reference.extensions.classification import classify
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

Install = Callable[[Hooks], None]
ROWS = ("digits", "cancer", "matrix")
LABELLED = ("digits", "cancer")
STATE = ("accumulator",)


def _classes(change: Callable[[Tensor, int, Sequence[str]], Tensor]) -> Install:
    return lambda hooks: setattr(hooks, "classify", change)


def _texts(change: Callable[[list[str]], list[str]]) -> Install:
    """Change the parts of each class: value, index, perhaps label."""

    def edit(output: Tensor, count: int, labels: Sequence[str]) -> Tensor:
        found = classify(output, count, labels)
        values = np.empty(len(found.values), dtype=object)
        values[:] = [":".join(change(bytes(each).decode().split(":"))).encode() for each in found.values]
        return dataclasses.replace(found, values=values)

    return _classes(edit)


def _smallest(output: Tensor, count: int, labels: Sequence[str]) -> Tensor:
    every = classify(output, max(output.count, 1), labels)
    table = every.array[..., ::-1][..., :count]
    return dataclasses.replace(every, shape=table.shape, values=table.ravel())


def _rising(output: Tensor, count: int, labels: Sequence[str]) -> Tensor:
    found = classify(output, count, labels)
    return dataclasses.replace(found, values=found.array[..., ::-1].ravel())


def _whole_batch(output: Tensor, count: int, labels: Sequence[str]) -> Tensor:
    return classify(dataclasses.replace(output, shape=(1, output.count)), count, labels)


fault("classification-smallest", "CLASS-01", text="the smallest elements are returned")(_classes(_smallest))
fault("classification-rising", "CLASS-01", text="classes are in rising order")(_classes(_rising))
fault("classification-one-class", "CLASS-01", text="there is never more than one class")(
    _classes(lambda output, _, labels: classify(output, 1, labels))
)
fault("classification-one-too-many", "CLASS-01", text="there is one class more than asked for")(
    _classes(lambda output, count, labels: classify(output, count + 1, labels))
)
fault("classification-ignored", "CLASS-01", text="the parameter classification is ignored")(
    _classes(lambda output, _, __: output)
)
fault("classification-whole-batch", "CLASS-01", text="the rows of a batch are classified together", models=ROWS)(
    _classes(_whole_batch)
)
fault("classification-index-from-one", "CLASS-01", text="indices begin at one")(
    _texts(lambda parts: [parts[0], str(int(parts[1]) + 1), *parts[2:]])
)
fault("classification-without-value", "CLASS-01", text="classes are index and label")(_texts(lambda parts: parts[1:]))
fault("classification-label-first", "CLASS-01", text="the label stands before the index", models=LABELLED)(
    _texts(lambda parts: [parts[0], *reversed(parts[1:])])
)
fault("classification-value-rounded", "CLASS-01", text="values are rounded to one digit", models=LABELLED)(
    _texts(lambda parts: [f"{float(parts[0]):.1g}", *parts[1:]])
)


@fault("classification-datatype-string", "CLASS-01", text="classes have the datatype STRING")
def classification_datatype_string(hooks: Hooks) -> None:
    def edit(call: Call, body: dict[str, Any]) -> None:
        wanted = {each["name"] for each in call.request.get("outputs") or [] if "classification" in _own(each)}
        for entry in body["outputs"]:
            if entry["name"] in wanted:
                entry["datatype"] = "STRING"

    hooks.on("infer")(edit)


def _own(entry: dict[str, Any]) -> dict[str, Any]:
    return entry.get("parameters") or {}


def _request(change: Callable[[dict[str, Any]], None]) -> Install:
    """Change the parameters of requests that were understood."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
            request.parameters = dict(request.parameters)
            change(request.parameters)

        hooks.requests.append(edit)

    return install


def _one_sequence(found: dict[str, Any]) -> None:
    if found.get("sequence_id"):
        found["sequence_id"] = 1


def _text_ids(found: dict[str, Any]) -> None:
    if isinstance(found.get("sequence_id"), str) and found["sequence_id"]:
        found["sequence_id"] = len(found["sequence_id"])


fault("sequences-share-state", "SEQ-01", text="all sequences have one state", models=STATE)(_request(_one_sequence))
fault(
    "sequence-ids-cut",
    "SEQ-01",
    text="of two sequences with texts for ids, those of equal length share a state",
    models=STATE,
)(_request(_text_ids))
fault("sequence-ids-modulo", "SEQ-01", text="ids of sequences are cut to eight bits", models=STATE)(
    _request(
        lambda found: (
            found.update(sequence_id=found["sequence_id"] % 256 or 256)
            if type(found.get("sequence_id")) is int and found["sequence_id"] > 0
            else None
        )
    )
)
fault("sequence-zero-is-one", "SEQ-01", text="the id 0 and the empty id are sequences of their own", models=STATE)(
    _request(
        lambda found: (
            found.update(sequence_id="zero", sequence_start=found.get("sequence_start", False))
            if found.get("sequence_id", 1) in (0, "")
            else None
        )
    )
)
fault("sequence-state-lost", "SEQ-01", text="every request begins its sequence anew", models=STATE)(
    _request(lambda found: found.update(sequence_start=True) if found.get("sequence_id") else None)
)
fault("sequence-start-any", "SEQ-01", text="sequence_start may be a text or a number", models=STATE)(
    _request(
        lambda found: found.update(
            {name: bool(found[name]) for name in ("sequence_start", "sequence_end") if name in found}
        )
    )
)


@fault("sequence-start-keeps-state", "SEQ-01", text="a start of a running sequence keeps its state", models=STATE)
def sequence_start_keeps_state(hooks: Hooks) -> None:
    running: set[object] = set()

    def change(found: dict[str, Any]) -> None:
        if found.get("sequence_start") is True and found.get("sequence_id") in running:
            found["sequence_start"] = False
        running.add(found.get("sequence_id"))

    def ended(found: dict[str, Any]) -> None:
        if found.get("sequence_end") is True:
            running.discard(found.get("sequence_id"))

    _request(change)(hooks)
    _request(ended)(hooks)


def _words_dropped(*names: str) -> Install:
    def change(found: dict[str, Any]) -> None:
        for name in names:
            if name in found and (type(found[name]) is not int or found[name] < 0):
                del found[name]

    return _request(change)


fault("priority-word-accepted", "SCHED-01", text="a priority that is no integer is ignored")(_words_dropped("priority"))
fault("timeout-word-accepted", "SCHED-01", text="a timeout that is no integer is ignored")(_words_dropped("timeout"))


@fault("priority-refused", "SCHED-01", text="requests with a priority are refused")
def priority_refused(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        try:
            found = json.loads(call.body)["parameters"] if call.op == "infer" else {}
        except (ValueError, LookupError, TypeError):
            return None
        refused = isinstance(found, dict) and ("priority" in found or "timeout" in found)
        return error(400, "there is no scheduler") if refused else None

    hooks.gates.append(gate)


@fault(
    "priority-changes-answer",
    "SCHED-01",
    text="a request with a priority is answered with its rows reversed",
    models=("digits", "matrix", "echo-fp32", "pair"),
)
def priority_changes_answer(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if not request.parameters.get("priority"):
            return outputs
        return [dataclasses.replace(each, values=each.array[::-1].ravel()) for each in outputs]

    hooks.answers.append(edit)
