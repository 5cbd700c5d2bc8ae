"""What a valid row is, and changes held to it: immutable features stay, whole ones are whole, ranges hold."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.data.features import FeatureTable
from harness.robustness.declared import DomainTable
from harness.robustness.relations import RowRelation, read_relation

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Domain:
    """The valid rows of a feature table.

    Attributes:
        features: whose values a row is.
        lower, upper: of each feature; infinite where no range is declared.
        immutable, whole: whether a feature is.
        relations: that a valid row keeps.
        declared: whether the policy says anything of it.
    """

    features: FeatureTable
    lower: Floats
    upper: Floats
    immutable: Bools
    whole: Bools
    relations: tuple[RowRelation, ...]
    declared: bool

    @property
    def width(self) -> Floats:
        """Of the range of each feature; infinite where none is declared."""
        return self.upper - self.lower

    def valid(self, rows: Floats) -> Bools:
        """Whether each row (n, features) is valid."""
        whole = (rows[:, self.whole] == np.round(rows[:, self.whole])).all(axis=1)
        inside = ((rows >= self.lower) & (rows <= self.upper)).all(axis=1)
        found: Bools = np.isfinite(rows).all(axis=1) & whole & inside & self.related(rows)
        return found

    def related(self, rows: Floats) -> Bools:
        """Whether each row (n, features) keeps the relations."""
        columns = dict(zip(self.features.names, rows.T, strict=True))
        found = np.ones(len(rows), dtype=np.bool_)
        for relation in self.relations:
            found &= relation.holds(columns)
        return found

    def held(self, rows: Floats, changed: Floats) -> Floats:
        """Changed rows led back towards valid rows that they were made of; relations may be broken all the same.

        No feature gets further away from its value before: a bound on a norm of the change still holds.

        Args:
            rows: before, valid.
            changed: of the same shape.
        """
        found = np.where(self.immutable, rows, changed)
        # Towards the row: rounding to the nearest could go beyond what was allowed to change.
        found[:, self.whole] = rows[:, self.whole] + np.trunc(found[:, self.whole] - rows[:, self.whole])
        return np.clip(found, self.lower, self.upper)


def domain_of(table: DomainTable, features: FeatureTable) -> Domain:
    """The domain that a policy declares for a feature table.

    Raises:
        NoFeature: it names one that there is not.
    """
    count = len(features.names)
    lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
    ranges = {} if table.image is None else {"*": table.image.range}
    # A range of one feature goes before that of its input, and this one before that of every one.
    named = sorted((ranges | table.range).items(), key=lambda each: -len(features.places([each[0]])))
    for name, (least, most) in named:
        at = features.places([name])
        lower[at], upper[at] = least, most
    relations = tuple(map(read_relation, table.relations))
    features.places(sorted(itertools.chain.from_iterable(each.names for each in relations)))
    immutable, whole = np.zeros(count, dtype=bool), np.array([each.whole for each in features.features], dtype=bool)
    immutable[features.places(table.immutable)] = True
    whole[features.places(table.integer)] = True
    return Domain(features, lower, upper, immutable, whole, relations, declared=not table.empty)
