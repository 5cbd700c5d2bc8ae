"""Seeded faults that the checks of ``suites/adversarial/test_stateful.py`` find."""

from __future__ import annotations

import asyncio

from harness.reference.faults.kit.common import on_refusals, wrong, wrong_when
from harness.reference.faults.kit.rows import with_second_row
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

SAME = "policy:same-answer"


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
        return [with_second_row(each, wrong(each)) for each in outputs]

    on_refusals(lambda _, __: after.append(True))(hooks)
    hooks.answers.append(answer)


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
    "broken-by-large-body",
    "policy:ready-infers",
    text="after a body above 64 KiB every inference hangs, and ready says true",
    models=("pair",),
    effect="wear",
)
def broken_by_large_body(hooks: Hooks) -> None:
    large: list[bool] = []

    async def wait(call: Call) -> None:
        if call.op == "infer" and large:
            await asyncio.sleep(20)
        if len(call.body) > 65536:
            large.append(True)

    hooks.before.append(wait)
