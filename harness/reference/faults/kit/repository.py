"""Helpers for faults of the model repository."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

Row = dict[str, Any]


def on_index(change: Callable[[list[Row]], Any]) -> Callable[[Hooks], None]:
    """Change the document of the index."""

    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            if call.op == "index" and reply.status == 200:
                reply.document = change(reply.document)

        hooks.documents.append(edit)

    return install


def index_rows(change: Callable[[Row], Row]) -> Callable[[Hooks], None]:
    return on_index(lambda rows: [change(row) for row in rows])


def become(reply: Reply, status: int, document: Any) -> None:
    reply.status, reply.document = status, document
