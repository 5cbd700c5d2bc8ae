"""The line of progress, and what pytest is kept from telling twice."""

from __future__ import annotations

import math
from dataclasses import replace

from harness.run.terminal.progress import RunProgress
from reports.text.sentences import sentences


def test_the_line_tells_where_the_run_is() -> None:
    at = RunProgress(done=44, planned=147, failed=1, requests=400, seconds=10, most_seconds=math.inf)
    assert at.line("a[b]") == "check 45 of 147, 1 failed, 40 requests/s, about 23 s left: a[b]"
    german = replace(at, said=sentences("de")).line("a[b]")
    assert german == "Prüfung 45 von 147, 1 nicht bestanden, 40 Anfragen/s, noch etwa 23 s: a[b]"


def test_what_cannot_be_told_yet_is_left_out() -> None:
    first = RunProgress(done=0, planned=147, failed=0, requests=3, seconds=0, most_seconds=math.inf)
    assert first.line("a") == "check 1 of 147: a"
    early = RunProgress(done=1, planned=147, failed=0, requests=50, seconds=5, most_seconds=math.inf)
    assert early.line("a") == "check 2 of 147, 10 requests/s: a"
    over = RunProgress(done=147, planned=147, failed=0, requests=50, seconds=5, most_seconds=math.inf)
    assert over.line("a").startswith("check 147 of 147")


def test_no_more_time_is_left_than_the_budget_has() -> None:
    slow = RunProgress(done=10, planned=110, failed=0, requests=10, seconds=100, most_seconds=240)
    assert slow.line("a") == "check 11 of 110, 0 requests/s, about 4 min left: a"
