"""What `art15 demo` says of its models: to the digit what scikit-learn says of them in this process, and no blame."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame
from sklearn.metrics import accuracy_score, log_loss, recall_score, roc_auc_score

from harness.commands.probing import DEMO_POLICY
from harness.policy import load_policy
from harness.reference.models.trained import DESCRIPTIONS, trained
from harness.reference.protocol.tensors import tensor
from reports.page.render import REPORT
from tests.endtoend.running import Ran, probe
from tests.reports.chromium import needs_chromium, printed

pytestmark = pytest.mark.slow
METRICS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "accuracy": lambda wanted, labels, _: accuracy_score(wanted, labels),
    "recall": lambda wanted, labels, _: recall_score(wanted, labels, pos_label=0),
    "roc_auc": lambda wanted, _, scores: roc_auc_score(wanted, scores[:, 1]),
    "log_loss": lambda wanted, _, scores: log_loss(wanted, scores),
}


SEEDS = 10


def demo(folder: Path, *more: str) -> Ran:
    """Accuracy and robustness of the demo, on the classifiers that it has labelled data of."""
    models = ("--oip-model", "digits", "--oip-model", "cancer")
    suites = ("--oip-suite", "accuracy", "--oip-suite", "robustness")
    return probe("embedded", folder / "e", "--oip-policy", str(DEMO_POLICY), *suites, *models, *more)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return demo(tmp_path_factory.mktemp("demo"))


class InProcess:
    """The held-out rows of a model, and what the model says of them in this process."""

    def __init__(self, name: str) -> None:
        policy, _ = load_policy(DEMO_POLICY)
        (table,) = (each for each in policy.accuracy if each.model == name)
        with Path(table.data).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        asides = (table.label, *table.groups)
        values = np.array([[float(value) for column, value in row.items() if column not in asides] for row in rows])
        ((spec, *_), _) = DESCRIPTIONS[name]
        labels, scores = trained(name).newest.predict({spec.name: tensor(spec.name, spec.datatype, values)})
        self.wanted = np.array([int(row[table.label]) for row in rows])
        self.labels, self.scores = labels.values, scores.array
        self.groups = np.array([row[table.groups[0]] for row in rows])

    def value(self, metric: str, inside: Any = slice(None)) -> float:
        return float(METRICS[metric](self.wanted[inside], self.labels[inside], self.scores[inside]))


def record_of(ran: Ran, model: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in ran.evidence["accuracy"] if each["model"] == model)
    return found


@pytest.mark.parametrize("model", ["digits", "cancer"])
def test_measured_is_what_scikit_learn_says_to_the_digit(ran: Ran, model: str) -> None:
    own = InProcess(model)
    metrics = [each for each in record_of(ran, model)["metrics"] if each["metric"] in METRICS]
    assert {each["group"] is None for each in metrics} == {True, False}
    for each in metrics:
        inside = slice(None) if each["group"] is None else own.groups == each["group"].partition("=")[2]
        assert each["value"] == own.value(each["metric"], inside), each


@pytest.mark.parametrize("model", ["digits", "cancer"])
def test_figures_of_groups_are_those_of_fairlearn(ran: Ran, model: str) -> None:
    own = InProcess(model)
    frame = MetricFrame(
        metrics=accuracy_score, y_true=own.wanted, y_pred=own.labels, sensitive_features={"group": own.groups}
    )
    metrics = record_of(ran, model)["metrics"]
    ours = {each["group"].partition("=")[2]: each["value"] for each in metrics
            if each["metric"] == "accuracy" and each["group"]}  # fmt: skip
    assert ours == frame.by_group.to_dict()
    (overall,) = (each["value"] for each in metrics if each["metric"] == "accuracy" and not each["group"])
    assert overall == frame.overall


def test_models_of_the_demo_keep_every_level(ran: Ran) -> None:
    assert ran.code == 0, ran.output
    decisions = {each["decision"] for model in ("digits", "cancer") for each in record_of(ran, model)["metrics"]}
    assert decisions == {"supports", None}


@needs_chromium
def test_the_report_of_the_demo_is_short(ran: Ran, tmp_path: Path) -> None:
    sheets = printed(ran.folder / REPORT, tmp_path)
    assert len(sheets) <= 12
    assert "How accurate and how robust is it?" in " ".join(" ".join(sheets[:2]).split())


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.battery) for seed in range(2, SEEDS))])
def test_no_seed_blames_the_models_of_the_demo(seed: int, tmp_path: Path) -> None:
    found = demo(tmp_path, "--oip-seed", str(seed))
    assert found.code == 0, found.output
    assert "fail" not in found.verdicts.values()


@pytest.mark.parametrize(
    ("rows", "decision", "verdict"), [(450, "contradicts", "fail"), (60, "inconclusive", "inconclusive")]
)
def test_a_level_two_per_cent_too_high(rows: int, decision: str, verdict: str, tmp_path: Path) -> None:
    measured = InProcess("digits").value("accuracy")
    (tmp_path / "policy.toml").write_text(
        f'[[accuracy]]\nmodel = "digits"\ndata = "{DEMO_POLICY.parents[1]}/reference/data/digits-held-out.csv"\n'
        f'label = "digit"\ngroups = ["ink"]\noutput = "label"\nrows = {rows}\n'
        f'[[accuracy.declared]]\nmetric = "accuracy"\nat_least = {measured + 0.02}\n'
    )
    found = probe(
        "embedded", tmp_path / "e", "--oip-policy", str(tmp_path / "policy.toml"), "--oip-suite", "accuracy",
        "--oip-model", "digits",
    )  # fmt: skip
    (level,) = (each for each in record_of(found, "digits")["metrics"] if each["limit"])
    assert level["decision"] == decision
    assert found.verdicts["accuracy-declared[digits]"] == verdict
    assert (level["would_decide"] or 0) > (0 if decision == "inconclusive" else -1)
