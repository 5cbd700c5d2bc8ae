"""Settings of all tests: a busy machine is no finding, and long batteries can be gone through in parts."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings

# As in the profile that Hypothesis takes in CI by itself: the same examples each time, and none too slow.
settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option of our own."""
    parser.addoption(
        "--battery", metavar="N", type=int, default=1,
        help="of the tests marked `battery` (a seeded fault or variant each) take every Nth; others every day (UTC)",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Workers of xdist inherit the day, so that all of them collect the same tests, at midnight too."""
    os.environ.setdefault("ART15_TESTS_DAY", str(datetime.now(UTC).toordinal()))
    # Runs that tests start are no result of the job.
    os.environ.pop("GITHUB_STEP_SUMMARY", None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not today's part."""
    share, day = config.getoption("--battery"), int(os.environ["ART15_TESTS_DAY"])
    battery = [item for item in items if item.get_closest_marker("battery")]
    left = {item for place, item in enumerate(battery) if place % share != day % share}
    if left:
        config.hook.pytest_deselected(items=[item for item in items if item in left])
        items[:] = [item for item in items if item not in left]
