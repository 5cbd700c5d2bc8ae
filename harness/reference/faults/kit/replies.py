"""Helpers for faults of the reply to an inference over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.hooks import Hooks

Body = dict[str, Any]


def on_reply(change: Callable[[Body], Any]) -> Callable[[Hooks], None]:
    return lambda hooks: hooks.on("infer")(lambda _, body: change(body))


def each_output(change: Callable[[Body], Body]) -> Callable[[Hooks], None]:
    return on_reply(lambda body: {**body, "outputs": [change(each) for each in body["outputs"]]})


def without(*names: str) -> Callable[[Body], Body]:
    return lambda body: {key: value for key, value in body.items() if key not in names}
