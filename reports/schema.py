"""JSON Schemas (draft 2020-12) of the documents, exported from the classes in ``reports.evidence``.

The files in ``schema/`` are checked in, so that a reader needs no Python; tests hold them against the classes. A run
holds its document against the classes alone: a validator of JSON Schema took longer for thousands of checks than all
else that ends a run.
``python -m reports.schema`` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from reports.evidence import Evidence, Plan, decode
from reports.evidence.comparison import RunComparison

FOLDER = Path(__file__).parent / "schema"
EVIDENCE_SCHEMA = "evidence-1.schema.json"
PLAN_SCHEMA = "plan-1.schema.json"
COMPARISON_SCHEMA = "comparison-1.schema.json"
_DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    EVIDENCE_SCHEMA: Evidence,
    PLAN_SCHEMA: Plan,
    COMPARISON_SCHEMA: RunComparison,
}


class SchemaError(ValueError):
    """A document does not fit its schema; the message names the member and what is wrong with it."""


# What the classes cannot say: a clause that failed names the exchange that shows it.
_FAILED_IS_SHOWN: dict[str, Any] = {
    "if": {"properties": {"verdict": {"const": "fail"}}},
    "then": {"properties": {"exchange": {"type": "string"}}, "required": ["exchange"]},
}


def export(name: str) -> bytes:
    """One schema as it must stand in ``schema/``.

    Args:
        name: of a file there, such as ``evidence-1.schema.json``.
    """
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:art15:schema:{name.removesuffix('.schema.json')}",
        **msgspec.json.schema(_DOCUMENTS[name]),
    }
    outcome = schema["$defs"].get("ClauseOutcome")
    if outcome is not None:
        outcome.update(_FAILED_IS_SHOWN)
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def published(name: str = EVIDENCE_SCHEMA) -> bytes:
    """The bytes of a checked-in schema."""
    return (FOLDER / name).read_bytes()


def hold(data: bytes) -> None:
    """Hold an ``evidence.json`` against the classes of its schema.

    Raises:
        SchemaError: not JSON, or not a document of this schema.
    """
    try:
        decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError(str(error)) from error


def write() -> None:
    """Write all schemas into ``schema/``."""
    for name in _DOCUMENTS:
        (FOLDER / name).write_bytes(export(name))


if __name__ == "__main__":
    write()
