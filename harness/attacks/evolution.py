"""A search among valid rows of a table: only what may change changes, and every row that is asked about is valid.

An evolutionary search after MoEvA2 (Simonetto et al., A unified framework for adversarial attack and defense in
constrained feature space, 2022): rows with another decision are crossed with each other and with the row itself, and
those that are decided otherwise and nearest live on; where there are scores, the smallest margin comes next.
"""

from __future__ import annotations

import numpy as np

from harness.attacks.boundary import beginnings, margins, straight
from harness.attacks.search import RowSearch
from harness.attacks.space import Floats

_PARENTS, _CHILDREN = 5, 5
# How much a child differs from its parent: as a share of the features, or of the distance to the row.
_SIZES = (0.3, 0.1, 0.03, 0.01)
_WAY = 0.02


def evolution(search: RowSearch, rng: np.random.Generator) -> None:
    """Search until the queries are spent; ends early where no valid row with another decision was found.

    Raises:
        QueriesSpent: always, but for that.
    """
    found = beginnings(search, rng)[:_PARENTS]
    if not len(found) or not len(search.space.origin):
        return
    parents: Floats = np.array([straight(search, each, _WAY) for each in found])
    ranks = _ranks(search, parents)
    while True:
        children = np.array([_child(search, parents, rng) for _ in range(_CHILDREN)])
        points = np.concatenate([parents, children])
        ranked = np.concatenate([ranks, _ranks(search, children)])
        order = np.lexsort((ranked[:, 1], ranked[:, 0]))[:_PARENTS]
        parents, ranks = points[order], ranked[order]


def _ranks(search: RowSearch, points: Floats) -> Floats:
    """(points, 2), less is better: other decisions first, by their distance; then by the margin of the decision."""
    margin = margins(search, points)
    distances = search.space.distances(search.space.rows(points), search.norm)
    return np.stack([(margin > 0).astype(np.float64), np.where(margin > 0, margin, distances)], axis=1)


def _child(search: RowSearch, parents: Floats, rng: np.random.Generator) -> Floats:
    """A point made of one parent, or of two, that is mostly a little nearer to the row."""
    origin = search.space.origin
    # The best comes first, and is chosen most often.
    one, two = (parents[min(int(rng.exponential(1.5)), len(parents) - 1)] for _ in range(2))
    child: Floats = np.where(rng.random(len(origin)) < rng.random(), two, one)
    gap = child - origin
    way = rng.integers(3)
    if way == 0:
        # A few features go back to what they were: what is changed without need.
        gap = np.where(rng.random(len(origin)) < rng.choice(_SIZES), 0.0, gap)
    elif way == 1:
        # Sideways, by a share of the distance.
        aside = rng.standard_normal(len(origin)) / np.sqrt(len(origin))
        gap = gap + rng.choice(_SIZES) * float(np.linalg.norm(gap)) * aside
    return origin + (1 - rng.choice(_SIZES)) * gap  # type: ignore[no-any-return]
