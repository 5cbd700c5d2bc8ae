"""Made-up runs: a plan and its records, as a tester without fault would have written them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harness.load.plan.load_plan import LoadCase, LoadPlan, ServiceLevel
from harness.load.plan.schedule import constant
from harness.load.records.rows import Merged, Rows, rows_from
from harness.load.records.worker_facts import WorkerFacts

MS = 1_000_000
NONE = np.zeros(0, np.int64)


def plan_of(rate: float = 200, seconds: float = 10, **changes: Any) -> LoadPlan:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 8000,
        "cases": (LoadCase(name="tiny", path="/", before=b""), LoadCase(name="big", path="/", before=b"", weight=3)),
        "schedule": constant(rate, seconds),
        "level": ServiceLevel(latency_s=0.1),
        "seed": 1,
    }
    return LoadPlan(**{**given, **changes})


def rows_of(
    plan: LoadPlan, response_ms: npt.ArrayLike = 2, lag_ms: npt.ArrayLike = 0, **columns: npt.ArrayLike
) -> Rows:
    """Every request of the plan, answered well after so many ms from its intended time."""
    intended, cases = plan.workload()
    sent = intended + np.asarray(np.asarray(lag_ms) * MS, np.int64)
    done = intended + np.asarray(np.asarray(response_ms) * MS, np.int64)
    given: dict[str, npt.ArrayLike] = {"intended": intended, "taken": sent, "sent": sent, "done": done, "case": cases}
    return rows_from(**{**given, **columns})


def merged_of(plan: LoadPlan, rows: Rows, **changes: Any) -> Merged:
    planned = len(plan.workload()[0])
    missing = np.setdiff1d(np.arange(planned), rows["index"].astype(np.int64))
    given: dict[str, Any] = {"missing": missing, "repeated": NONE, "foreign": 0, "silent_workers": ()}
    return Merged(rows=rows, planned=planned, **{**given, **changes})


def facts_of(plan: LoadPlan, **changes: Any) -> list[WorkerFacts]:
    """Workers that did their part; ``changes`` are of the first."""
    first: dict[str, Any] = {"finished": True, **changes}
    return [
        WorkerFacts(worker=0, **first),
        *(WorkerFacts(worker=each, finished=True) for each in range(1, plan.workers)),
    ]
