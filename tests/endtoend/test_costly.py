"""Answers that cost whoever reads them: a run of a minute ends, small, with verdicts about the server alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endtoend.costly import ANSWERS, METADATA_ANSWERS, costly
from tests.endtoend.running import probe

pytestmark = [pytest.mark.slow, pytest.mark.battery]

# Ten times what a run takes; one that hangs takes for ever.
PATIENCE = 600
BOUND_KILOBYTES = 500_000


@pytest.mark.parametrize("name", [*ANSWERS, *METADATA_ANSWERS])
def test_a_costly_answer_is_no_error_of_the_tester(name: str, tmp_path: Path) -> None:
    with costly(name) as url:
        arguments = ("--oip-model", "m", "--oip-profile", "quick", "--oip-time-budget", "60", "-q")
        ran = probe(url, tmp_path / "evidence", *arguments, patience=PATIENCE)
    assert ran.code in (0, 1), ran.output
    assert "Traceback" not in ran.output
    assert ran.peak_kilobytes < BOUND_KILOBYTES
    assert "tool_error" not in ran.verdicts.values()
    assert ran.verdicts
