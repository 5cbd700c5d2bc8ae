"""Helpers for faults of the model repository."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

Row = dict[str, Any]
# The version that answers first where calls name none, and the parameter of a load that names another.
FIRST, PARAMETER = "1", "default_version"


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


@dataclass(slots=True)
class InService:
    """The version in service; a load of a model with the parameter ``default_version`` changes it.

    Attributes:
        before: the version before the last change.
        changed: monotonic time of that; 0 while there was none.
        stays: whether a change back to the first version changes nothing.
    """

    version: str = FIRST
    before: str = FIRST
    changed: float = 0.0
    stays: bool = False

    def install(self, hooks: Hooks) -> None:
        """Let the version in service answer calls that name none."""
        hooks.gates.append(self._change)
        hooks.gates.append(self._address)

    def answering(self) -> str:
        """The version that answers now."""
        return self.version

    def _change(self, call: Call) -> Reply | None:
        wanted = _wanted(call)
        if wanted is not None and not (self.stays and wanted == FIRST):
            self.before, self.version, self.changed = self.version, wanted, time.monotonic()
        return None

    def _address(self, call: Call) -> Reply | None:
        if call.op == "infer" and call.model and call.version is None:
            call.version = self.answering()
        return None


def _wanted(call: Call) -> str | None:
    """The version that a load of a model asks for."""
    if call.op != "load" or not call.body.strip():
        return None
    try:
        document = json.loads(call.body)
    except (ValueError, RecursionError):
        return None
    parameters = document.get("parameters") if isinstance(document, dict) else None
    found = parameters.get(PARAMETER) if isinstance(parameters, dict) else None
    return found if isinstance(found, str) else None
