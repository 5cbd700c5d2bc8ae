"""A linear model: every distance to its boundary is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from harness.attacks.search import Answers, RowSearch
from harness.attacks.space import Floats, Norm, Space, box

FEATURES = 20


@dataclass
class Linear:
    """Decides by the side of a hyperplane; notes every row that it is asked about.

    Attributes:
        refuses: values of the first feature above this get no answer.
    """

    weights: Floats
    bias: float
    scored: bool = True
    refuses: float = np.inf
    rows: list[Floats] = field(default_factory=list)

    def __call__(self, rows: Floats) -> Answers:
        self.rows += list(rows)
        sure = rows @ self.weights + self.bias
        labels = [None if row[0] > self.refuses else str(int(each > 0)) for row, each in zip(rows, sure, strict=True)]
        chance = 1 / (1 + np.exp(-np.clip(sure, -50, 50)))
        return Answers(labels, np.stack([1 - chance, chance], axis=1) if self.scored else None)

    def margin(self, row: Floats, norm: Norm = "l2") -> float:
        """How far the boundary is."""
        length = np.abs(self.weights).sum() if norm == "linf" else np.linalg.norm(self.weights)
        return float(abs(row @ self.weights + self.bias) / length)


def linear(seed: int, features: int = FEATURES, **changed: object) -> Linear:
    """A model by chance."""
    rng = np.random.default_rng([9, seed])
    return Linear(rng.standard_normal(features), float(rng.standard_normal()), **changed)  # type: ignore[arg-type]


def search_of(model: Linear, seed: int, norm: Norm = "l2", limit: int = 600, space: Space | None = None) -> RowSearch:
    """Around a row by chance, knowing twenty rows by chance."""
    rng = np.random.default_rng([8, seed])
    rows = rng.uniform(-1, 1, (21, len(model.weights)))
    # Near its boundary by no means, and not so far that its range holds no other decision.
    start = rows[0] if space is None else space.start
    decision = str(int(start @ model.weights + model.bias > 0))
    others = rows[1:][(rows[1:] @ model.weights + model.bias > 0) != (decision == "1")]
    return RowSearch(model, space or box(start, -4, 4), decision, others, norm, limit)
