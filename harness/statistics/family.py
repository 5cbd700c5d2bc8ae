"""Several criteria at once: that none is supported by chance, with one probability for all of them (Holm 1979)."""

from __future__ import annotations

from collections.abc import Sequence


def holm(chances: Sequence[float]) -> list[float]:
    """P-values adjusted for their number, in the order given: below alpha, and the family errs with alpha at most.

    No independence is supposed. A p-value that is no number counts as 1.

    Args:
        chances: p-values, one for each criterion.
    """
    known = [chance if chance == chance else 1.0 for chance in chances]  # noqa: PLR0124 -- NaN
    adjusted = [1.0] * len(known)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(known)), key=known.__getitem__)):
        largest = max(largest, min(1.0, (len(known) - place) * known[index]))
        adjusted[index] = largest
    return adjusted
