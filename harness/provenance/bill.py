"""Bills of materials in CycloneDX (ECMA-424): the digests that one states of a model."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

LARGEST, COMPONENTS, DEEPEST = 16 << 20, 10_000, 20
MODEL = "machine-learning-model"


class NoBill(Exception):
    """A bill of materials that says nothing of the model; the message says why."""


def stated(data: bytes) -> dict[str, str]:
    """Algorithm -> hex digits that a bill states of its model.

    Raises:
        NoBill: it is none in JSON, or has no model with a digest, or several.
    """
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NoBill("is no JSON") from None
    if not isinstance(value, dict) or value.get("bomFormat") != "CycloneDX":
        raise NoBill("is no bill of materials in CycloneDX")
    metadata = value.get("metadata")
    first = metadata.get("component") if isinstance(metadata, dict) else None
    models = [each for each in _components([first, *_list(value.get("components"))]) if each.get("type") == MODEL]
    found = [digests for each in models if (digests := _digests(each))]
    if len(found) != 1:
        raise NoBill(f"states digests of {len(found)} models ({MODEL})")
    return found[0]


def _components(entries: list[Any]) -> Iterator[dict[str, Any]]:
    """Components and those within them."""
    queue, looked_at = deque((each, 0) for each in entries[:COMPONENTS]), 0
    while queue and looked_at < COMPONENTS:
        entry, depth = queue.popleft()
        looked_at += 1
        if isinstance(entry, dict):
            yield entry
            if depth < DEEPEST:
                queue += [(each, depth + 1) for each in _list(entry.get("components"))[: COMPONENTS - looked_at]]


def _digests(component: dict[str, Any]) -> dict[str, str]:
    found = {}
    for each in _list(component.get("hashes")):
        if isinstance(each, dict) and isinstance(each.get("alg"), str) and isinstance(each.get("content"), str):
            found[each["alg"].lower().replace("-", "")] = each["content"].lower()
    return found


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
