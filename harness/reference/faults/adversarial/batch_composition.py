"""Seeded faults that the checks of ``suites/adversarial/test_batch_composition.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.common import wrong_when
from harness.reference.faults.kit.rows import with_second_row
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

SAME = "policy:same-answer"
LEAK = "policy:no-leak"


@fault(
    "answers-cached-by-first-element",
    SAME,
    text="answers come from a cache by shape, first and last element",
    effect="state",
)
def answers_cached_by_first_element(hooks: Hooks) -> None:
    kept: dict[tuple[object, ...], list[Tensor]] = {}

    def answer(call: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        ends = [(each.shape, bytes(each.values[:1]), bytes(each.values[-1:])) for each in request.inputs.values()
                if each.datatype != "BYTES"]  # fmt: skip
        key = (call.model, call.version, *ends)
        # The sample is only taken of what is long enough to be worth a cache.
        return kept.setdefault(key, outputs) if ends and all(shape[:1] > (2,) for shape, _, _ in ends) else outputs

    hooks.answers.append(answer)


@fault(
    "second-row-of-previous-request",
    LEAK,
    "BATCH-02",
    text="the second row of a batch is that of the batch before",
    effect="state",
)
def second_row_of_previous(hooks: Hooks) -> None:
    kept: dict[tuple[str, str], Tensor] = {}

    def answer(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        found = []
        for each in outputs:
            old = kept.get((call.model, each.name))
            if each.shape and each.shape[0] > 1 and len(each.values) == each.count:
                kept[call.model, each.name] = each
            found.append(with_second_row(each, old) if old is not None else each)
        return found

    hooks.answers.append(answer)


@fault(
    "other-model-changes-answer",
    SAME,
    "REST-INFER-12",
    text="an inference right after another model's is wrong",
    models=("pair", "matrix"),
    effect="state",
)
def other_model_changes_answer(hooks: Hooks) -> None:
    last = {"model": ""}

    def condition(call: Call, _: InferRequest) -> bool:
        before, last["model"] = last["model"], call.model
        return bool(before) and before != call.model

    wrong_when(condition)(hooks)


@fault(
    "reload-changes-answers",
    SAME,
    "REPO-06",
    text="a model that is loaded again has other weights",
    models=("pair", "matrix"),
)
def reload_changes_answers(hooks: Hooks) -> None:
    loads: dict[str, int] = {}

    def gate(call: Call) -> None:
        if call.op == "load":
            loads[call.model] = loads.get(call.model, 0) + 1

    hooks.gates.append(gate)
    wrong_when(lambda call, _: loads.get(call.model, 0) % 2 == 1)(hooks)
