"""docs/robustness.md names every key and every kind, and its example is a policy."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from harness.robustness.declared import (
    DomainTable,
    InvarianceTable,
    MonotonicityTable,
    OutsideTable,
    PerturbationTable,
    RobustnessTable,
)
from harness.robustness.kinds import kinds

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "robustness.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([a-z_0-9]+)`", PAGE))
WRITTEN: tuple[type[msgspec.Struct], ...] = (
    RobustnessTable,
    DomainTable,
    PerturbationTable,
    InvarianceTable,
    MonotonicityTable,
    OutsideTable,
)


def test_every_key_and_every_kind_is_there() -> None:
    keys = {field.name for kind in WRITTEN for field in msgspec.structs.fields(kind)}
    assert keys <= NAMES
    assert set(kinds()) <= NAMES


def test_the_example_is_a_policy() -> None:
    lines = [line[4:] for line in PAGE.split("    pip install")[0].splitlines() if line.startswith("    ")]
    (table,) = tomllib.loads("\n".join(lines))["robustness"]
    assert msgspec.convert(table, RobustnessTable).perturbation[0].limited(0.01)
