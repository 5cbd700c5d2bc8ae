"""What a picture is: the drawing, the same in words, and the same as a table."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

_SIZE = re.compile(rb'width="(\d+(?:\.\d+)?)pt" height="(\d+(?:\.\d+)?)pt"')
_PIXELS = 100 / 72


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture that answers one question.

    Attributes:
        name: unique on its page, of letters, digits and hyphens.
        title: the question, or what is shown.
        told: what is to be seen; stands for the picture where it cannot be seen.
        columns, rows: its numbers as a table, already as people read them; each row has its name first.
        svg: the drawing.
    """

    name: str
    title: str
    told: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    svg: bytes

    @property
    def source(self) -> str:
        """The drawing as a page holds it."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg).decode()}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        found = _SIZE.search(self.svg)
        return (round(float(found[1]) * _PIXELS), round(float(found[2]) * _PIXELS)) if found else (0, 0)
