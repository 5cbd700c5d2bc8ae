"""One of several replicas: it says in each answer which one it is, notes each inference, and may be a slow one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from pathlib import Path

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

# A header over REST, and metadata at the end of a call over gRPC.
HEADER = "x-replica"


def name_replica(hooks: Hooks, name: str) -> None:
    """Say the name of the replica in every answer, over either transport."""
    hooks.bodies.append(lambda _, reply: reply.headers.update({HEADER: name}))
    hooks.grpc.trailers[HEADER] = name


def take_longer(hooks: Hooks, seconds: float) -> None:
    """Let each inference wait so long, over either transport; everything else is answered at once."""

    async def wait(call: Call) -> None:
        if call.op == "infer":
            await asyncio.sleep(seconds)

    hooks.before.append(wait)


def drain_on_signal(hooks: Hooks) -> None:
    """Say "not ready" from SIGUSR1 on, and go on serving: so a balancer sends elsewhere before the server ends."""
    drained = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: drained.set())

    def gate(call: Call) -> Reply | None:
        return Reply(503, {"ready": False}) if drained.is_set() and call.op == "ready" else None

    hooks.gates.append(gate)


def log_executions(hooks: Hooks, file: Path, replica: str | None) -> None:
    """Append a line of JSON for each inference that the model has carried out: its id, the replica, and when.

    ``at`` is the monotonic clock in nanoseconds, which all processes of a machine share. Replicas may share the file: a
    line is one write at its end.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        os.write(
            descriptor, json.dumps({"id": request.id, "replica": replica, "at": time.monotonic_ns()}).encode() + b"\n"
        )
        return outputs

    hooks.answers.append(note)
