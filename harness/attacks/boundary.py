"""Ways to the boundary between two decisions that more than one attack takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.attacks.search import RowSearch
from harness.attacks.space import Floats

# Of random points that look for another decision where no row with one is known.
_TRIES = 100
# Spreads of a cloud around the row where a feature has no range, in units.
_SPREADS = 2.0 ** np.arange(-2, 12)
# Known rows that are tried as a beginning: those that are nearest.
_BEGINNINGS = 5


def beginnings(search: RowSearch, rng: np.random.Generator) -> Floats:
    """Points with another decision, the nearest first; (0, free features) where none was found.

    Rows that are known to be decided otherwise are asked about again with what must not change put back; where none
    stays so, random ones are tried.

    Raises:
        QueriesSpent: before any was found.
    """
    space = search.space
    known = space.rows(space.point(search.known)) if len(search.known) else search.known
    nearest = known[np.argsort(space.distances(known, search.norm), kind="stable")][:_BEGINNINGS]
    points = space.point(nearest)
    if len(points) and len(found := points[search.differ(points)]):
        return found
    return _by_chance(search, rng)


def _by_chance(search: RowSearch, rng: np.random.Generator) -> Floats:
    origin, low, high = search.space.origin, search.space.low, search.space.high
    bounded = np.isfinite(low) & np.isfinite(high)
    for number in range(_TRIES):
        spread = _SPREADS[number % len(_SPREADS)]
        point: Floats = origin + spread * rng.standard_normal(len(origin))
        point[bounded] = rng.uniform(low[bounded], high[bounded])
        if search.differs(point):
            return point[None, :]
    return np.empty((0, len(origin)))


def margins(search: RowSearch, points: Floats) -> Floats:
    """By how much the decision on each point stays: above 0 where it does, below where it is another.

    Where there are scores it is the highest less the next, else 1. Of a point without an answer it is infinite.

    Raises:
        QueriesSpent: the limit is reached.
    """
    differ, answers = search.asked(points)
    gaps: Floats = np.ones(len(points))
    if answers.scores is not None and answers.scores.shape[1] > 1:
        ascending = np.sort(answers.scores, axis=1)
        gaps = np.nan_to_num(ascending[:, -1] - ascending[:, -2], nan=1.0)
    # A decision that is another is one, whatever its margin: scores may be equal.
    gaps = np.maximum(gaps, np.finfo(np.float64).tiny)
    missing = np.array([label is None for label in answers.labels], dtype=np.bool_)
    return np.where(missing, np.inf, np.where(differ, -gaps, gaps))


def bisected(differs: Callable[[float], bool], good: float, bad: float, tolerance: float) -> float:
    """A number near the edge for which ``differs`` still holds, from one for which it does and one for which not."""
    while abs(good - bad) > tolerance:
        middle = (good + bad) / 2
        if differs(middle):
            good = middle
        else:
            bad = middle
    return good


def straight(search: RowSearch, point: Floats, tolerance: float) -> Floats:
    """The point on the way from one with another decision to the row where the decision changes, on its far side.

    Args:
        search: of the row.
        point: with another decision.
        tolerance: as a share of the way.
    """
    origin = search.space.origin
    share = bisected(lambda part: search.differs(origin + part * (point - origin)), 1.0, 0.0, tolerance)
    return origin + share * (point - origin)
