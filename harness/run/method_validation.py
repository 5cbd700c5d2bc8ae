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
    document = _document()
    found = document.get("checks", {}).get(check.slug, {}).get("found", {})
    seen = [name for name in check.faults if found.get(name)]
    if not seen:
        return f"names the seeded faults {', '.join(check.faults)}; not yet shown in a committed validation run"
    tester = document["tester"]
    return (
        f"fails on the seeded faults {', '.join(seen)} of the reference server; last shown {document['made'][:10]} "
        f"with version {tester['version']}, commit {str(tester['commit'])[:12]}"
    )


@functools.cache
def _document() -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(RESULT.read_bytes())
    except (OSError, ValueError):
        return {}
    return loaded
