"""Values of JSON for people: their types, and their texts, shortened."""

from __future__ import annotations

from harness.record.quoting import clip

# What a body has in the place of a member that is not there.
ABSENT = object()


def json_type(value: object) -> str:
    """The JSON name of a parsed value's type."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    for kind in type(value).__mro__:
        if kind in names:
            return names[kind]
    return type(value).__name__


def shown(value: object) -> str:
    """A value for people: JSON type and text, shortened."""
    if value is ABSENT:
        return "no such member"
    text = repr(value)
    return f"{json_type(value)} {text if len(text) <= 200 else clip(text, 200) + '…'}"
