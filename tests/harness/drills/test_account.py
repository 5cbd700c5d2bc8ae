"""The account of a drill closes to the last request, and says what clients saw."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.drills.account import Fate, account_of, executions_of, fates
from harness.load.records.rows import Merged, Status, rows_from

MS = 1_000_000


def merged(statuses: list[Status], took_ms: list[int], codes: list[int] | None = None, step_ms: int = 5) -> Merged:
    """One request every `step_ms`, with these outcomes."""
    intended = np.arange(len(statuses)) * step_ms * MS
    rows = rows_from(
        intended=intended,
        done=intended + np.array(took_ms) * MS,
        status=[int(each) for each in statuses],
        code=codes or [200] * len(statuses),
    )
    return Merged(rows, len(rows), np.zeros(0, np.int64), np.zeros(0, np.int64), 0, ())


def planned(count: int, step_ms: int = 5) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Their intended times."""
    return np.arange(count, dtype=np.int64) * step_ms * MS


def test_a_drill_that_nobody_notices() -> None:
    seen = account_of(merged([Status.OK] * 100, [2] * 100), 0.1, 0.3, planned(100), 0.1)
    assert (seen.before.sent, seen.during.sent, seen.after.sent) == (20, 40, 40)
    assert (seen.total.bad, seen.recovered_s, seen.first_bad, seen.refusal_s) == (0, 0.0, None, None)
    assert seen.outage_s == pytest.approx(0.005)


def test_what_was_under_way_when_the_fault_came_is_the_faults() -> None:
    statuses = [Status.OK] * 100
    statuses[19] = Status.RESET  # sent at 95 ms, ended at 101 ms; the fault came at 100 ms
    took = [2] * 100
    took[19] = 6
    seen = account_of(merged(statuses, took), 0.1, 0.3, planned(100), 0.1)
    assert (seen.before.bad, seen.during.bad, seen.during.failed) == (0, 1, 1)
    assert seen.recovered_s == pytest.approx(0.001)
    assert seen.kinds == {"reset": 1}


def test_each_fate_has_its_column() -> None:
    statuses = [Status.OK, Status.HTTP_ERROR, Status.HTTP_ERROR, Status.TIMEOUT, Status.WRONG_ID, Status.REFUSED]
    statuses += [Status.GRPC_ERROR, Status.GRPC_ERROR, Status.TRUNCATED, Status.WRONG_ANSWER, Status.OK]
    codes = [200, 503, 500, 0, 200, 0, 14, 13, 0, 200, 200]
    seen = account_of(merged(statuses, [1] * 10 + [500], codes), -1.0, 9.0, planned(11), 0.1)
    tally = seen.during
    assert (tally.correct, tally.refused, tally.failed, tally.wrong, tally.lost, tally.slow) == (2, 2, 4, 2, 1, 1)
    assert tally.closes
    assert seen.kinds["http error 503"] == 1


def test_what_the_tester_did_not_send_is_no_failure() -> None:
    statuses = [Status.OK] * 10
    statuses[3] = Status.NEVER_SENT
    seen = account_of(merged(statuses, [1] * 10), 0.0, 1.0, planned(12), 0.1)
    assert (seen.total.sent, seen.total.bad, seen.total.unsent) == (9, 0, 3)


def test_no_answer_at_all_since_the_fault() -> None:
    statuses = [Status.OK] * 20 + [Status.REFUSED] * 80
    seen = account_of(merged(statuses, [1] * 100), 0.1, 0.3, planned(100), 0.1)
    assert seen.outage_s == float("inf")
    assert seen.refusal_s == pytest.approx(0.001)
    assert seen.worst_s is None


@given(st.lists(st.sampled_from(list(Status)), min_size=1, max_size=200), st.floats(0, 1), st.floats(0, 1))
def test_the_account_always_closes(statuses: list[Status], fault: float, lasts: float) -> None:
    seen = account_of(merged(statuses, [3] * len(statuses)), fault, fault + lasts, planned(len(statuses)), 0.1)
    parts = (seen.before, seen.during, seen.after)
    assert all(part.closes for part in parts)
    assert sum(part.sent + part.unsent for part in parts) == len(statuses)


def test_executions_are_counted_by_id() -> None:
    statuses = [Status.OK, Status.OK, Status.TIMEOUT, Status.OK]
    ids = [f"abcdefgh{index:08x}" for index in (0, 0, 1, 2)]
    seen = executions_of(
        Counter([*ids, "of-somebody-else", "abcdefgh-no-number"]), "abcdefgh", merged(statuses, [1] * 4)
    )
    assert (seen.twice, seen.unanswered, seen.unexecuted) == (1, 1, 1)


def test_every_status_has_a_fate() -> None:
    rows = merged([each for each in Status if each is not Status.NEVER_SENT], [1] * 11).rows
    assert set(fates(rows).tolist()) <= {int(each) for each in Fate}
