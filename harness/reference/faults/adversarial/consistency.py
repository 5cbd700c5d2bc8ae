"""Seeded faults that the checks of ``suites/adversarial/test_consistency.py`` find."""

from __future__ import annotations

import json
from typing import Any

from harness.reference.faults.kit.common import Count, inputs_of, is_rest, on_refusals, wrong, wrong_when
from harness.reference.faults.kit.concurrency import Flight
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor, tensor

SAME = "policy:same-answer"
LEAK = "policy:no-leak"


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
    "every-third-of-another-type",
    SAME,
    text="every third inference has its FP32 and FP64 as each other",
    effect="state",
)
def every_third_of_another_type(hooks: Hooks) -> None:
    picked = _counted(3)
    other = {"FP32": "FP64", "FP64": "FP32"}

    def edit(call: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if not picked(call, request):
            return outputs
        return [tensor(each.name, other.get(each.datatype, each.datatype), each.array) for each in outputs]

    hooks.answers.append(edit)


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
    "wrong-on-long-connections", SAME, text="from the 25th request of a connection on, values are wrong", effect="state"
)
def wrong_on_long_connections(hooks: Hooks) -> None:
    wrong_when(lambda call, _: call.number_on_connection >= 25)(hooks)


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


@fault(
    "bad-neighbour-changes-answers",
    SAME,
    "REST-INFER-12",
    text="inferences at work beside one that is refused have wrong values",
    effect="concurrency",
)
def bad_neighbour_changes_answers(hooks: Hooks) -> None:
    spoiled: list[Call] = []
    flight = Flight(hooks)

    def answer(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return [wrong(each) for each in outputs] if any(each is call for each in spoiled) else outputs

    def refused(call: Call, _: Reply) -> None:
        spoiled[:] = flight.others(call)

    hooks.answers.append(answer)
    on_refusals(refused)(hooks)
    hooks.documents.append(flight.leave)


@fault(
    "one-refusal-refuses-all-at-work",
    SAME,
    "REST-INFER-12",
    "BATCH-03",
    text="inferences at work beside one that is refused get its error",
    effect="concurrency",
)
def one_refusal_refuses_all(hooks: Hooks) -> None:
    spoiled: list[tuple[Call, int, Any]] = []
    flight = Flight(hooks)

    def edit(call: Call, reply: Reply) -> None:
        for other, status, document in spoiled:
            if other is call:
                reply.status, reply.document, reply.carried = status, document, {}
                return
        if call.op == "infer" and reply.status >= 400:
            spoiled[:] = [(other, reply.status, reply.document) for other in flight.others(call)]

    hooks.documents.append(edit)
    hooks.documents.append(flight.leave)


@fault(
    "error-of-neighbour-quoted",
    LEAK,
    "REST-INFER-12",
    text="an error quotes an inference at work beside it",
    effect="concurrency",
)
def error_of_neighbour_quoted(hooks: Hooks) -> None:
    flight = Flight(hooks)

    def refused(call: Call, reply: Reply) -> None:
        others = [each for each in flight.others(call) if is_rest(each)]
        if others and isinstance(reply.document, dict):
            reply.document["error"] = f"{reply.document.get('error')}; batch: {others[0].body[:400].decode('latin-1')}"

    on_refusals(refused)(hooks)
    hooks.documents.append(flight.leave)
