"""Several criteria at once: that none is supported by chance, with one probability for all of them (Holm 1979)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.statistics.decision import Decision


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


def decided_together(chances: Sequence[tuple[float, float]], confidence: float) -> list[Decision]:
    """The decision rule for limits that are decided together.

    Args:
        chances: for each limit the p-value of what was seen if the quantity were beyond it, and if it were within.
        confidence: of all decisions of either kind together.
    """
    # Rounding must not decide where a p-value is just as small as it has to be.
    alpha = (1 - confidence) * (1 + 1e-9)
    within, beyond = holm([each for each, _ in chances]), holm([each for _, each in chances])
    return [
        "supports" if inside <= alpha else "contradicts" if outside <= alpha else "inconclusive"
        for inside, outside in zip(within, beyond, strict=True)
    ]
