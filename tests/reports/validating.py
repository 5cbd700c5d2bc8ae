"""A validator of JSON Schema that is not ours: documents are held against the published schemas with it."""

from __future__ import annotations

import functools
import json

from jsonschema import Draft202012Validator

from reports.schema import EVIDENCE_SCHEMA, SchemaError, published


@functools.cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads(published(name))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def validate(data: bytes, name: str = EVIDENCE_SCHEMA) -> None:
    """Hold a document against its published schema.

    Raises:
        SchemaError: it does not fit; the message names the member and what is wrong with it.
    """
    wrong = next(iter(_validator(name).iter_errors(json.loads(data))), None)
    if wrong is not None:
        raise SchemaError(f"{wrong.json_path}: {wrong.message[:500]}")
