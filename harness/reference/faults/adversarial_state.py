"""Answers, readiness and speed that depend on what happened before."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

from harness.reference.faults.adversarial import Count, inputs_of, on_refusals, wrong, wrong_when
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

SAME, LEAK = "policy:same-answer", "policy:no-leak"
PAUSE_SECONDS = 1.5


def _counted(every: int) -> Any:
    """Picks each inference whose number is a multiple of ``every``."""
    count = Count()
    return lambda _, __: count.up() % every == 0


@fault("one-in-200-wrong", SAME, text="every 200th inference has wrong values", effect="state")
def one_in_200_wrong(hooks: Hooks) -> None:
    wrong_when(_counted(200))(hooks)


@fault("one-in-40-wrong", SAME, text="every 40th inference has wrong values", effect="state")
def one_in_40_wrong(hooks: Hooks) -> None:
    wrong_when(_counted(40))(hooks)


@fault(
    "answers-drift-with-use", SAME, text="after 60 inferences the process answers otherwise, for good", effect="state"
)
def answers_drift_with_use(hooks: Hooks) -> None:
    count = Count()
    wrong_when(lambda _, __: count.up() > 60)(hooks)


@fault(
    "answer-depends-on-previous-id",
    SAME,
    text="after an id of odd length, the next answer has wrong values",
    effect="state",
)
def answer_depends_on_previous_id(hooks: Hooks) -> None:
    last = {"odd": False}

    def condition(_: Call, request: InferRequest) -> bool:
        before, last["odd"] = last["odd"], isinstance(request.id, str) and len(request.id) % 2 == 1
        return before

    wrong_when(condition)(hooks)


@fault(
    "answers-cached-by-id",
    LEAK,
    SAME,
    "REST-INFER-12",
    text="an id that was used gets the answer it had then",
    effect="state",
)
def answers_cached_by_id(hooks: Hooks) -> None:
    kept: dict[tuple[str, str], list[Tensor]] = {}

    def answer(call: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if not isinstance(request.id, str):
            return outputs
        return kept.setdefault((call.model, request.id), outputs)

    hooks.answers.append(answer)


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
            found.append(_with_second_row(each, old) if old is not None else each)
        return found

    hooks.answers.append(answer)


def _with_second_row(new: Tensor, old: Tensor) -> Tensor:
    if not new.shape or new.shape[0] < 2 or new.shape[1:] != old.shape[1:] or len(new.values) != new.count:
        return new
    values, width = new.values.copy(), new.count // new.shape[0]
    values[width : 2 * width] = old.values[width : 2 * width]
    return dataclasses.replace(new, values=values)


@fault(
    "wrong-second-row-after-refusal",
    SAME,
    "REST-ERR-06",
    text="after a refusal, the second row of the next batch is wrong",
    effect="state",
)
def wrong_second_row_after_refusal(hooks: Hooks) -> None:
    after: list[bool] = []

    def answer(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if not after or not all(each.shape and each.shape[0] > 1 for each in outputs):
            return outputs
        after.clear()
        return [_with_second_row(each, wrong(each)) for each in outputs]

    on_refusals(lambda _, __: after.append(True))(hooks)
    hooks.answers.append(answer)


@fault(
    "wrong-on-long-connections", SAME, text="from the 25th request of a connection on, values are wrong", effect="state"
)
def wrong_on_long_connections(hooks: Hooks) -> None:
    wrong_when(lambda call, _: call.number_on_connection >= 25)(hooks)


@fault(
    "wrong-after-ready-then-metadata",
    SAME,
    text="an inference right after ready and then metadata has wrong values",
    effect="state",
)
def wrong_after_ready_then_metadata(hooks: Hooks) -> None:
    seen: list[str] = []
    hooks.gates.append(lambda call: seen.append(call.op))

    def condition(_: Call, __: InferRequest) -> bool:
        del seen[:-3]
        return seen == ["model-ready", "model-metadata", "infer"]

    wrong_when(condition)(hooks)


@fault(
    "wrong-after-large-request",
    SAME,
    text="the two inferences after one above 64 KiB have wrong values",
    models=("pair", "echo-bytes"),
    effect="state",
)
def wrong_after_large_request(hooks: Hooks) -> None:
    left = {"wrong": 0}

    def condition(call: Call, _: InferRequest) -> bool:
        now, left["wrong"] = left["wrong"] > 0, 2 if len(call.body) > 65536 else max(left["wrong"] - 1, 0)
        return now

    wrong_when(condition)(hooks)


@fault("wrong-after-a-pause", SAME, text="the first inference after 1.5 s without any has wrong values", effect="state")
def wrong_after_a_pause(hooks: Hooks) -> None:
    last = {"at": time.monotonic()}

    def condition(_: Call, __: InferRequest) -> bool:
        before, last["at"] = last["at"], time.monotonic()
        return last["at"] - before > PAUSE_SECONDS

    wrong_when(condition)(hooks)


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
    "wrong-after-unknown-version",
    SAME,
    "REST-ERR-06",
    text="after a request for a version that is not there, the next inference has wrong values",
    effect="state",
)
def wrong_after_unknown_version(hooks: Hooks) -> None:
    armed: list[bool] = []

    def edit(call: Call, reply: Reply) -> None:
        if call.version is not None and reply.status == 404:
            armed.append(True)

    hooks.documents.append(edit)
    wrong_when(lambda _, __: bool(armed and armed.pop()))(hooks)


@fault(
    "repeats-differ", SAME, text="the same request twice in a row has another answer the second time", effect="state"
)
def repeats_differ(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def condition(call: Call, _: InferRequest) -> bool:
        now = json.dumps(inputs_of(call.request)) if isinstance(call.request, dict) else ""
        before, last["inputs"] = last.get("inputs", ""), now
        return bool(now) and now != "[]" and now == before

    wrong_when(condition)(hooks)
