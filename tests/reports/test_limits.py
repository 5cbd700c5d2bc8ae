"""A limit is one of the policy by what it is of: a number that stands there for something else declares nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from harness.bundle.accuracy import AccuracyRecord
from harness.bundle.attacks import AttacksRecord
from harness.bundle.robustness import RobustnessRecord
from reports.verification.limit_checks import limit_contradictions
from reports.verification.verify import verify
from tests.reports import some_accuracy, test_attack_checks, test_robustness_checks

CHANGED = {
    "model": "cancer", "transport": "rest", "data": "rows.csv", "confidence": 0.95, "rows": 100,
    "perturbation": [{"kind": "linf", "sizes": [0.1, 0.2], "max_changed": 0.3, "max_drop": 0.5, "at": [0.1]}],
    "invariance": [{"change": "permute", "features": ["a"], "max_violations": 0}],
    "certified": None, "extraction": None,
}  # fmt: skip
ATTACKED = {
    "model": "digits", "transport": "rest", "data": "rows.csv", "confidence": 0.95, "rows": 60,
    "attack": [{"kind": "hop-skip", "limit": 0.5, "queries": 100, "max_success": 0.2, "may_block": False}],
    "certified": {"sigma": 0.5, "radius": 0.2, "min_share": 0.5, "confidence": 0.99},
    "extraction": {"queries": 100, "max_agreement": 0.7, "max_told_apart": 0.6, "max_digits": None},
}  # fmt: skip


def told(policy: dict[str, Any], **records: Any) -> list[str]:
    """What is told of records under a policy."""
    every = {"accuracy": [], "robustness": [], "attacks": []} | records
    return [*limit_contradictions(cast("Any", SimpleNamespace(plan=SimpleNamespace(policy=policy), **every)))]


def scored(model: str = "iris", **changed: Any) -> AccuracyRecord:
    """A record with one level, that of all rows."""
    metric = some_accuracy.record()["metrics"][0] | changed
    return msgspec.convert(some_accuracy.record(metrics=[metric], model=model), AccuracyRecord)


def altered(record: Any, number: float, other: float) -> Any:
    """A record of robustness with another number wherever it has the first."""

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: change(each) for name, each in value.items()}
        if isinstance(value, list):
            return [change(each) for each in value]
        return other if value == number and isinstance(value, float) else value

    return msgspec.convert(change(msgspec.to_builtins(record)), type(record))


def test_what_is_declared_is_not_told() -> None:
    policy = {"accuracy": [some_accuracy.policy()], "robustness": [CHANGED, ATTACKED]}
    whole = msgspec.convert(some_accuracy.record(), AccuracyRecord)
    every = [whole, *(scored(name) for name in ("iris:1", "iris (2)", "iris:1 (2)"))]
    changed, attacked = test_robustness_checks.changed(), test_attack_checks.RECORD
    assert told(policy, accuracy=every, robustness=[changed], attacks=[attacked]) == []
    measured = msgspec.structs.replace(scored("other"), metrics=[msgspec.structs.replace(whole.metrics[5])])
    assert told({}, accuracy=[measured]) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"limit": 0.0},  # each_group is false
        {"limit": 5.0},  # k
        {"limit": 0.3, "side": "at most"},  # the level of another metric
        {"limit": 0.95},  # a confidence
        {"confidence": 0.9},
        {"side": "at most"},
        {"metric": "recall", "about": "0"},
        {"metric": "recall", "about": "1", "group": "size=large"},
    ],
)
def test_a_number_of_the_policy_that_is_no_such_level_is_told(changed: dict[str, Any]) -> None:
    found = told({"accuracy": [some_accuracy.policy()]}, accuracy=[scored(**changed)])
    assert [text.partition(" of ")[0] for text in found] == ["declares no limit"]


@pytest.mark.parametrize("level", [False, None, "0", [0.0], {}])
def test_what_is_no_number_is_no_level(level: Any) -> None:
    policy = {"accuracy": [{"model": "iris", "declared": [{"metric": "accuracy", "at_least": level}, 0.0]}]}
    assert told(policy, accuracy=[scored(limit=0.0)])


def test_a_model_without_a_row_is_told() -> None:
    policy: dict[str, Any] = {"accuracy": [some_accuracy.policy()], "robustness": [CHANGED, ATTACKED]}
    assert told(policy, accuracy=[scored("other")])
    assert told({}, accuracy=[scored()])
    assert told(policy, accuracy=[msgspec.structs.replace(scored(), transport="grpc")])
    assert told({"robustness": [ATTACKED]}, robustness=[test_robustness_checks.changed()])
    assert told({"robustness": [CHANGED]}, attacks=[test_attack_checks.RECORD])


@pytest.mark.parametrize(
    ("record", "number", "other"),
    [
        (test_robustness_checks.changed, 0.3, 0.5),  # the level of the drop
        (test_robustness_checks.changed, 0.5, 0.3),
        (test_robustness_checks.changed, 0.1, 0.2),  # a size without limits
        (test_robustness_checks.changed, 0.95, 0.9),
        (lambda: test_attack_checks.RECORD, 0.2, 0.0),
        (lambda: test_attack_checks.RECORD, 0.5, 0.6),  # a distance, and a share
        (lambda: test_attack_checks.RECORD, 0.7, 0.6),  # what is declared of another indicator
    ],
)
def test_a_number_of_the_table_that_is_no_such_limit_is_told(record: Any, number: float, other: float) -> None:
    made = altered(record(), number, other)
    kind = "robustness" if isinstance(made, RobustnessRecord) else "attacks"
    assert isinstance(made, RobustnessRecord | AttacksRecord)
    assert told({"robustness": [CHANGED, ATTACKED]}, **{kind: [made]})


def test_more_violations_than_declared_are_told() -> None:
    record = test_robustness_checks.changed()
    relations = [msgspec.structs.replace(record.relations[0], max_violations=100)]
    assert told({"robustness": [CHANGED]}, robustness=[msgspec.structs.replace(record, relations=relations)])


def test_a_level_of_nothing_is_told_of_a_bundle_that_is_made_of_it(tmp_path: Path) -> None:
    """Everything else in the bundle follows from the level, whatever makes it again."""
    right = some_accuracy.record()
    metrics = [each | ({"limit": 0.0, "decision": "supports", "would_decide": None} if each.get("side") == "at least"
                       else {}) for each in right["metrics"]]  # fmt: skip
    some_accuracy.finished(tmp_path, right | {"metrics": metrics}, verdict="pass")
    found = verify(tmp_path).problems
    assert {problem.file for problem in found} == {"plan.json"}
    assert all("declares no limit of 0 at" in problem.text for problem in found)
