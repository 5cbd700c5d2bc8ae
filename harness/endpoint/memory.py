"""What was asked or found once, kept for every check that comes later: one value for each type.

Whoever keeps something defines a type for it beside the code that fills it, so the endpoint need not know it.
"""

from __future__ import annotations

from typing import Any, TypeVar

Kind = TypeVar("Kind")


class Memory:
    """Values by their type."""

    def __init__(self) -> None:
        self._kept: dict[type, Any] = {}

    def of(self, kind: type[Kind]) -> Kind:
        """The value of a type; made without arguments where there is none yet."""
        if kind not in self._kept:
            self._kept[kind] = kind()
        found: Kind = self._kept[kind]
        return found

    def find(self, kind: type[Kind]) -> Kind | None:
        """The value of a type, if there is one."""
        return self._kept.get(kind)

    def keep(self, value: object) -> None:
        """Keep a value in place of the one of its type."""
        self._kept[type(value)] = value
