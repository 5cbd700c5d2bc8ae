"""All scenarios, and the third that is due today."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from . import answers, calls, connections, frames, listings, parts
from .scenario import Scenario

SCENARIOS: dict[str, Scenario] = {
    **listings.SCENARIOS,
    **answers.SCENARIOS,
    **connections.SCENARIOS,
    **parts.SCENARIOS,
    **calls.SCENARIOS,
    **frames.SCENARIOS,
}


def today() -> int:
    """The day (UTC) that the session began on, as a number."""
    return int(os.environ.get("ART15_TESTS_DAY", str(datetime.now(UTC).toordinal())))


def due(share: int) -> list[str]:
    """Every ``share``-th scenario, others each day."""
    return [name for place, name in enumerate(SCENARIOS) if place % share == today() % share]
