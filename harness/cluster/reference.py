"""How the reference server is started as a process of its own."""

from __future__ import annotations

from harness.record.children import module

_NAME = "harness.reference"


def command(*arguments: str) -> list[str]:
    """The command line of a reference server."""
    return module(_NAME, arguments)[0]


def surroundings() -> dict[str, str]:
    """The environment that it is started in."""
    return module(_NAME)[1]
