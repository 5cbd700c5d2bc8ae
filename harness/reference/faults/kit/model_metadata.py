"""A helper for faults of the tensors in model metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.hooks import Hooks

Body = dict[str, Any]


def each_tensor(change: Callable[[Body], Body], *sides: str) -> Callable[[Hooks], None]:
    """Change every tensor of the metadata (of both sides, unless told)."""

    def install(hooks: Hooks) -> None:
        def edit(_: Any, body: Body) -> None:
            for side in sides or ("inputs", "outputs"):
                body[side] = [change(each) for each in body[side]]

        hooks.on("model-metadata")(edit)

    return install
