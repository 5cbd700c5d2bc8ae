"""The published schemas are those of the classes, closed, and refuse what the classes refuse."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reports import schema
from reports.evidence import Estimate, decode, encode
from tests.reports import factory
from tests.reports.validating import validate

NAMES = (schema.EVIDENCE_SCHEMA, schema.PLAN_SCHEMA, schema.COMPARISON_SCHEMA)


@pytest.mark.parametrize("name", NAMES)
def test_the_checked_in_schema_is_that_of_the_classes(name: str) -> None:
    assert schema.published(name) == schema.export(name), "run: python -m reports.schema"


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            yield node
        for member in node.values():
            yield from objects(member)
    elif isinstance(node, list):
        for member in node:
            yield from objects(member)


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_closed(name: str) -> None:
    document = json.loads(schema.published(name))
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"].startswith("urn:art15:schema:")
    assert all(each["additionalProperties"] is False for each in objects(document))


def test_a_document_and_its_plan_are_valid(sealed: Path) -> None:
    validate((sealed / "evidence.json").read_bytes())
    validate((sealed / "plan.json").read_bytes(), schema.PLAN_SCHEMA)
    assert (sealed / "evidence.schema.json").read_bytes() == schema.published()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda document: document.update(extra=1), "extra"),
        (lambda document: document["report"].pop("id"), "id"),
        (lambda document: document["checks"][0].update(verdict="splendid"), r"\$\.checks\[0\]\.verdict"),
    ],
)
@pytest.mark.parametrize("held", [schema.hold, validate])
def test_what_does_not_fit_is_named(sealed: Path, change: Any, words: str, held: Callable[[bytes], None]) -> None:
    document = json.loads((sealed / "evidence.json").read_bytes())
    change(document)
    with pytest.raises(schema.SchemaError, match=words):
        held(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"{", b'{"a":NaN}', b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(schema.SchemaError):
        schema.hold(data)


def test_document_and_bytes_are_one(sealed: Path) -> None:
    data = (sealed / "evidence.json").read_bytes()
    assert encode(decode(data)) == data


def test_a_number_that_json_does_not_have_is_refused() -> None:
    estimate = Estimate(k=0, n=0, method="x", lower=math.nan, upper=1.0, confidence=0.95)
    with pytest.raises(ValueError, match=r"\$\.lower is nan"):
        encode(estimate)


def test_a_plan_is_read_back() -> None:
    plan = factory.plan()
    assert msgspec.json.decode(encode(plan), type=type(plan)) == plan
