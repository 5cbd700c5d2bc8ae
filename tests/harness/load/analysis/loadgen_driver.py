"""Run MLPerf's real LoadGen on given counts; a script of its own, for an interpreter that has `mlcommons-loadgen`.

Reads a list of [queries, late, percentile] from standard input, writes for each what LoadGen saw and said:
[queries, late, percentile, passed, more queries it asks for].
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

loadgen: Any = importlib.import_module("mlperf_loadgen")
LIMIT_S, MOST_LIMIT_S = 0.03, 1.0
TRIES = 20


def run(queries: int, late: int, percentile: float) -> list[object]:
    """One Server run with exactly so many late queries.

    A busy machine delays others too: then it is run again, with more time before a query is late.
    """
    for number in range(TRIES):
        seen, passed, more = attempt(queries, late, percentile, min(MOST_LIMIT_S, LIMIT_S * 2**number))
        if seen == late:
            return [queries, late, percentile, passed, more]
    raise RuntimeError(f"LoadGen never saw just {late} late queries")


def attempt(queries: int, late: int, percentile: float, limit_s: float) -> tuple[int, bool, int]:
    """Late queries that LoadGen counted, whether its early-stopping rule is met, and how many more it asks for."""
    held: list[int] = []
    issued = 0

    def issue(batch: list[Any]) -> None:
        nonlocal issued
        for query in batch:
            issued += 1
            if issued <= late:
                held.append(query.id)
            else:
                loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(query.id, 0, 0)])
        if issued >= queries and held:
            time.sleep(limit_s * 1.2)
            loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(each, 0, 0) for each in held])
            held.clear()

    settings = loadgen.TestSettings()
    settings.scenario, settings.mode = loadgen.TestScenario.Server, loadgen.TestMode.PerformanceOnly
    settings.server_target_qps, settings.server_target_latency_ns = 100_000, round(limit_s * 1e9)
    settings.server_target_latency_percentile = percentile
    settings.min_duration_ms, settings.min_query_count, settings.max_query_count = 0, queries, queries
    endpoint = loadgen.ConstructSUT(issue, lambda: None)
    library = loadgen.ConstructQSL(100, 100, lambda _: None, lambda _: None)
    loadgen.StartTest(endpoint, library, settings)
    loadgen.DestroySUT(endpoint)
    loadgen.DestroyQSL(library)
    return read_log()


def read_log() -> tuple[int, bool, int]:
    """The same from the logs in the current folder."""
    detail = Path("mlperf_log_detail.txt").read_text()
    keys = r'"key": "(result_overlatency_query_count|early_stopping_met)", "value": (\w+)'
    said = dict(re.findall(keys, detail))
    more = re.search(r"at least (\d+) more queries", Path("mlperf_log_summary.txt").read_text())
    return (
        int(said["result_overlatency_query_count"]),
        said["early_stopping_met"] == "true",
        int(more[1]) if more else 0,
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        found = [run(*case) for case in json.load(sys.stdin)]
        os.chdir("/")
    sys.stdout.write("\n" + json.dumps(found) + "\n")
