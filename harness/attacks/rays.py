"""An attack by decisions alone that makes the largest change of any feature small (Chen and Gu, RayS, 2020).

A ray goes from the row to a corner of the cube around it. Signs of whole blocks of features are turned, blocks that
halve from round to round; a turned ray is kept where it is decided otherwise nearer to the row.
"""

from __future__ import annotations

import numpy as np

from harness.attacks.boundary import beginnings, bisected
from harness.attacks.search import RowSearch
from harness.attacks.space import Floats

# Of the distance, what a bisection leaves open.
_TOLERANCE = 1e-2


def rays(search: RowSearch, rng: np.random.Generator) -> None:
    """Search until the queries are spent; ends early where no ray from the row is decided otherwise.

    Raises:
        QueriesSpent: always, but for that.
    """
    origin = search.space.origin
    found = beginnings(search, rng)
    if not len(found) or not len(origin):
        return
    signs, length = _first(search, found[0])
    blocks, order = 1, np.arange(len(origin))
    while np.isfinite(length) and length > 0:
        for block in np.array_split(order, min(blocks, len(origin))):
            turned = signs.copy()
            turned[block] *= -1
            shorter = _shorter(search, turned, length)
            if shorter < length:
                signs, length = turned, shorter
        blocks *= 2
        if blocks >= 2 * len(origin):
            # After blocks of one feature, once more from larger ones, otherwise cut.
            blocks, order = 2, rng.permutation(len(origin))


def _first(search: RowSearch, point: Floats) -> tuple[Floats, float]:
    """The ray nearest to a point with another decision, and its length; infinite where the ray never leaves it."""
    gap = point - search.space.origin
    signs = np.where(gap < 0, -1.0, 1.0)
    length = float(np.abs(gap).max())
    for _ in range(12):
        if search.differs(search.space.origin + length * signs):
            return signs, _shorter(search, signs, length * (1 + 1e-9))
        length *= 1.5
    return signs, np.inf


def _shorter(search: RowSearch, signs: Floats, length: float) -> float:
    """How far along a ray the decision changes, where that is nearer than ``length``; else ``length``."""
    origin = search.space.origin
    near = length * (1 - _TOLERANCE)
    if not search.differs(origin + near * signs):
        return length
    return bisected(lambda far: search.differs(origin + far * signs), near, 0.0, _TOLERANCE * length)
