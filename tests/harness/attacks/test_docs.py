"""docs/attacks.md names every key and every kind of attack, and its example is a policy."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
from scipy.special import ndtri

from harness.robustness.attack_kinds import attack_kinds
from harness.robustness.attacks_declared import AttackTable, CertifiedTable, ExtractionTable
from harness.robustness.declared import RobustnessTable
from harness.statistics.binomial import clopper_pearson

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "attacks.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([a-z_0-9-]+)`", PAGE))


def test_every_key_and_every_kind_is_there() -> None:
    tables = (AttackTable, CertifiedTable, ExtractionTable)
    assert {field.name for table in tables for field in msgspec.structs.fields(table)} <= NAMES
    assert set(attack_kinds()) <= NAMES


def test_the_example_is_a_policy() -> None:
    lines = [line[4:] for line in PAGE.split("    pip install")[0].splitlines() if line.startswith("    ")]
    (table,) = tomllib.loads("\n".join(lines))["robustness"]
    read = msgspec.convert(table, RobustnessTable)
    assert read.attack[0].max_success == 0.2
    assert read.certified is not None
    assert read.extraction is not None


def test_the_largest_radius_is_what_the_page_says() -> None:
    usual = CertifiedTable(sigma=1.0)
    alpha = (1 - usual.confidence) / usual.samples
    largest = float(ndtri(clopper_pearson(usual.estimate, usual.estimate, 1 - alpha).lower))
    assert f"`{largest:.1f} * sigma`" in PAGE
