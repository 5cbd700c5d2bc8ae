"""What a model's answers give away of it: a copy trained on them, its training rows, how exact its scores are.

Indicators, not bounds: another copy, or another way to guess, may do better than those that are tried here.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from harness.attacks.space import Bools, Floats, Space
from harness.statistics.bootstrap import Indices, bootstrap
from harness.statistics.decision import Interval

_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Copy:
    """A model trained on answers, and how often it agrees with the model on rows that it was not trained on.

    Attributes:
        kind: of the model: the one that agrees most with itself across folds of the answers it was trained on.
        trained_on: answers.
        agreed, rows: on how many of the rows held out it says the same.
        constant: on how many of them the most frequent answer would be the same.
    """

    kind: str
    trained_on: int
    agreed: int
    rows: int
    constant: int


def questions(space: Space, known: Floats, count: int, rng: np.random.Generator) -> tuple[Floats, Indices]:
    """Rows to ask about, (count, features), each between two that are known; and which the first of the two is.

    Args:
        space: of any row; its features that do not change are taken from the known rows.
        known: (rows, features).
        count: how many.
        rng: draws them.
    """
    first = rng.integers(len(known), size=count)
    one, two = known[first], known[rng.integers(len(known), size=count)]
    share = rng.random((count, 1))
    mixed = np.where(space.free, one + share * (two - one), one)
    mixed[:, space.whole] = np.rint(mixed[:, space.whole])
    mixed = np.clip(mixed, space.lower, space.upper).astype(space.dtype).astype(np.float64)
    fits = space.allowed(mixed)
    return mixed[fits], first[fits].astype(np.intp)


def copied(
    asked: Floats, said: Sequence[str], held_out: Floats, held_out_said: Sequence[str], seed: int
) -> Copy:  # fmt: skip
    """Train copies on the answers, take the best of them by those answers alone, and see how often it agrees.

    Raises:
        ImportError: without scikit-learn (extra ``accuracy``).
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- an extra, and slow to import
    from sklearn.model_selection import KFold, cross_val_score  # noqa: PLC0415
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    counts, right = Counter(said), np.array(held_out_said)
    usual = counts.most_common(1)[0][0]
    constant = int((right == usual).sum())
    if len(counts) < 2 or len(said) < _FOLDS:
        return Copy("always the same", len(said), constant, len(right), constant)
    kinds = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        "decision tree": DecisionTreeClassifier(random_state=seed),
        "neural network": make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=300, random_state=seed)),
    }
    labels, folds = np.array(said), KFold(_FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of training that has not ended, and of folds that hold one class only: such a copy is just a bad one.
        warnings.simplefilter("ignore")
        agreeing = {
            name: float(np.mean(cross_val_score(each, asked, labels, cv=folds, error_score=0.0)))
            for name, each in kinds.items()
        }
        best = max(agreeing, key=lambda name: agreeing[name])
        guessed = kinds[best].fit(asked, labels).predict(held_out)
    return Copy(best, len(said), int((guessed == right).sum()), len(right), constant)


@dataclass(frozen=True, slots=True)
class Exactness:
    """How much of its scores a model tells.

    Attributes:
        classes: scores in an answer.
        digits: most significant decimal digits of one of them, as it was sent.
        distinct: different vectors of scores.
        answers: with scores.
    """

    classes: int
    digits: int
    distinct: int
    answers: int


def exactness(scores: Floats, *, single: bool = False) -> Exactness:
    """What (answers, classes) scores tell; ``single``: they are of 32 bits, and written as such."""
    values = scores.astype(np.float32) if single else scores
    digits = max((_digits(each) for each in np.unique(values)), default=0)
    return Exactness(scores.shape[1], digits, len(np.unique(values, axis=0)), len(scores))


def _digits(value: np.floating[npt.NBitBase]) -> int:
    """Significant digits of the shortest decimal that is the number."""
    if not np.isfinite(value) or value == 0:
        return 0
    return len(Decimal(np.format_float_positional(value, unique=True)).normalize().as_tuple().digits)


def told_apart(members: Floats, others: Floats, seed: int, confidence: float = 0.95) -> tuple[float, Interval]:
    """How well the highest score tells rows of the training data from others: the area under the curve, and bounds.

    Args:
        members, others: the highest score of each row.
        seed: of the bootstrap.
        confidence: of either bound alone.
    """
    values = np.concatenate([members, others])
    member: Bools = np.arange(len(values)) < len(members)

    def area(chosen: Indices) -> float:
        return _area(values[chosen], member[chosen])

    everything = np.arange(len(values), dtype=np.intp)
    return area(everything), bootstrap(area, len(values), confidence=confidence, seed=seed)


def _area(values: Floats, member: Bools) -> float:
    """The share of pairs in which the member has the higher value; equal ones count half."""
    inside, outside = values[member], np.sort(values[~member])
    if not len(inside) or not len(outside):
        return float("nan")
    below, up_to = np.searchsorted(outside, inside, "left"), np.searchsorted(outside, inside, "right")
    return float((below + up_to).mean() / (2 * len(outside)))
