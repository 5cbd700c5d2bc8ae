"""Strict JSON reading: what RFC 8259 does not allow, and what it leaves to chance, is refused."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from harness.reference.protocol.errors import Refusal

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(body: bytes, *, duplicates: bool = False, constants: bool = False) -> Any:
    """The value that ``body`` holds.

    Args:
        body: UTF-8 text.
        duplicates: take the last of equal keys instead of refusing.
        constants: take the tokens NaN and Infinity instead of refusing.

    Raises:
        Refusal: not UTF-8, not JSON, equal keys, nested too deeply, or half a surrogate pair.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=dict if duplicates else _unique,
            parse_constant=float if constants else _no_constant,
        )
        if _SURROGATE.search(text):
            # A lone half is legal JSON, but no text: it could not be written back.
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise Refusal("the body is nested too deeply", kind="json") from error
    except ValueError as error:
        raise Refusal(f"the body is not JSON: {error}", kind="json") from error
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        again = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"key {again!r} appears more than once in one object")
    return found


def _no_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} is no JSON number")
