"""The search around one row: who may ask how often, what was asked, and the nearest row that is decided otherwise."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from harness.attacks.space import Bools, Floats, Norm, Space

# Rows that break a relation cost no query: a search that finds no others would never end.
_MOST_LEFT_OUT = 20


class QueriesSpent(Exception):
    """A search has asked as often as it may."""


class Answers(NamedTuple):
    """What the model says of some rows: a decision each, None where there is no answer, and scores (rows, classes)."""

    labels: Sequence[str | None]
    scores: Floats | None = None


class Oracle(Protocol):
    """A model behind an endpoint: rows (rows, features) in, answers out; each row is one query."""

    def __call__(self, rows: Floats, /) -> Answers: ...


class Nearer(NamedTuple):
    """After so many queries, the nearest row with another decision was so far away."""

    queries: int
    distance: float


@dataclass(slots=True)
class RowSearch:
    """The ledger of one row. Every query is counted before it is sent, and the nearest row is kept whenever it ends.

    Attributes:
        oracle: who is asked.
        space: the row, and where the search may go.
        decision: of the model on the row as it is; any other is a success.
        known: rows that the model is known to decide otherwise, (rows, features); where searches may begin.
        norm: of the distance that the search makes small.
        limit: most queries.
        queries: sent so far.
        unanswered: of them, those without an answer; such a row is no success.
        left_out: rows that no query was spent on, since they break a relation.
        best: the nearest row with another decision; None where none was seen.
        distance: of it; infinite where there is none.
        steps: each time it became nearer.
    """

    oracle: Oracle
    space: Space
    decision: str
    known: Floats
    norm: Norm
    limit: int
    queries: int = 0
    unanswered: int = 0
    left_out: int = 0
    best: Floats | None = None
    distance: float = float("inf")
    steps: list[Nearer] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Queries that may still be sent."""
        return self.limit - self.queries

    def differ(self, points: Floats) -> Bools:
        """Which of the points (points, free features) are decided otherwise.

        Raises:
            QueriesSpent: the limit is reached; rows up to it were asked.
        """
        found, _ = self.asked(points)
        return found

    def differs(self, point: Floats) -> bool:
        """Whether one point is decided otherwise."""
        return bool(self.differ(point[None, :])[0])

    def asked(self, points: Floats) -> tuple[Bools, Answers]:
        """As :meth:`differ`, with the answers; rows that break a relation have none.

        Raises:
            QueriesSpent: the limit is reached; rows up to it were asked.
        """
        rows = self.space.rows(points)
        sent = np.flatnonzero(self.space.allowed(rows))
        self.left_out += len(rows) - len(sent)
        if self.left_out > _MOST_LEFT_OUT * self.limit:
            raise QueriesSpent
        now = sent[: self.left]
        answers = self._ask(rows[now])
        other = np.array([label is not None and label != self.decision for label in answers.labels], dtype=np.bool_)
        if len(now) < len(sent):
            raise QueriesSpent
        differ = np.zeros(len(rows), dtype=np.bool_)
        differ[sent] = other
        return differ, _spread(answers, sent, len(rows))

    def _ask(self, rows: Floats) -> Answers:
        if not len(rows):
            return Answers([], None)
        before = self.queries
        self.queries += len(rows)
        answers = self.oracle(rows)
        distances = self.space.distances(rows, self.norm)
        for place, label in enumerate(answers.labels):
            self.unanswered += label is None
            if label not in (None, self.decision) and distances[place] < self.distance:
                self.distance, self.best = float(distances[place]), rows[place]
                self.steps.append(Nearer(before + place + 1, self.distance))
        return answers


def _spread(answers: Answers, sent: npt.NDArray[np.intp], count: int) -> Answers:
    """Answers at the places of the rows that were asked for, among all of them."""
    labels: list[str | None] = [None] * count
    for place, label in zip(sent.tolist(), answers.labels, strict=True):
        labels[place] = label
    if answers.scores is None:
        return Answers(labels, None)
    scores = np.full((count, answers.scores.shape[1]), np.nan)
    scores[sent] = answers.scores
    return Answers(labels, scores)


Attack = Callable[[RowSearch, np.random.Generator], None]
"""Makes the distance of a search small until it has nothing more to try, or raises :class:`QueriesSpent`."""


def carry_out(attack: Attack, search: RowSearch, rng: np.random.Generator) -> None:
    """Let an attack search until it ends by itself or its queries are spent; what it found is in the search."""
    with contextlib.suppress(QueriesSpent):
        attack(search, rng)
