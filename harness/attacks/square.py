"""An attack by scores that keeps every feature within a distance (Andriushchenko et al., Square Attack, 2020).

Blocks of features are set to the edge of the cube around the row, at random; what lowers the margin of the decision is
kept. Of a picture a block is a square, of a table some features. With another decision found, the cube becomes smaller.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from harness.attacks.boundary import margins, straight
from harness.attacks.search import RowSearch

# The share of features that is set at first, and at which share of the queries it halves (the paper's, of 10,000).
_FIRST = 0.8
_HALVES = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
_SMALLER = 0.9
_WAY = 2e-2


def square(limit: float) -> Callable[[RowSearch, np.random.Generator], None]:
    """The attack within ``limit`` of the row, in units."""

    def attack(search: RowSearch, rng: np.random.Generator) -> None:
        size = limit
        while size > 0 and len(search.space.origin):
            _within(search, size, rng)
            assert search.best is not None
            near = straight(search, search.space.point(search.best), _WAY)
            size = _SMALLER * float(np.abs(near - search.space.origin).max())

    return attack


def _within(search: RowSearch, size: float, rng: np.random.Generator) -> None:
    """Return once a row within ``size`` is decided otherwise."""
    origin = search.space.origin
    change = size * rng.choice([-1.0, 1.0], len(origin))
    margin = margins(search, (origin + change)[None, :])[0]
    while margin > 0:
        tried = change.copy()
        block = _block(search, rng)
        tried[block] = size * rng.choice([-1.0, 1.0])
        if search.space.shape is None:
            tried[block] = size * rng.choice([-1.0, 1.0], len(block))
        if (tried == change).all():
            tried[block] *= -1
        found = margins(search, (origin + tried)[None, :])[0]
        if found <= margin:
            change, margin = tried, found


def _block(search: RowSearch, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    used = search.queries / search.limit
    share = _FIRST / 2 ** sum(used > part for part in _HALVES)
    shape, count = search.space.shape, len(search.space.origin)
    if shape is None or not search.space.free.all():
        return rng.permutation(count)[: max(1, round(share * count))]
    height, width, channels = shape
    side = min(max(1, round(float(np.sqrt(share * height * width)))), height, width)
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    places = np.arange(count, dtype=np.intp).reshape(height, width, channels)
    found: npt.NDArray[np.intp] = places[top : top + side, left : left + side].reshape(-1)
    return found
