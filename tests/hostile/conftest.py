"""Says which scenarios of the hostile kit are due."""

from __future__ import annotations

import textwrap

import pytest

from .kit import SCENARIOS, due, today


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The part of today, by name; workers of xdist print nothing."""
    share = config.getoption("--battery")
    names = due(share)
    words = f"hostile kit: {len(names)} of {len(SCENARIOS)} endpoints (part {today() % share + 1} of {share})"
    return [words] if share == 1 else [f"{words}:", *textwrap.wrap(", ".join(names), 118)]
