"""Helpers for faults when encoding the elements of a reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.hooks import Hooks


def spell(change: Callable[[Any], Any], *datatypes: str) -> Callable[[Hooks], None]:
    """Respell every element of outputs of the given data types."""

    def install(hooks: Hooks) -> None:
        hooks.spells.append(
            lambda output, elements: [change(each) for each in elements] if output.datatype in datatypes else elements
        )

    return install
