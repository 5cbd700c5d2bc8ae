"""When each check was last shown to fail: read from the committed result of `make validate`.

ISO/IEC 17025 calls it method validation: a check that has never been seen to find anything shows nothing by passing.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import suites
from harness.check import Check

RESULT = Path(suites.__path__[0]) / "validation.json"


def method_validation(check: Check) -> str | None:
    """One sentence for the report; None for a check that names no seeded fault."""
    if not check.faults:
        return None
    seen = faults_found(check)
    if not seen:
        return f"names the seeded faults {', '.join(check.faults)}; not yet shown in a committed validation run"
    document = _document()
    tester = document["tester"]
    return (
        f"fails on the seeded faults {', '.join(seen)} of the reference server; last shown {document['made'][:10]} "
        f"with version {tester['version']}, commit {str(tester['commit'])[:12]}"
    )


def faults_found(check: Check) -> tuple[str, ...]:
    """Which of its seeded faults the check found when `make validate` was last carried out and its result committed."""
    found = _document().get("checks", {}).get(check.slug, {}).get("found", {})
    return tuple(name for name in check.faults if found.get(name))


@functools.cache
def _document() -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(RESULT.read_bytes())
    except (OSError, ValueError):
        return {}
    return loaded
