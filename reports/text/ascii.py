"""JSON for other tools, and for whoever looks at it on a terminal: printable signs of ASCII, the rest as escapes."""

from __future__ import annotations

import json


def ascii_json(value: object) -> bytes:
    """The value with its members sorted, indented, and one newline at the end; the same value gives the same bytes.

    Raises:
        ValueError: there is a number in it that JSON does not have.
    """
    text = json.dumps(value, indent=1, ensure_ascii=True, sort_keys=True, allow_nan=False)
    # The one control that JSON takes for a letter.
    return (text.replace("\x7f", "\\u007f") + "\n").encode()
