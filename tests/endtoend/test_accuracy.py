"""Labelled rows against declared levels: supported, contradicted and undecided; no model that is right is blamed."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error

from harness.reference.models.trained import scores, trained
from reports.verification.verify import verify
from tests.endtoend.labelled_rows import LOADERS, held_out, write_table
from tests.endtoend.running import Ran, probe
from tests.endtoend.worse import served

pytestmark = pytest.mark.slow
CLASSES = """
[[accuracy]]
model = "cancer"
data = "cancer.csv"
label = "kind"
output = "label"
scores = "probabilities"
groups = ["size"]
origin = "the quarter that was held out of load_breast_cancer"
"""


def predicted(name: str) -> Any:
    """What the stored model says of them, in this process."""
    rows, _ = held_out(name)
    rows = rows.astype(np.float64 if name == "cancer" else np.float32).astype(np.float64)
    version = max(trained(name).versions)
    stored = json.loads((resources.files("harness.reference") / "data" / f"{name}-{version}.json").read_text())
    found = scores(stored["parameters"], rows)
    return found[:, 0] if name == "diabetes" else found.argmax(axis=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data")
    for name in LOADERS:
        write_table(made, name)
    return made


def run(folder: Path, tmp_path: Path, policy: str, *arguments: str, model: str = "cancer") -> Ran:
    """A run of the suite against the reference server, or a worse one."""
    path = folder / f"{tmp_path.name}.toml"
    path.write_text(policy)
    with served("--models", model, *arguments) as url:
        return probe(
            url, tmp_path / "e", "--oip-model", model, "--oip-policy", str(path), "--oip-suite", "accuracy"
        )  # fmt: skip


def declared(**levels: Any) -> str:
    """One declared level as a table."""
    return "[[accuracy.declared]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in levels.items())


def metrics_of(ran: Ran) -> dict[tuple[str, str | None], dict[str, Any]]:
    """Metric and group -> what is in the evidence."""
    (record,) = ran.evidence["accuracy"]
    return {(each["metric"], each["group"]): each for each in record["metrics"]}


def test_measured_is_what_scikit_learn_measures(folder: Path, tmp_path: Path) -> None:
    policy = CLASSES.replace("cancer", "digits")
    policy += declared(metric="f1", at_least=0.9) + declared(metric="accuracy", at_least=0.93)
    ran = run(folder, tmp_path, policy, model="digits")
    assert ran.code == 0, ran.output
    _, wanted = held_out("digits")
    found = metrics_of(ran)
    assert found["accuracy", None]["value"] == accuracy_score(wanted, predicted("digits"))
    assert found["f1", None]["value"] == f1_score(wanted, predicted("digits"), average="macro")
    assert {each["decision"] for each in found.values()} == {"supports", None}
    (record,) = ran.evidence["accuracy"]
    assert record["data"]["drawn"] == record["data"]["total"] == len(wanted)
    assert sum(each["rows"] for each in record["bins"]) == len(wanted)


def test_of_numbers_too(folder: Path, tmp_path: Path) -> None:
    policy = '[[accuracy]]\nmodel = "diabetes"\ndata = "diabetes.csv"\nlabel = "kind"\ngroups = ["size"]\n'
    ran = run(folder, tmp_path, policy + declared(metric="mean_absolute_error", at_most=60.0), model="diabetes")
    assert ran.code == 0, ran.output
    _, wanted = held_out("diabetes")
    found = metrics_of(ran)["mean_absolute_error", None]
    assert found["value"] == pytest.approx(mean_absolute_error(wanted, predicted("diabetes")), rel=1e-6)
    assert found["decision"] == "supports"


def test_a_level_that_is_too_high_is_contradicted_with_enough_rows_alone(folder: Path, tmp_path: Path) -> None:
    enough = run(
        folder, tmp_path, CLASSES + declared(metric="accuracy", at_least=0.97), "--fault", "accuracy-labels-flipped"
    )
    assert enough.code == 1, enough.output
    assert enough.verdicts["accuracy-declared[cancer]"] == "fail"
    few = CLASSES.replace("groups", "rows = 20\ngroups") + declared(metric="accuracy", at_least=0.97)
    (tmp_path / "few").mkdir()
    undecided = run(folder, tmp_path / "few", few)
    assert undecided.verdicts["accuracy-declared[cancer]"] == "inconclusive"
    assert "rows would decide" in undecided.output


def test_one_group_that_is_worse_is_found_where_each_was_declared(folder: Path, tmp_path: Path) -> None:
    level = declared(metric="accuracy", at_least=0.9, each_group=True)
    ran = run(folder, tmp_path, CLASSES + level, "--fault", "accuracy-worse-in-one-group")
    found = metrics_of(ran)
    assert ran.verdicts["accuracy-declared[cancer]"] == "fail"
    assert found["accuracy", "size=large"]["decision"] == "contradicts"
    assert found["accuracy", "size=small"]["decision"] != "contradicts"


def test_scores_that_are_too_sure_are_found(folder: Path, tmp_path: Path) -> None:
    policy = CLASSES.replace("cancer", "digits") + declared(metric="log_loss", at_most=0.35)
    clean = run(folder, tmp_path, policy, model="digits")
    assert clean.verdicts["accuracy-declared[digits]"] == "pass", clean.output
    (tmp_path / "sure").mkdir()
    ran = run(folder, tmp_path / "sure", policy, "--fault", "accuracy-overconfident", model="digits")
    assert metrics_of(ran)["log_loss", None]["decision"] != "supports"


def test_rows_without_an_answer_speak_for_nobody(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, CLASSES + declared(metric="accuracy", at_least=0.93), "--fault", "worse-keeps-silent")
    found = metrics_of(ran)["accuracy", None]
    assert found["missing"] > 0
    assert found["decision"] == "inconclusive"
    assert found["value"] > 0.93


@pytest.fixture(scope="module")
def clean(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    level = declared(metric="accuracy", at_least=0.9, each_group=True) + declared(metric="roc_auc", at_least=0.9)
    return run(folder, tmp_path_factory.mktemp("clean"), CLASSES + level)


def test_the_right_model_is_not_blamed(clean: Ran) -> None:
    assert clean.verdicts["accuracy-declared[cancer]"] in ("pass", "inconclusive"), clean.output
    assert clean.code in (0, 5)


def test_the_page_has_declared_beside_measured(clean: Ran) -> None:
    page = (clean.folder / "annex.html").read_text()
    assert "Labelled data of cancer: declared and measured" in page
    assert "at least 0.9" in page
    assert verify(clean.folder).problems == []


def test_the_data_are_described(clean: Ran) -> None:
    (record,) = clean.evidence["accuracy"]
    assert record["data"]["origin"].startswith("the quarter")
    assert len(record["data"]["sha256"]) == 64
    assert sum(record["data"]["counts"]["size"].values()) == record["data"]["total"]
    assert set(record["data"]["counts"]["kind"]) == {"0", "1"}


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ("metric = 'goodness'\nat_least = 0.5", "there are accuracy"),
        ("metric = 'accuracy'", "write one of the two"),
        ("metric = 'specificity'\nat_least = 0.5", "positive ="),
    ],
)
def test_what_cannot_be_declared_is_said(policy: str, problem: str, folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, CLASSES + "[[accuracy.declared]]\n" + policy.replace("'", '"'))
    assert ran.code == 4
    assert problem in ran.output


def test_a_column_that_is_missing_is_the_testers_failure(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, CLASSES.replace('"kind"', '"no such"') + declared(metric="accuracy", at_least=0.5))
    assert ran.verdicts["accuracy-declared[cancer]"] == "tool_error"
    assert "no column 'no such'" in ran.output
