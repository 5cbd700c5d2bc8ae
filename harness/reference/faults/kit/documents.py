"""Helpers for faults of statistics, configuration, settings and shared memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import error

Body = dict[str, Any]


def on_document(change: Callable[[Body], Any], *ops: str) -> Install:
    return lambda hooks: hooks.on(*ops)(lambda _, body: change(body))


def absent(*ops: str) -> Install:
    def install(hooks: Hooks) -> None:
        for op in ops:
            hooks.routes[op] = lambda _: error(404, "not found")

    return install
