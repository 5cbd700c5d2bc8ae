"""Seeded faults that the checks of ``suites/adversarial/test_disconnects.py`` find."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from harness.reference.faults.kit.clients import when_cancelled, when_client_leaves, when_left_before_answer, workers
from harness.reference.faults.kit.common import HOLD_SECONDS, Count, end, is_rest
from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.failed import Failed
from harness.reference.grpc.metadata import delimited
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

HANG, SAME, LEAK, OTHERS = "policy:no-hang", "policy:same-answer", "policy:no-leak", "advice:serves-others"
WORKERS = 12
STREAM = "ModelStreamInfer"


@fault(
    "disconnect-poisons-next",
    "policy:same-answer",
    "REST-INFER-12",
    text="after a client left mid-body, the next inference is a 500; so are twelve after many",
    effect="connection",
)
def disconnect_poisons_next(hooks: Hooks) -> None:
    # As many as a pool holds; with no bound, one client's burst would leave nothing to show to others.
    left: deque[bool] = deque(maxlen=12)
    when_client_leaves(hooks, lambda: left.append(True))

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status == 200 and left:
            left.pop()
            reply.status, reply.document, reply.carried = 500, {"error": "broken pipe"}, {}

    hooks.documents.append(edit)


@fault(
    "left-while-computed-holds-worker",
    HANG,
    text="the first client that leaves while its answer is computed takes one of twelve workers with it",
    effect="hang",
)
def left_while_computed_holds_worker(hooks: Hooks) -> None:
    lost: list[bool] = []
    when_left_before_answer(hooks, lambda: lost.extend([True] * (not lost)))
    hooks.before.append(workers(WORKERS, lost))


@fault(
    "left-while-computed-slows-next",
    OTHERS,
    text="after clients left while their answers were computed, the next inference waits 3 s for what they had locked",
    effect="state",
)
def left_while_computed_slows_next(hooks: Hooks) -> None:
    locked: set[bool] = set()
    when_left_before_answer(hooks, lambda: locked.add(True))

    async def wait(call: Call) -> None:
        if call.op == "infer" and is_rest(call) and locked:
            locked.clear()
            await asyncio.sleep(3.0)

    hooks.before.append(wait)


@fault(
    "left-request-answers-next",
    LEAK,
    text="the answer to a client that has left goes to whoever asks next",
    effect="state",
)
def left_request_answers_next(hooks: Hooks) -> None:
    answers: deque[Any] = deque(maxlen=1)
    waiting: deque[Any] = deque(maxlen=1)
    when_left_before_answer(hooks, lambda: waiting.extend(answers))

    def edit(call: Call, reply: Reply) -> None:
        if call.op != "infer" or reply.status != 200 or reply.carried:
            return
        answers.append(reply.document)
        if waiting:
            reply.document = waiting.pop()

    hooks.documents.append(edit)


def _slots(count: int, leaf: str) -> Install:
    """A client that leaves while it is answered keeps its slot; without one left, everybody waits."""

    def install(hooks: Hooks) -> None:
        taken = Count()
        op = {"infer": "infer", "generate_stream": "generate-stream"}[leaf]

        async def wait(call: Call) -> None:
            if call.op == op and is_rest(call) and taken.value >= count:
                await asyncio.sleep(HOLD_SECONDS)

        hooks.before.append(wait)
        when_left_before_answer(hooks, taken.up, leaf)

    return install


fault(
    "left-while-computed-holds-one-of-many",
    "policy:no-crash",
    HANG,
    text="a client that leaves while its answer is computed keeps one of 120 slots",
    effect="hang",
)(_slots(120, "infer"))
fault(
    "left-stream-holds-slot",
    "policy:no-crash",
    HANG,
    text="a client that leaves a stream of text keeps one of 6 slots",
    models=("story",),
    effect="hang",
)(_slots(6, "generate_stream"))


@fault(
    "cancelled-holds-worker",
    HANG,
    text="the first call that is given up while it is computed takes one of twelve workers with it",
    transport="grpc",
    effect="hang",
)
def cancelled_holds_worker(hooks: Hooks) -> None:
    lost: list[bool] = []
    when_cancelled(hooks, lambda _: lost.extend([True] * (not lost)))
    hooks.grpc.before.append(workers(WORKERS, lost))


@fault(
    "deadline-outlives-its-call",
    SAME,
    text="up to twelve calls after some that were given up get DEADLINE_EXCEEDED as well",
    transport="grpc",
    effect="state",
)
def deadline_outlives_its_call(hooks: Hooks) -> None:
    passed: deque[bool] = deque(maxlen=12)
    when_cancelled(hooks, lambda _: passed.extend([True] * 3))

    def edit(_: Call, __: Any) -> None:
        if passed:
            passed.pop()
            raise Failed("DEADLINE_EXCEEDED", "no time is left")

    hooks.grpc.asked("infer")(edit)


@fault(
    "cancelled-answer-goes-to-next",
    LEAK,
    text="after a call that was given up, the next gets what the one before it was answered",
    transport="grpc",
    effect="state",
)
def cancelled_answer_goes_to_next(hooks: Hooks) -> None:
    answers: deque[bytes] = deque(maxlen=1)
    waiting: deque[bytes] = deque(maxlen=1)
    when_cancelled(hooks, lambda _: waiting.extend(answers))

    def edit(call: Call, data: bytes) -> bytes:
        if call.op != "infer":
            return data
        given = waiting.pop() if waiting else data
        answers.append(data)
        return given

    hooks.grpc.sent.append(edit)


@fault(
    "tenth-cancelled-call-ends-process",
    "policy:no-crash",
    text="the tenth call that is given up while it is computed ends the process",
    transport="grpc",
    effect="crash",
)
def tenth_cancelled_call_ends_process(hooks: Hooks) -> None:
    count = Count()
    when_cancelled(hooks, lambda _: end() if count.up() == 10 else None)


def _stream_slots(count: int) -> Install:
    """A stream that is given up while it waits for its next request keeps its slot."""

    def install(hooks: Hooks) -> None:
        kept = Count()

        async def watched(bodies: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
            if kept.value >= count:
                await asyncio.sleep(HOLD_SECONDS)
            try:
                async for body in bodies:
                    yield body
            except asyncio.CancelledError:
                kept.up()
                raise

        hooks.grpc.streams.append(watched)

    return install


fault(
    "open-stream-cancelled-holds-worker",
    HANG,
    text="a stream that is given up while it is idle keeps one of 3 workers",
    transport="grpc",
    effect="hang",
)(_stream_slots(3))
fault(
    "open-stream-cancelled-holds-one-of-many",
    HANG,
    text="a stream that is given up while it is idle keeps one of 30 workers",
    transport="grpc",
    effect="hang",
)(_stream_slots(30))


@fault(
    "left-stream-answers-next",
    LEAK,
    text="what was written to the stream before one that was given up goes to the next stream",
    transport="grpc",
    effect="state",
)
def left_stream_answers_next(hooks: Hooks) -> None:
    written: deque[bytes] = deque(maxlen=1)
    waiting: deque[bytes] = deque(maxlen=1)
    when_cancelled(hooks, lambda call: waiting.extend(written if call.path.endswith(STREAM) else ()))

    def layout(answer: bytes, words: str) -> list[bytes]:
        given = waiting.pop() if waiting else answer
        written.append(answer)
        return [delimited(1, words.encode()) if words else delimited(2, given)]

    hooks.grpc.streamed = layout


@fault(
    "cut-stream-ends-process",
    "policy:no-crash",
    text="the third stream that is given up while it is computed ends the process",
    transport="grpc",
    effect="crash",
)
def cut_stream_ends_process(hooks: Hooks) -> None:
    count = Count()
    when_cancelled(hooks, lambda call: end() if call.path.endswith(STREAM) and count.up() == 3 else None)
