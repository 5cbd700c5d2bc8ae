"""JSON Schemas (draft 2020-12) of the documents, exported from the classes in ``reports.evidence``.

The files in ``schema/`` are checked in, so that a reader needs no Python; a test holds them against the classes.
``python -m reports.schema`` writes them anew.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from reports.evidence import Evidence, Plan

FOLDER = Path(__file__).parent / "schema"
EVIDENCE_SCHEMA = "evidence-1.schema.json"
PLAN_SCHEMA = "plan-1.schema.json"
_DOCUMENTS: dict[str, type[msgspec.Struct]] = {EVIDENCE_SCHEMA: Evidence, PLAN_SCHEMA: Plan}


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
        name: ``evidence-1.schema.json`` or ``plan-1.schema.json``.
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


def warm() -> None:
    """Check the schemas now, so that a process forked from this one need not."""
    for name in _DOCUMENTS:
        _validator(name)


@functools.cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads(published(name))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def validate(data: bytes, name: str = EVIDENCE_SCHEMA) -> None:
    """Hold a document against its published schema.

    Raises:
        SchemaError: not JSON, or not a document of this schema.
    """
    try:
        document = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"not JSON: {error}") from error
    wrong = next(iter(_validator(name).iter_errors(document)), None)
    if wrong is not None:
        raise SchemaError(f"{wrong.json_path}: {wrong.message[:500]}")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def write() -> None:
    """Write both schemas into ``schema/``."""
    for name in _DOCUMENTS:
        (FOLDER / name).write_bytes(export(name))


if __name__ == "__main__":
    write()
