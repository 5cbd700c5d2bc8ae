"""Seeded faults that the checks of ``suites/conformance/extensions/test_statistics.py`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.documents import absent, on_document
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks

Body = dict[str, Any]
COUNTED = ("stats", "all-stats")


def _each_model(change: Callable[[Body], Any]) -> Install:
    """Change the entry of each model in the statistics."""

    def edit(body: Body) -> None:
        for entry in body["model_stats"]:
            change(entry)

    return on_document(edit, *COUNTED)


fault("stats-frozen", "STATS-01", text="inference leaves every count as it was")(
    _each_model(lambda entry: entry.update(inference_count=0, execution_count=0))
)

fault(
    "stats-count-requests",
    "STATS-01",
    text="inference_count counts requests, not rows",
    models=("echo-fp32", "matrix", "digits", "pair"),
)(_each_model(lambda entry: entry.update(inference_count=entry["execution_count"])))

fault(
    "stats-executions-count-rows",
    "STATS-01",
    text="execution_count counts rows",
    models=("echo-fp32", "matrix", "digits", "pair"),
)(_each_model(lambda entry: entry.update(execution_count=entry["inference_count"])))

fault("stats-counts-as-text", "STATS-01", text="counts are texts")(
    _each_model(lambda entry: entry.update(inference_count=str(entry["inference_count"])))
)

fault("stats-by-name", "STATS-01", text="model_stats is an object by name")(
    on_document(lambda body: {"model_stats": {each["name"]: each for each in body["model_stats"]}}, *COUNTED)
)

fault("stats-without-durations", "STATS-01", text="statistics have no inference_stats")(
    _each_model(lambda entry: entry.pop("inference_stats"))
)

fault("stats-duration-missing", "STATS-01", text="inference_stats has no success")(
    _each_model(lambda entry: entry["inference_stats"].pop("success"))
)

fault("stats-without-batches", "STATS-01", text="statistics have no batch_stats")(
    _each_model(lambda entry: entry.pop("batch_stats"))
)

fault("stats-success-frozen", "STATS-01", text="the success count stays zero")(
    _each_model(lambda entry: entry["inference_stats"]["success"].update(count=0, ns=0))
)

fault("stats-durations-in-seconds", "STATS-01", text="durations are fractions of seconds")(
    _each_model(
        lambda entry: entry["inference_stats"]["success"].update(ns=entry["inference_stats"]["success"]["ns"] / 1e9)
    )
)


@fault("stats-count-twice", "STATS-01", text="every inference is counted twice")
def stats_count_twice(hooks: Hooks) -> None:
    def change(entry: Body) -> None:
        for name in ("inference_count", "execution_count"):
            entry[name] *= 2

    _each_model(change)(hooks)


fault("statistics-listed-but-absent", "STATS-01", "REST-SMETA-06", text="statistics is listed and not there")(
    absent(*COUNTED)
)
