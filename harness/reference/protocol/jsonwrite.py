"""JSON writing that keeps every number as it was spelled."""

from __future__ import annotations

import json
from typing import Any

# By whether they write ASCII only; json.dumps makes one for each text.
_ENCODERS = {ascii_only: json.JSONEncoder(ensure_ascii=ascii_only).encode for ascii_only in (False, True)}


class Lexeme(str):
    """Text that goes into the document as it stands: a number already spelled."""

    __slots__ = ()


def write_json(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> bytes:
    """``value`` as UTF-8 JSON text; ``indent`` spreads objects (not arrays) over lines."""
    return _write(value, indent, 0, ascii_only).encode()


def _write(value: Any, indent: int | None, depth: int, ascii_only: bool) -> str:
    if isinstance(value, Lexeme):
        return str(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join([_write(each, indent, depth, ascii_only) for each in value]) + "]"
    if isinstance(value, dict):
        gap = ": " if indent is not None else ":"
        rows = [
            _ENCODERS[ascii_only](str(key)) + gap + _write(each, indent, depth + 1, ascii_only)
            for key, each in value.items()
        ]
        if indent is None or not rows:
            return "{" + ",".join(rows) + "}"
        line = "\n" + " " * indent * depth
        return "{" + line + " " * indent + ("," + line + " " * indent).join(rows) + line + "}"
    return _ENCODERS[ascii_only](value)
