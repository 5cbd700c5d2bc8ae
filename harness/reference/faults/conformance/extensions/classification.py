"""Seeded faults that the checks of ``suites/conformance/extensions/test_classification.py`` find."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.reference.extensions.classification import classify
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.tensors import Tensor

ROWS = ("digits", "cancer", "matrix")
LABELLED = ("digits", "cancer")


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
