"""What all parts of the document are made of, and the bytes that it has."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

SCHEMA_VERSION = "1.0"

DutyStateName = Literal[
    "supported", "contradicted", "inconclusive", "not_tested", "not_testable_from_outside", "declared_not_applicable"
]
ConsequenceName = Literal["data_of_others", "crash_or_hang", "wrong_answer", "security", "interoperability", "style"]


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all parts of the document: immutable, by keyword, closed."""


def encode(document: msgspec.Struct) -> bytes:
    """The document as indented UTF-8 JSON, the same bytes for the same document.

    Raises:
        ValueError: a number in it is NaN or infinite (msgspec would write ``null``, which reads as "absent").
    """
    _refuse_non_finite(msgspec.to_builtins(document), "$")
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _refuse_non_finite(value: object, path: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{path} is {value}: the evidence holds no NaN and no infinity")
    if isinstance(value, dict):
        for key, member in value.items():
            _refuse_non_finite(member, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            _refuse_non_finite(member, f"{path}[{index}]")
