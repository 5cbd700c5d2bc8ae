"""Helpers for faults of text generation."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

Body = dict[str, Any]
OPS = ("generate", "generate-stream")


def change_request(change: Callable[[Body], None]) -> Install:
    """Change generation requests before they are read."""

    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> None:
            if call.op not in OPS:
                return
            try:
                document = json.loads(call.body)
            except ValueError:
                return
            if isinstance(document, dict):
                change(document)
                call.body = json.dumps(document).encode()

        hooks.gates.append(gate)

    return install


def change_answer(change: Callable[[Body], Any]) -> Install:
    """Change the answer of generate."""
    return lambda hooks: hooks.on("generate")(lambda _, body: change(body))


def change_details(change: Callable[[Body], None]) -> Install:
    def edit(body: Body) -> None:
        if "details" in body:
            change(body["details"])

    return change_answer(edit)


def on_errors(change: Callable[[Reply, str], None], *ops: str) -> Install:
    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            if call.op in (ops or OPS) and reply.status >= 400:
                change(reply, str(reply.document["error"]))

        hooks.documents.append(edit)

    return install


def becomes(**members: Any) -> Callable[[Reply, str], None]:
    def change(reply: Reply, _: str) -> None:
        for name, value in members.items():
            setattr(reply, name, value)

    return change
