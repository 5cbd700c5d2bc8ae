"""Draws that belong together: repeats of one input, changed copies of it, rows of one person."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from harness.statistics.bootstrap import Indices


def whole(successes: Sequence[bool], clusters: Sequence[Hashable]) -> tuple[int, int]:
    """How many clusters succeed in all of their draws, of how many: each is one independent draw.

    Raises:
        ValueError: not one cluster for each draw.
    """
    _check(successes, clusters)
    held: dict[Hashable, bool] = {}
    for success, cluster in zip(successes, clusters, strict=True):
        held[cluster] = held.get(cluster, True) and success
    return sum(held.values()), len(held)


def means(values: Sequence[float], clusters: Sequence[Hashable]) -> list[float]:
    """The mean of each cluster, in the order in which they first occur.

    Raises:
        ValueError: not one cluster for each draw.
    """
    _check(values, clusters)
    return [float(np.mean([values[place] for place in members])) for members in indices(clusters)]


def indices(clusters: Sequence[Hashable]) -> list[Indices]:
    """Indices of the draws of each cluster, in the order in which they first occur."""
    found: dict[Hashable, list[int]] = {}
    for place, cluster in enumerate(clusters):
        found.setdefault(cluster, []).append(place)
    return [np.array(members, dtype=np.intp) for members in found.values()]


def _check(values: Sequence[object], clusters: Sequence[Hashable]) -> None:
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} draws and {len(clusters)} clusters: one for each draw is needed")
