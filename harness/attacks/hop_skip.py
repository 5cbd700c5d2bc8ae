"""An attack by decisions alone that makes the L2 distance small: HopSkipJump, with fewer queries for each step.

From a point just across the boundary, probes around it tell the boundary's normal (Chen, Jordan and Wainwright,
HopSkipJumpAttack, 2020). Three things are done otherwise, since each saves queries. The normal is the least-squares
solution of all probes so far, where older ones count less, and not the mean of the last ones. Probes are orthogonal to
each other. The next point lies on the half circle over the way to the row, in the plane of that way and the normal:
on it lies the nearest point of any boundary that is straight (Reza et al., CGBA, 2023).
"""

from __future__ import annotations

import math

import numpy as np

from harness.attacks.boundary import beginnings, bisected, straight
from harness.attacks.search import RowSearch
from harness.attacks.space import Floats

# Probes of the first step, and how their number grows with the steps.
_PROBES, _GROWTH = 15, 0.3
# Features up to which the normal is a least-squares solution, whose matrix has as many rows and columns. Of more
# features probes are so few beside the directions that their mean is all but the same.
_SOLVED = 1024
# How far out probes are, as a share of the distance to the row.
_REACH = 0.3
# What an earlier probe counts for, a step later; and what keeps the normal defined while probes are few.
_MEMORY, _RIDGE = 0.9, 1.0
_ANGLE, _FIRST_WAY, _WAY = 0.02, 1e-2, 1e-3
# Along the half circle an end is never looked for on the line itself; a look along it costs ten queries.
_STRAIGHT_EVERY = 3


def hop_skip(search: RowSearch, rng: np.random.Generator) -> None:
    """Search until the queries are spent; ends early where no other decision was found, or the row is reached.

    Raises:
        QueriesSpent: always, but for these.
    """
    origin = search.space.origin
    found = beginnings(search, rng)
    if not len(found) or not len(origin):
        return
    here = straight(search, found[0], _FIRST_WAY)
    told: Floats = np.zeros(len(origin))
    weights: Floats = _RIDGE * np.eye(len(origin) if len(origin) <= _SOLVED else 0)
    step = 0
    while (reach := _REACH * float(np.linalg.norm(here - origin))) > 0:
        step += 1
        probes = _orthogonal(int(_PROBES * step**_GROWTH), len(origin), rng)
        signs = np.where(search.differ(here + reach * probes), 1.0, -1.0)
        if abs(signs.mean()) < 1:
            signs = signs - signs.mean()
        told = _MEMORY * told + probes.T @ signs
        normal: Floats = told
        if len(weights):
            weights = _MEMORY * weights + probes.T @ probes + (1 - _MEMORY) * _RIDGE * np.eye(len(origin))
            normal = np.linalg.solve(weights, told).astype(np.float64)
        here = _round(search, here, normal)
        if step % _STRAIGHT_EVERY == 0:
            here = straight(search, here, _WAY)


def _orthogonal(count: int, size: int, rng: np.random.Generator) -> Floats:
    """Random unit vectors, orthogonal to each other as far as there are dimensions."""
    if size > _SOLVED:
        found: Floats = np.linalg.qr(rng.standard_normal((size, min(count, size))))[0].T
        return found
    blocks = [np.linalg.qr(rng.standard_normal((size, size)))[0] for _ in range(math.ceil(count / size))]
    return np.concatenate(blocks)[:count]


def _round(search: RowSearch, here: Floats, normal: Floats) -> Floats:
    """The last point with another decision on the half circle from a point towards the row."""
    origin = search.space.origin
    radius = float(np.linalg.norm(here - origin))
    along = (here - origin) / radius
    across = normal - (normal @ along) * along
    length = float(np.linalg.norm(across))
    if length == 0:
        return here
    across /= length

    def at(angle: float) -> Floats:
        return origin + radius * np.cos(angle) * (np.cos(angle) * along + np.sin(angle) * across)  # type: ignore[no-any-return]

    return at(bisected(lambda angle: search.differs(at(angle)), 0.0, math.pi / 2, _ANGLE))
