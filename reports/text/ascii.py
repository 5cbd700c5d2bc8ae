"""JSON for other tools, and for whoever looks at it on a terminal: printable signs of ASCII, the rest as escapes."""

from __future__ import annotations

import json
from typing import Any

from reports.text.neutralise import visible


def ascii_json(value: object) -> bytes:
    """The value with its members sorted, indented, and one newline at the end; the same value gives the same bytes.

    Raises:
        ValueError: there is a number in it that JSON does not have.
    """
    text = json.dumps(value, indent=1, ensure_ascii=True, sort_keys=True, allow_nan=False)
    # The one control that JSON takes for a letter.
    return (text.replace("\x7f", "\\u007f") + "\n").encode()


def shown(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """The value with what hides or reorders spelled out in each of its strings, for tools that show them to people."""
    if isinstance(value, dict):
        return {name: shown(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shown(each) for each in value]
    return visible(value)
