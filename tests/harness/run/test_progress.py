"""The line of progress, and what pytest is kept from telling twice."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.load.launch import Progress
from harness.load.plan.schedule import Schedule, Stage
from harness.prober.watching import fitting
from harness.probing.load.runner import LoadProgress, LoadStep, stage_at
from harness.run.terminal.progress import RunProgress, load_line
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


def test_the_line_of_load_tells_rate_step_and_seconds() -> None:
    at = LoadProgress("load-capacity m", "capacity, 40/s", LoadStep(2, 6, early=True), Progress(117, 320, 3.0, 8.0))
    assert load_line(sentences(), at) == (
        "load-capacity m: step 2 of at most 6 (capacity, 40/s), 39 requests/s, 3 of 8 s, 117 of 320 requests"
    )
    german = load_line(sentences("de"), replace(at, step=LoadStep(1, 2)))
    assert german == "load-capacity m: Schritt 1 von 2 (capacity, 40/s), 39 Anfragen/s, 3 von 8 s, 117 von 320 Anfragen"
    closed = LoadProgress("load-wear m", "wear", None, Progress(5, 0, 0.5, 4.0))
    assert load_line(sentences(), closed) == "load-wear m: wear, 0 of 4 s"


@pytest.mark.parametrize(("seconds", "number"), [(0.0, 1), (1.4, 1), (1.5, 2), (3.5, 3), (99.0, 3)])
def test_a_run_of_several_stages_tells_which(seconds: float, number: int) -> None:
    stages = tuple(Stage(seconds=each, rate=10.0) for each in (1.5, 2.0, 4.0))
    assert stage_at(Schedule(stages=stages), seconds) == LoadStep(number, 3)
    assert stage_at(Schedule(stages=stages[:1]), seconds) is None
    assert stage_at(None, seconds) is None


def test_a_line_has_no_more_cells_than_the_terminal() -> None:
    assert fitting("check 1", 5) == "check"
    assert fitting("漢字漢字", 5) == "漢字"
    assert fitting("a\u202e" * 10, 12) == "a‹U+202E›a‹U"
    assert fitting("e\u0301e", 2) == "e\u0301e"
    assert fitting("m" * (1 << 22), 80) == "m" * 80
