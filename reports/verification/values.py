"""What a verification makes of each value of the document, as data.

``python -m reports.verification.values`` prints it as a table.
"""

from __future__ import annotations

import functools
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from reports.schema import published

ValueClass = Literal["recomputed", "anchored", "made", "read"]
_WORDS = {
    "recomputed": "recomputed from",
    "anchored": "anchored by",
    "made": "made again from",
    "read": "only read:",
}


@functools.cache
def rows() -> dict[str, tuple[ValueClass, str]]:
    """Beginning of a path -> its class, and from what, by what, or who says so."""
    text = Path(__file__).with_suffix(".toml").read_text("utf-8")
    tables = msgspec.convert(tomllib.loads(text), dict[ValueClass, dict[str, str]])
    return {path: (name, said) for name, table in tables.items() for path, said in table.items()}


def class_of(path: str) -> tuple[str, ValueClass, str] | None:
    """The row for a value: the longest path that it begins with, at a dot or a bracket; None where there is none."""
    found = [row for row in rows() if path == row or path.startswith((f"{row}.", f"{row}["))]
    if not found:
        return None
    row = max(found, key=len)
    return (row, *rows()[row])


def paths() -> list[str]:
    """Every value that the schema of the document has, lists as ``[]`` and names that are not fixed as ``*``."""
    schema = msgspec.json.decode(published())
    return sorted({*_paths(schema, schema["$defs"], "")})


def _paths(node: Mapping[str, Any], defs: Mapping[str, Any], path: str) -> Iterator[str]:
    if "$ref" in node:
        yield from _paths(defs[node["$ref"].rpartition("/")[2]], defs, path)
    elif "anyOf" in node:
        for each in node["anyOf"]:
            if each.get("type") != "null":
                yield from _paths(each, defs, path)
    elif node.get("type") == "object":
        for name, member in node.get("properties", {"*": {}}).items():
            yield from _paths(member, defs, f"{path}.{name}" if path else name)
    elif node.get("type") == "array":
        (item,) = {*map(msgspec.json.encode, node.get("prefixItems", [node.get("items") or {}]))}
        yield from _paths(msgspec.json.decode(item), defs, f"{path}[]")
    else:
        yield path


def table() -> str:
    """The rows as a table of Markdown, in the order of the document."""
    lines = [f"| `{path}` | {_WORDS[name]} {text} |" for path, (name, text) in sorted(rows().items())]
    return "\n".join(["| value | `art15 verify` |", "| --- | --- |", *lines])


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
