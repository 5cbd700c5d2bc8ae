"""One of several replicas: it says in each answer which one it is, notes each inference, and may be a slow one."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

from harness.reference.hooks import Hooks
from harness.reference.messages import Call
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


def log_executions(hooks: Hooks, file: Path, replica: str | None) -> None:
    """Append a line of JSON for each inference that the model has carried out: its id, and the replica.

    Replicas may share the file: a line is one write at its end.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        os.write(descriptor, json.dumps({"id": request.id, "replica": replica}).encode() + b"\n")
        return outputs

    hooks.answers.append(note)
