"""Changed samples against declared limits: contradicted where decisions change; no model that is right is blamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.labelled_rows import write_table
from tests.endtoend.running import Ran, probe
from tests.endtoend.worse import served

pytestmark = pytest.mark.slow
CANCER = """
[[robustness]]
model = "cancer"
data = "cancer.csv"
label = "kind"
output = "label"
scores = "probabilities"
groups = ["size"]
[robustness.domain]
range = { "*" = [0.0, 5000.0] }
"""
LITTLE = """
[[robustness.perturbation]]
kind = "linf"
sizes = [1e-6, 1e-3]
unit = "std"
max_changed = 0.05
max_drop = 0.05
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data")
    for name in ("cancer", "digits"):
        write_table(made, name)
    return made


def run(folder: Path, tmp_path: Path, policy: str, *arguments: str, model: str = "cancer", seed: int = 0) -> Ran:
    """A run of the suite against the reference server, or a worse one."""
    path = folder / f"{tmp_path.name}.toml"
    path.write_text(policy)
    options = (
        "--oip-policy",
        str(path),
        "--oip-suite",
        "robustness",
        "--oip-seed",
        str(seed),
        "--oip-time-budget",
        "none",
    )
    with served("--models", model, *arguments) as url:
        return probe(url, tmp_path / f"e{seed}", "--oip-model", model, *options)


def levels_of(ran: Ran) -> list[dict[str, Any]]:
    """The sizes of the first perturbation."""
    (record,) = [each for each in ran.evidence["robustness"] if each["curves"]]
    found: list[dict[str, Any]] = record["curves"][0]["levels"]
    return found


def test_a_model_that_keeps_its_decisions_is_supported(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, CANCER + LITTLE)
    assert ran.verdicts["robustness-perturbed[cancer]"] == "pass", ran.output
    (record,) = ran.evidence["robustness"]
    assert record["batched"]
    assert record["family"] == 4
    assert [each["share"]["decision"] for each in levels_of(ran)] == ["supports"] * 2


def test_a_model_that_flips_at_a_touch_is_contradicted(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, CANCER + LITTLE, "--fault", "robustness-flips-at-a-touch")
    assert ran.verdicts["robustness-perturbed[cancer]"] == "fail", ran.output
    first = levels_of(ran)[0]
    assert first["size"] == 1e-6
    assert first["share"]["decision"] == first["drop"]["decision"] == "contradicts"
    assert first["worst"]["source"]
    assert first["worst"]["exchange"]
