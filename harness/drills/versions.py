"""Which version answered when, in a drill that rolls one out: before the change, after it, and after the rollback."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.drills.declared import Rollout
from harness.drills.faults.fault import Happening
from harness.load.analysis.percentiles import NANO
from harness.load.records.rows import Flag, Merged, Status

MIXED, KEPT = "window_s", "rollback"
"""Names of what can be broken, as in ``broken`` of a repetition."""


@dataclass(frozen=True, slots=True)
class VersionAccount:
    """Right answers by version; those within a window may be of either.

    Attributes:
        early: of the new version, before anything was changed.
        due_new, mixed: answers that were due from the new version, and those of them that the old one gave.
        due_back, kept: answers after the window of the rollback, and those that the wrong version gave.
        switched_s: from the change to the last answer of the old version before the rollback; None without one.
    """

    early: int
    due_new: int
    mixed: int
    due_back: int
    kept: int
    switched_s: float | None

    @property
    def broken(self) -> tuple[str, ...]:
        """What did not hold."""
        return tuple(name for name, count in ((MIXED, self.mixed), (KEPT, self.kept)) if count)


def versions_of(
    merged: Merged, start_ns: int, rollout: Rollout, injected: Happening, reverted: Happening
) -> VersionAccount:
    """Hold every right answer against the version that was due when its request was intended.

    Args:
        merged: records of all workers; answers of the new version have a flag.
        start_ns: beginning of the load.
        injected, reverted: when the new version was rolled out, and rolled back.
    """
    rows = merged.rows[merged.rows["status"] == Status.OK]
    new = (rows["flags"] & Flag.OTHER_VERSION) != 0
    begins, ends = rows["intended"] * NANO, rows["done"] * NANO
    out, out_done, back, back_done = (
        (at - start_ns) * NANO for at in (injected.began_ns, injected.ended_ns, reverted.began_ns, reverted.ended_ns)
    )
    due_new = (begins >= out_done + rollout.window_s) & (ends <= back)
    after = begins >= back_done + rollout.window_s
    wrong_after = new if rollout.rollback else ~new
    old = ends[~new & (ends > out) & (ends <= back)]
    return VersionAccount(
        early=int(np.count_nonzero(new & (ends < out))),
        due_new=int(np.count_nonzero(due_new)),
        mixed=int(np.count_nonzero(due_new & ~new)),
        due_back=int(np.count_nonzero(after)),
        kept=int(np.count_nonzero(after & wrong_after)),
        switched_s=float(old.max() - out) if len(old) else None,
    )
