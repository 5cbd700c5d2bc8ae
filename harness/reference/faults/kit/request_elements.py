"""A helper for faults when decoding the elements of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.hooks import Hooks


def each_element(change: Callable[[str, Any], Any], *datatypes: str) -> Callable[[Hooks], None]:
    """Change every element of the given data types (all, if none is given)."""

    def install(hooks: Hooks) -> None:
        hooks.elements.append(
            lambda _, datatype, flat: (
                [change(datatype, each) for each in flat] if not datatypes or datatype in datatypes else flat
            )
        )

    return install
