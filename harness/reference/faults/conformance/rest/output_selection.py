"""Seeded faults that the checks of ``suites/conformance/rest/test_output_selection.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

MANY = ("pair", "text", "digits", "cancer")


@fault(
    "second-output-never-selected", "REST-OUT-02", text="asked for by name, only the first output is found", models=MANY
)
def second_output_never_selected(hooks: Hooks) -> None:
    hooks.answers.append(lambda _, request, outputs: outputs[:1] if request.outputs else outputs)


@fault("output-filter-ignored", "REST-OUT-03", text="all outputs are returned, whichever were asked for", models=MANY)
def output_filter_ignored(hooks: Hooks) -> None:
    hooks.requests.append(lambda _, __, request: setattr(request, "outputs", None))


@fault(
    "outputs-twice",
    "REST-OUT-06",
    "REST-OUT-05",
    text="an output asked for twice comes twice, both times with other values",
)
def outputs_twice(hooks: Hooks) -> None:
    hooks.rules.repeated_outputs = True

    def edit(_: Call, body: dict[str, Any]) -> None:
        names = [each["name"] for each in body["outputs"]]
        for each in body["outputs"]:
            if names.count(each["name"]) > 1:
                each["data"] = [_other(value) for value in each["data"]]

    hooks.on("infer")(edit)


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str) and not value.replace(".", "").replace("-", "").isdigit():
        return "other"
    return 77


@fault("empty-outputs-first-only", "REST-INFER-11", text="an empty list of outputs means the first", models=MANY)
def empty_outputs_first_only(hooks: Hooks) -> None:
    def edit(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return outputs[:1] if call.request.get("outputs") == [] else outputs

    hooks.answers.append(edit)


@fault(
    "outputs-requested-in-wrong-order-mixed",
    "REST-OUT-05",
    text="outputs asked for in another order carry each other's data",
    models=("pair",),
)
def outputs_mixed(hooks: Hooks) -> None:
    def edit(_: Call, body: dict[str, Any]) -> None:
        names = [each["name"] for each in body["outputs"]]
        if names == ["ob", "oa"]:
            first, second = body["outputs"]
            first["name"], second["name"] = second["name"], first["name"]

    hooks.on("infer")(edit)


@fault(
    "sticky-output-filter",
    "REST-OUT-01",
    "REST-INFER-12",
    text="a selection of outputs also holds for the next request",
    models=MANY,
    effect="state",
)
def sticky_output_filter(hooks: Hooks) -> None:
    last: dict[str, list[str] | None] = {}

    def edit(call: Call, _: Any, request: InferRequest) -> None:
        asked, before = request.outputs, last.get(call.model)
        request.outputs = asked or before
        last[call.model] = asked

    hooks.requests.append(edit)
