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


RELATIONS = """
[[robustness.invariance]]
change = "shift"
by = 1e-9
features = ["*"]
[[robustness.monotonicity]]
features = ["x23"]
by = 0.5
unit = "std"
score = "0"
"""
# The mean radius, far beyond every tumour; the model is as sure of such a row as of any.
OUTSIDE = """
[[robustness.outside]]
feature = "x0"
beyond = [-5.0, 900.0]
expect = "refusal"
"""


def test_the_right_model_is_not_blamed_whatever_the_seed(folder: Path, tmp_path: Path) -> None:
    path = folder / "seeds.toml"
    path.write_text(CANCER.replace("groups", "rows = 70\ngroups") + LITTLE + RELATIONS)
    with served("--models", "cancer") as url:
        for seed in range(10):
            options = ("--oip-policy", str(path), "--oip-suite", "robustness", "--oip-seed", str(seed))
            ran = probe(url, tmp_path / f"s{seed}", "--oip-model", "cancer", "--oip-time-budget", "none", *options)
            assert ran.verdicts["robustness-perturbed[cancer]"] in ("pass", "inconclusive"), ran.output
            assert ran.verdicts["robustness-metamorphic[cancer]"] == "pass", ran.output


def test_a_model_that_refuses_what_is_outside_is_supported_and_one_that_answers_is_not(
    folder: Path, tmp_path: Path
) -> None:
    few = CANCER.replace("groups", "rows = 20\ngroups") + OUTSIDE
    kept = run(folder, tmp_path, few, "--fault", "worse-refuses-what-is-outside")
    assert kept.verdicts["robustness-outside[cancer]"] == "pass", kept.output
    broken = run(folder, tmp_path, few, seed=1)
    assert broken.verdicts["robustness-outside[cancer]"] == "fail", broken.output
    (record,) = broken.evidence["robustness"]
    assert record["relations"][0]["violations"] == 40


def test_broken_relations_are_found(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, CANCER + RELATIONS, "--fault", "robustness-falls-where-it-rises")
    (record,) = ran.evidence["robustness"]
    assert [each["decision"] for each in record["relations"]] == ["supports", "contradicts"]
    assert record["relations"][1]["worst"]["exchange"]


def test_a_model_that_varies_by_itself_is_no_finding(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, CANCER + LITTLE, "--fault", "worse-varies")
    assert ran.verdicts["robustness-perturbed[cancer]"] == "inconclusive", ran.output
    (record,) = ran.evidence["robustness"]
    assert record["unsteady"]


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ("[[robustness.perturbation]]\nkind = 'noise'", "there are linf"),
        ("[[robustness.perturbation]]\nkind = 'fog'", "needs image ="),
        ("[[robustness.perturbation]]\nkind = 'missing'\nunit = 'std'", "has no unit"),
        ("[[robustness.perturbation]]\nkind = 'linf'\nat = [5]", "none of its sizes"),
        ("[[robustness.invariance]]\nchange = 'scale'\nfeatures = ['x0']", "write by ="),
        ("[[robustness.outside]]\nfeature = 'x0'\nbeyond = [1]\nexpect = 'low-confidence'", "write below ="),
    ],
)
def test_what_cannot_be_declared_is_said(policy: str, problem: str, folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, CANCER + policy.replace("'", '"'))
    assert ran.code == 4
    assert problem in ran.output


def test_a_feature_that_is_not_there_is_the_testers_failure(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, CANCER + LITTLE + 'features = ["weight"]\n')
    assert ran.verdicts["robustness-perturbed[cancer]"] == "tool_error"
    assert "no feature is called 'weight'" in ran.output
