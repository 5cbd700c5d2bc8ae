"""The early-stopping rule is that of the real LoadGen: its verdict and the number of further queries it asks for.

LoadGen keeps its state in the process and writes logs where it stands, so it runs as a child. It comes with the
development packages; ART15_LOADGEN_PYTHON names another interpreter that has `mlcommons-loadgen`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from harness.statistics.early_stopping import min_requests, more_in_time

PYTHON = os.environ.get("ART15_LOADGEN_PYTHON") or (
    sys.executable if importlib.util.find_spec("mlperf_loadgen") else ""
)
PERCENTILES = (0.9, 0.95, 0.97, 0.99, 0.999)
BOUNDARIES = [(late, p) for p in PERCENTILES for late in (0, 1, 2, 5, 10)] + [
    (50, 0.9),
    (100, 0.9),
    (50, 0.95),
    (30, 0.99),
]

pytestmark = [pytest.mark.skipif(not PYTHON, reason="mlcommons-loadgen has no wheel here")]


def loadgen(cases: list[tuple[int, int, float]]) -> list[tuple[int, int, float, bool, int]]:
    """What the real LoadGen says of each (queries, late, percentile)."""
    driver = Path(__file__).with_name("loadgen_driver.py")
    done = subprocess.run([PYTHON, driver], input=json.dumps(cases), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [tuple(each) for each in json.loads(done.stdout.splitlines()[-1])]


def differing(cases: list[tuple[int, int, float]]) -> list[tuple[int, int, float, bool, int]]:
    """Cases of which LoadGen says anything else than we do."""
    found = loadgen(cases)
    assert [each[:3] for each in found] == cases
    return [
        (queries, late, p, passed, more)
        for queries, late, p, passed, more in found
        if (passed, more) != (queries >= min_requests(late, p), more_in_time(queries, late, p))
    ]


def test_both_sides_of_every_boundary() -> None:
    edges = [(min_requests(late, p), late, p) for late, p in BOUNDARIES]
    assert differing([(n + step, late, p) for n, late, p in edges if n < 15_000 for step in (-1, 0)]) == []


@pytest.mark.slow
@pytest.mark.battery
def test_two_hundred_random_counts() -> None:
    draw = random.Random(20261121)
    cases = []
    for _ in range(200):
        p = draw.choice([*PERCENTILES, round(draw.uniform(0.5, 0.999), 4)])
        queries = draw.randint(10, 8000)
        cases.append((queries, draw.randint(0, min(queries, round(2 * queries * (1 - p)) + 2)), p))
    assert differing(cases) == []
