"""Rows of a listing of models, whichever transport they came over."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a listing."""

    name: str
    version: str | None = None
    state: str = ""


class TooLong(Exception):
    """A listing is more than is read; ``rows`` are those at its beginning."""

    def __init__(self, why: str, rows: list[Listed]) -> None:
        super().__init__(why)
        self.rows = rows
