"""Right answers of a rollout, held against the version that was due."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from harness.drills.declared import Drill, Rollout
from harness.drills.faults.fault import Happening
from harness.drills.kinds import NoFault
from harness.drills.versions import VersionAccount, versions_of
from harness.load.records.rows import DTYPE, Flag, Merged, Status

SECOND = 1_000_000_000
OUT, BACK = (2, 3), (6, 7)
"""Seconds in which the version is rolled out, and rolled back."""


def account(*answers: tuple[float, bool], rollback: bool = True) -> VersionAccount:
    """Of answers, each 0.1 s after its second, with whether the new version gave it."""
    rows = np.zeros(len(answers), DTYPE)
    for row, (second, new) in zip(rows, answers, strict=True):
        row["intended"], row["done"] = int(second * SECOND), int((second + 0.1) * SECOND)
        row["status"], row["flags"] = Status.OK, Flag.OTHER_VERSION if new else 0
    nothing = np.zeros(0, np.int64)
    merged = Merged(rows, len(rows), nothing, nothing, 0, ())
    happened = [
        Happening(what="", began="", ended="", began_ns=begin * SECOND, ended_ns=end * SECOND)
        for begin, end in (OUT, BACK)
    ]
    return versions_of(merged, 0, Rollout(old="1", new="2", window_s=1.0, rollback=rollback), *happened)


def test_either_may_answer_within_the_windows_only() -> None:
    found = account(
        (1, False), (2.5, True), (3.5, False), (4.5, True), (5.5, True), (6.5, False), (7.5, True), (8.5, False)
    )
    assert (found.early, found.mixed, found.kept, found.broken) == (0, 0, 0, ())
    assert (found.due_new, found.due_back) == (2, 1)
    assert found.switched_s == pytest.approx(1.6)


def test_what_is_out_of_order_is_counted() -> None:
    found = account((1, True), (4.5, False), (5.5, True), (8.5, True), (9.5, False))
    assert (found.early, found.mixed, found.kept) == (1, 1, 1)
    assert found.broken == ("window_s", "rollback")


def test_a_new_version_that_is_to_stay_must() -> None:
    assert account((4.5, True), (8.5, True), rollback=False).broken == ()
    assert account((4.5, True), (8.5, False), rollback=False).broken == ("rollback",)


def test_what_a_policy_cannot_mean() -> None:
    with pytest.raises(ValueError, match="both '1'"):
        Rollout(old="1", new="1")
    with pytest.raises(ValueError, match="longer than window_s"):
        Drill(name="d", fault=NoFault(), hold_s=2.0, rollout=Rollout(old="1", new="2", window_s=2.0))
    read = msgspec.convert({"from": "1", "to": "2"}, Rollout)
    assert (read.old, read.new, read.window_s, read.rollback) == ("1", "2", 2.0, True)
