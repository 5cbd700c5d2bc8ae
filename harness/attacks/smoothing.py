"""A radius within which a decision by majority under noise cannot change (Cohen, Rosenfeld and Kolter, 2019).

What is certified is the *smoothed* model: whoever asks about the row with Gaussian noise many times and takes the
decision of the majority. Of a single answer of the endpoint it says nothing.

Noise is not clipped to the range of a feature. Values that are cut after the noise was added are a function in front of
the model: a radius holds then too, but of a model with that function in front, and nobody serves that one. An endpoint
that cuts values itself has it, and is certified with it. One that refuses them is certified as it is, too: a row
without an answer counts against the decision. Features that are whole are rounded, since the model takes nothing else:
there the rounding is a part of what is certified.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from harness.attacks.search import Oracle
from harness.attacks.space import Space
from harness.statistics.binomial import clopper_pearson


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How a radius is certified.

    Attributes:
        sigma: standard deviation of the noise on each free feature, in units.
        select: draws that say which decision it is about (n0).
        estimate: draws that bound how likely it is (n).
        alpha: with which probability at most a radius may be too large.
    """

    sigma: float
    select: int
    estimate: int
    alpha: float

    @property
    def queries(self) -> int:
        """Of one row."""
        return self.select + self.estimate


@dataclass(frozen=True, slots=True)
class Certificate:
    """What noise around one row shows.

    Attributes:
        decision: of the smoothed model; None where it abstains.
        radius: in units, L2 over the free features; 0 where it abstains.
        agreed, draws: how often the estimate got the decision.
        lower: bound on how likely it is, with confidence 1 - alpha.
        missing: of the draws of the estimate, those without an answer; they count against the decision.
    """

    decision: str | None
    radius: float
    agreed: int
    draws: int
    lower: float
    missing: int


def certify(oracle: Oracle, space: Space, noise: Smoothing, rng: np.random.Generator) -> Certificate:
    """CERTIFY of the paper: the decision from draws of their own, its bound from others.

    Relations between features are not looked at: a draw that is left out would have another decision, or none.
    """
    first = Counter(label for label in _drawn(oracle, space, noise.sigma, noise.select, rng) if label is not None)
    if not first:
        return Certificate(None, 0.0, 0, 0, 0.0, 0)
    top = min(first, key=lambda label: (-first[label], label))
    labels = _drawn(oracle, space, noise.sigma, noise.estimate, rng)
    agreed, missing = labels.count(top), labels.count(None)
    lower = clopper_pearson(agreed, noise.estimate, 1 - noise.alpha).lower
    if lower <= 0.5:
        return Certificate(None, 0.0, agreed, noise.estimate, lower, missing)
    return Certificate(top, noise.sigma * float(ndtri(lower)), agreed, noise.estimate, lower, missing)


def _drawn(oracle: Oracle, space: Space, sigma: float, count: int, rng: np.random.Generator) -> list[str | None]:
    points = space.origin + sigma * rng.standard_normal((count, len(space.origin)))
    return list(oracle(space.rows(points, clip=False)).labels)
