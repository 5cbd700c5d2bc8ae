"""docs/accuracy.md names every key and every metric, and its example is a policy."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from harness.data.declared import AccuracyTable, DeclaredLevel
from harness.data.metric import metrics

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "accuracy.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([a-z_0-9]+)`", PAGE))


def test_every_key_and_every_metric_is_there() -> None:
    keys = {field.name for kind in (AccuracyTable, DeclaredLevel) for field in msgspec.structs.fields(kind)}
    assert keys - {"declared"} <= NAMES
    assert set(metrics()) <= NAMES


def test_the_example_is_a_policy() -> None:
    lines = [line[4:] for line in PAGE.split("    pip install")[0].splitlines() if line.startswith("    ")]
    (table,) = tomllib.loads("\n".join(lines))["accuracy"]
    assert msgspec.convert(table, AccuracyTable).declared[0].limit == 0.95
