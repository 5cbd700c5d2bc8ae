"""Reads documents of OSCAL with compliance-trestle: ``python -m tests.reports.oscal_reader FOLDER...``.

It is a program of its own: trestle and what it imports warn, and take seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

NAMES = {
    "oscal-catalog.json": "catalog.Catalog",
    "oscal-assessment-plan.json": "assessment_plan.AssessmentPlan",
    "oscal-assessment-results.json": "assessment_results.AssessmentResults",
}


def main() -> None:
    """Read each document of each folder; and what trestle's own validation of a whole document says."""
    import importlib  # noqa: PLC0415 -- nothing of it is needed by who only names this module

    all_rules: Any = importlib.import_module("trestle.core.validator_factory").validator_factory.get(
        type("Arguments", (), {"mode": "all"})()
    )
    for folder in map(Path, sys.argv[1:]):
        for name, kind in NAMES.items():
            module, _, model = kind.partition(".")
            reads: Any = getattr(importlib.import_module(f"trestle.oscal.{module}"), model)
            document = reads.oscal_read(folder / name)
            assert document is not None, f"{folder / name} is not there"
            assert all_rules.model_is_valid(document, quiet=True), f"{folder / name} breaks a rule of trestle"
    sys.stdout.write("valid\n")


if __name__ == "__main__":
    main()
