"""What only goes wrong while several requests are being worked on."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np

from harness.reference.faults.adversarial import HOLD_SECONDS, Count, document_of, end, is_rest, on_refusals, wrong
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

SAME, LEAK, CRASH, HANG = "policy:same-answer", "policy:no-leak", "policy:no-crash", "policy:no-hang"
# A request alone waits this long for company; with company, as long as it takes many more to arrive.
ALONE_SECONDS, TOGETHER_SECONDS = 0.003, 0.08


class Flight:
    """Inferences over either transport that are being worked on at the same time."""

    def __init__(self, hooks: Hooks) -> None:
        self.calls: list[Call] = []
        hooks.before.append(self._enter)
        # What comes over REST leaves with the last edit of its document (see leave).
        hooks.grpc.replies.append(lambda call, _: self.leave(call, None))
        hooks.grpc.failures.append(self._failed)

    def _failed(self, call: Call, failed: Any, _: Any) -> Any:
        self.leave(call, None)
        return failed

    async def _enter(self, call: Call) -> None:
        if call.op == "infer":
            self.calls.append(call)
            await asyncio.sleep(ALONE_SECONDS)
            if len(self.calls) > 1:
                await asyncio.sleep(TOGETHER_SECONDS)

    def others(self, call: Call) -> list[Call]:
        """Who else is here with the same model, in order of arrival.

        Which model a call over gRPC is for is only known once its message is read.
        """
        return [each for each in self.calls if each is not call and each.model in ("", call.model)]

    def leave(self, call: Call, _: Reply | None) -> None:
        """To be registered after every other edit of documents: whatever the answer, the call is over."""
        self.calls = [each for each in self.calls if each is not call]


def _ids_swapped(at_least: int, every: int = 1) -> Install:
    """The id of another request of the flight, on every so-manieth answer, where so many are at work."""

    def install(hooks: Hooks) -> None:
        flight, count = Flight(hooks), Count()

        def edit(call: Call, reply: Reply) -> None:
            if call.op != "infer" or not is_rest(call):
                return
            others = flight.others(call)
            ids = [found for found in map(_id_of, others) if found] if len(others) + 1 >= at_least else []
            if ids and reply.status == 200 and "id" in reply.document and count.up() % every == 0:
                reply.document["id"] = ids[0]
            flight.leave(call, reply)

        hooks.documents.append(edit)

    return install


def _id_of(call: Call) -> str | None:
    """The id of a request that is not yet parsed."""
    found = document_of(call)
    return found["id"] if found and isinstance(found.get("id"), str) else None


fault(
    "ids-swapped-above-31-at-once",
    LEAK,
    "REST-INFER-12",
    "REST-RESP-04",
    text="with 32 inferences at work, answers get each other's ids",
    effect="concurrency",
)(_ids_swapped(32))
fault(
    "id-swapped-one-in-50-at-once",
    LEAK,
    "REST-INFER-12",
    "REST-RESP-04",
    text="with 4 inferences at work, every 50th gets another's id",
    effect="concurrency",
)(_ids_swapped(4, 50))


def _answers(change: Any) -> Install:
    """Change outputs by who else is at work: ``change(outputs, others, call)``."""

    def install(hooks: Hooks) -> None:
        flight = Flight(hooks)

        def answer(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
            changed: list[Tensor] = change(outputs, flight.others(call), call)
            return changed

        hooks.answers.append(answer)
        hooks.documents.append(flight.leave)

    return install


def _wrong_above(limit: int) -> Install:
    return _answers(lambda outputs, others, _: [wrong(each) for each in outputs] if len(others) >= limit else outputs)


fault(
    "wrong-above-16-at-once",
    SAME,
    "REST-INFER-12",
    text="with more than 16 inferences at work, values are wrong",
    effect="concurrency",
)(_wrong_above(16))


@fault(
    "answers-swapped-above-31-at-once",
    LEAK,
    "REST-INFER-12",
    text="with 32 inferences at work, answers have the values of the answer before",
    effect="concurrency",
)
def answers_swapped(hooks: Hooks) -> None:
    last: dict[str, list[Tensor]] = {}

    def change(outputs: list[Tensor], others: list[Call], call: Call) -> list[Tensor]:
        before = last.get(call.model)
        last[call.model] = outputs
        return before if before is not None and len(others) >= 31 else outputs

    _answers(change)(hooks)


@fault(
    "rows-wrong-one-in-30-at-once",
    SAME,
    "BATCH-03",
    text="with 4 inferences at work, the last row of every 30th is wrong",
    effect="concurrency",
)
def rows_wrong_one_in_30(hooks: Hooks) -> None:
    count = Count()

    def change(outputs: list[Tensor], others: list[Call], _: Call) -> list[Tensor]:
        return [_last_wrong(each) for each in outputs] if len(others) >= 3 and count.up() % 30 == 0 else outputs

    _answers(change)(hooks)


def _last_wrong(output: Tensor) -> Tensor:
    changed = wrong(output)
    values = output.values.copy()
    values[-1:] = changed.values[-1:]
    return Tensor(output.name, output.datatype, output.shape, values)


@fault(
    "float16-in-company",
    SAME,
    "BATCH-03",
    text="with 4 inferences at work, floats pass through half precision",
    models=("echo-fp32", "echo-fp64", "digits", "cancer", "diabetes"),
    effect="concurrency",
)
def float16_in_company(hooks: Hooks) -> None:
    def half(each: Tensor) -> Tensor:
        if each.datatype not in ("FP32", "FP64"):
            return each
        with np.errstate(over="ignore"):
            rounded = each.values.astype(np.float16).astype(each.values.dtype)
        kept = np.where(np.isfinite(rounded), rounded, each.values)
        return Tensor(each.name, each.datatype, each.shape, kept)

    _answers(lambda outputs, others, _: [half(each) for each in outputs] if len(others) >= 3 else outputs)(hooks)


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


@fault(
    "stalls-above-24-at-once",
    HANG,
    text="with more than 24 inferences at work, the server locks up",
    models=("pair",),
    effect="concurrency",
)
def stalls_above_24(hooks: Hooks) -> None:
    def change(outputs: list[Tensor], others: list[Call], _: Call) -> list[Tensor]:
        if len(others) >= 24:
            time.sleep(HOLD_SECONDS)
        return outputs

    _answers(change)(hooks)


@fault(
    "crash-above-40-at-once", CRASH, text="with more than 40 inferences at work, the process ends", effect="concurrency"
)
def crash_above_40(hooks: Hooks) -> None:
    def change(outputs: list[Tensor], others: list[Call], _: Call) -> list[Tensor]:
        if len(others) >= 40:
            end()
        return outputs

    _answers(change)(hooks)


@fault(
    "lost-above-20-at-once",
    HANG,
    text="with more than 20 inferences at work, every tenth is never answered",
    models=("pair",),
    effect="concurrency",
)
def lost_above_20(hooks: Hooks) -> None:
    flight, count = Flight(hooks), Count()

    async def wait(call: Call) -> None:
        if call.op == "infer" and len(flight.others(call)) > 20 and count.up() % 10 == 0:
            flight.leave(call, Reply())
            await asyncio.sleep(HOLD_SECONDS)

    hooks.before.append(wait)
    hooks.documents.append(flight.leave)


@fault(
    "versions-together-wrong",
    SAME,
    "VERS-04",
    "REST-INFER-12",
    text="inferences of two versions at work together have wrong values",
    effect="concurrency",
)
def versions_together_wrong(hooks: Hooks) -> None:
    def change(outputs: list[Tensor], others: list[Call], call: Call) -> list[Tensor]:
        mixed = any(each.version != call.version for each in others)
        return [wrong(each) for each in outputs] if mixed else outputs

    _answers(change)(hooks)
