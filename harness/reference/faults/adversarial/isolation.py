"""Seeded faults that the checks of ``suites/adversarial/test_isolation.py`` find."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any

import numpy as np

from harness.reference.faults.kit.common import HOLD_SECONDS, Count, document_of, end, is_rest, wrong
from harness.reference.faults.kit.concurrency import Flight
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

LEAK = "policy:no-leak"
SAME = "policy:same-answer"
HANG = "policy:no-hang"
CRASH = "policy:no-crash"


@fault(
    "every-third-by-the-other-version",
    "policy:same-answer",
    "VERS-04",
    text="every third inference that names a version is computed by the other one, and labelled as was asked",
    models=("matrix",),
)
def every_third_by_the_other_version(hooks: Hooks) -> None:
    count = itertools.count(1)

    def gate(call: Call) -> None:
        if call.op == "infer" and call.version in ("1", "2") and next(count) % 3 == 0:
            call.headers["x-art15-asked"] = call.version
            call.version = "1" if call.version == "2" else "2"

    def label(call: Call, body: dict[str, Any]) -> None:
        body["model_version"] = call.headers.get("x-art15-asked", body.get("model_version"))

    hooks.gates.append(gate)
    hooks.on("infer")(label)


@fault(
    "new-connection-answers-previous",
    LEAK,
    text="the first inference on a connection gets the answer that was given last on another one",
    effect="state",
)
def new_connection_answers_previous(hooks: Hooks) -> None:
    last: dict[str, tuple[object, Any]] = {}

    def edit(call: Call, reply: Reply) -> None:
        if call.op != "infer" or reply.status != 200 or not is_rest(call):
            return
        own, (connection, previous) = reply.document, last.get(call.model or "", (call.connection, None))
        last[call.model or ""] = call.connection, own
        if connection != call.connection and call.number_on_connection == 1:
            reply.document = previous

    hooks.documents.append(edit)


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
