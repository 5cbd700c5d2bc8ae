"""What can be said of a clause, a check and a duty.

A check has a :class:`Verdict`, an element of a lattice that is combined by maximum; nothing observed is
``untestable``, never a pass. A duty of Article 15 has a :class:`DutyState`: it is supported or contradicted by
named observations, and never "passed".
"""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Verdict(enum.StrEnum):
    """The lattice of check verdicts, weakest first; ``max`` by :attr:`rank` combines them."""

    NOT_APPLICABLE = "not_applicable"
    PASS = "pass"
    WARN = "warn"
    UNTESTABLE = "untestable"
    INCONCLUSIVE = "inconclusive"
    TOOL_ERROR = "tool_error"
    FAIL = "fail"

    @property
    def rank(self) -> int:
        """Position in the lattice, 0 for ``not_applicable``."""
        return _ORDER.index(self)


_ORDER = tuple(Verdict)


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of several observations together: their maximum; of none at all, ``untestable``."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.UNTESTABLE)


class Level(enum.StrEnum):
    """How strongly the specification speaks, and so how a violation counts."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"
    AMBIGUOUS = "ambiguous"

    @property
    def violation(self) -> Verdict:
        """What a broken clause of this level amounts to.

        Outside every outcome that an ambiguous clause lists is at most a warning; what is merely allowed can be
        observed, but not broken.
        """
        return _VIOLATION[self]


_VIOLATION = {
    Level.MUST: Verdict.FAIL,
    Level.SHOULD: Verdict.WARN,
    Level.AMBIGUOUS: Verdict.WARN,
    Level.MAY: Verdict.PASS,
}


class DutyState(enum.StrEnum):
    """What a run can say of one duty of Article 15."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTED = "not_tested"
    NOT_TESTABLE_FROM_OUTSIDE = "not_testable_from_outside"
    DECLARED_NOT_APPLICABLE = "declared_not_applicable"
