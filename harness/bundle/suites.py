"""The suites as a bundle lists them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.bundle.parts import SuiteRow
from harness.suite import suites


def suite_rows() -> list[SuiteRow]:
    """Those of this version, in order."""
    return [
        SuiteRow(
            name=suite.name,
            title=suite.title,
            section=suite.report.section,
            heading=suite.report.heading,
            measures=suite.report.measures,
        )
        for suite in suites()
    ]


def listed_suites(rows: Sequence[SuiteRow]) -> Sequence[SuiteRow]:
    """The suites of a bundle; one that is older than its list has those of this version."""
    return rows or suite_rows()
