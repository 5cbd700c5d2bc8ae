"""Shared helpers for faults: crash, hang, wrong values, changed requests.

Hangs end after :data:`HOLD_SECONDS`, and with the process; a crash is the end of the process.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

# Longer than a client waits for one request (10 s by default), and no longer than it has to be.
HOLD_SECONDS = 20.0

# What a process killed by SIGSEGV, and one killed for its memory, leave behind.
CRASHED, OUT_OF_MEMORY = 139, 137

# How many replicas one process answers as, and which of them is not as the others are.
REPLICAS, ODD = 3, 1

Trigger = Callable[[Call], bool]

Body = dict[str, Any]


def end(code: int = CRASHED) -> None:
    """Crash."""
    os._exit(code)


def is_rest(call: Call) -> bool:
    """Whether the call came over HTTP/1.1; gRPC paths name the service."""
    return not call.path.startswith("/inference.")


def kills(trigger: Trigger, code: int = CRASHED) -> Install:
    """The process ends on calls that ``trigger`` picks."""

    def gate(call: Call) -> None:
        if trigger(call):
            end(code)

    return lambda hooks: hooks.gates.append(gate)


def stalls(trigger: Trigger) -> Install:
    """Calls that ``trigger`` picks hold the whole server up."""

    def gate(call: Call) -> None:
        if trigger(call):
            time.sleep(HOLD_SECONDS)

    return lambda hooks: hooks.gates.append(gate)


def delays(trigger: Trigger, seconds: float) -> Install:
    """Calls that ``trigger`` picks take so much longer; others wait for none of them."""

    async def wait(call: Call) -> None:
        if trigger(call):
            await asyncio.sleep(seconds)

    return lambda hooks: hooks.before.append(wait)


def holds(trigger: Trigger) -> Install:
    """Calls that ``trigger`` picks are not answered in time; others are."""
    return delays(trigger, HOLD_SECONDS)


def wrong(output: Tensor) -> Tensor:
    """``output`` with every element another value of its type."""
    values = output.values
    if output.datatype == "BYTES":
        changed = np.empty(len(values), dtype=object)
        changed[:] = [bytes(each)[::-1] + b"~" for each in values]
    elif output.datatype == "BOOL":
        changed = ~values
    elif output.datatype.startswith("FP"):
        changed = np.where(values == 0, values.dtype.type(1), -values)
    else:
        changed = values ^ values.dtype.type(1)
    return dataclasses.replace(output, values=changed)


def wrong_when(condition: Callable[[Call, InferRequest], bool]) -> Install:
    """Inferences that ``condition`` picks get wrong values."""

    def edit(call: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return [wrong(each) for each in outputs] if condition(call, request) else outputs

    return lambda hooks: hooks.answers.append(edit)


def reread(change: Callable[[Body], bool]) -> Install:
    """Change documents of inferences before the server reads them; ``change`` says whether it did.

    Binary requests and what is no JSON object stay as they are.
    """

    def gate(call: Call) -> None:
        document = document_of(call)
        if document is not None and change(document):
            call.body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")

    return lambda hooks: hooks.gates.append(gate)


def document_of(call: Call) -> Body | None:
    """The request document of an inference, read forgivingly; None if there is none."""
    if call.op != "infer" or "inference-header-content-length" in call.headers or not call.body:
        return None
    try:
        document = json.loads(call.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def inputs_of(document: Body) -> list[Body]:
    """Entries of the inputs that are objects with an array for shape and for data."""
    entries = document.get("inputs")
    return [
        entry
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("shape"), list) and isinstance(entry.get("data"), list)
    ]


def on_refusals(change: Callable[[Call, Reply], object]) -> Install:
    """Do something at every inference over REST that ends in an error."""

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status >= 400:
            change(call, reply)

    return lambda hooks: hooks.documents.append(edit)


def together(*installs: Install) -> Install:
    """Several, in order."""

    def install(hooks: Hooks) -> None:
        for each in installs:
            each(hooks)

    return install


class Count:
    """A number that goes up."""

    def __init__(self) -> None:
        self.value = 0

    def up(self) -> int:
        """One more, and how many that makes."""
        self.value += 1
        return self.value


def by_connection(hooks: Hooks, asks: Trigger = lambda _: True) -> Trigger:
    """Calls that ``asks`` picks, at the one of three replicas that is not as the others are.

    Each new connection leads to the next replica, unless this process is one of them (``--replica-number``).
    """
    given: dict[object, int] = {}

    def picks(call: Call) -> bool:
        own = given.setdefault(call.connection, len(given) % REPLICAS)
        return (own if hooks.settings.replica is None else hooks.settings.replica) == ODD and asks(call)

    return picks


def by_turn(asks: Trigger, every: int) -> Trigger:
    """Every so manyth of the calls that ``asks`` picks."""
    count = Count()
    return lambda call: asks(call) and count.up() % every == 0
