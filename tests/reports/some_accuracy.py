"""Records of accuracy as a run journals them, with the figures that follow from their rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.data.estimates import EXACT, OF_MISSING, RESAMPLED
from harness.statistics.closed import Counts
from harness.statistics.decision import LimitSide, decision
from harness.statistics.early_stopping import deciding_count
from reports.bundle import finish
from tests.reports import factory

CHECK = "accuracy-declared[iris]"
Accuracy = dict[str, Any]


def share(metric: str, right: int, rows: int, limit: float | None = None, missing: int = 0, **more: Any) -> Accuracy:
    """A share of rows with its exact bounds, and the decision about a level that it has to reach."""
    bounds = Counts(rows, right, rows - missing - right).interval(0.95)
    said = None if limit is None else decision(bounds, limit, LimitSide.AT_LEAST)
    enough = deciding_count(rows - missing, rows - missing - right, limit, 0.95) if limit is not None else None
    return {
        "metric": metric, "about": "", "group": None, "value": right / (rows - missing), "lower": bounds.lower,
        "upper": bounds.upper, "confidence": 0.95, "method": EXACT + (OF_MISSING if missing else ""), "rows": rows,
        "missing": missing, "limit": limit, "side": None if limit is None else "at least", "decision": said,
        "would_decide": enough if said == "inconclusive" else None, "reason": "", **more,
    }  # fmt: skip


def resampled(metric: str, bounds: tuple[float, float, float], rows: int, **more: Any) -> Accuracy:
    """A metric with lower bound, value and upper bound as a bootstrap gives them."""
    lower, value, upper = bounds
    return {"metric": metric, "value": value, "lower": lower, "upper": upper, "confidence": 0.95, "rows": rows,
            "method": RESAMPLED % "rows", **more}  # fmt: skip


def record(**more: Any) -> Accuracy:
    """A level that is kept, one that is missed in a group, one undecided, and a metric that was measured only."""
    metrics = [
        share("accuracy", 190, 200, 0.9),
        share("accuracy", 80, 100, 0.9, group="size=large"),
        share("accuracy", 97, 100, 0.9, group="size=small", missing=3),
        share("recall", 43, 50, 0.9, about="1"),
        resampled("log_loss", (0.11, 0.16, 0.24), 200, limit=0.3, side="at most", decision="supports"),
        resampled("brier", (0.05, 0.08, 0.12), 200),
    ]
    bins = [{"rows": 40, "confidence": 0.6, "accuracy": 0.5}, {"rows": 160, "confidence": 0.95, "accuracy": 0.9}]
    return {
        "model": "iris", "transport": "rest", "prediction": "label", "scores": "probabilities", "metrics": metrics,
        "data": {
            "file": "held-out.csv", "sha256": "0" * 64, "total": 500, "drawn": 200, "seed": 7, "origin": "a register",
            "label": "kind", "counts": {"kind": {"0": 150, "1": 50}, "size": {"large": 100, "small": 100}},
        },
        "bins": bins, "plain_calibration_error": (40 * 0.1 + 160 * 0.05) / 200, "family": 5, **more,
    }  # fmt: skip


def policy() -> Accuracy:
    """The table of a policy that declares the levels of :func:`record`."""
    levels: list[Accuracy] = [
        {"metric": "accuracy", "at_least": 0.9, "at_most": None, "each_group": True},
        {"metric": "recall", "at_least": 0.9, "at_most": None, "positive": "1", "each_group": False},
        {"metric": "log_loss", "at_least": None, "at_most": 0.3, "each_group": False},
    ]
    declared = [each | {"confidence": 0.95, "k": 5, "reason": ""} for each in levels]
    return {"model": "iris", "transport": "rest", "data": "held-out.csv", "declared": declared}


def finished(folder: Path, *records: Accuracy, verdict: str = "fail") -> None:
    """A whole bundle with these records in its journal."""
    bundle = factory.start(folder, factory.plan(policy={"accuracy": [policy()]}))
    factory.fill(bundle)
    line = factory.check("accuracy-declared", suite="accuracy", clauses=[], level=None, verdict=verdict)
    bundle.journal.append("check", line)
    for each in records:
        bundle.journal.append("accuracy", {"check": CHECK, "accuracy": each})
    bundle.journal.append("close", {"exit_code": 1})
    bundle.journal.close()
    finish(folder)
