"""Relations between columns that a valid row keeps: ``a + b <= c``, with names of columns and numbers."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Longer ones first: "<=" holds "<".
_SIGNS = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class RowRelation:
    """Two sums and how they compare.

    Attributes:
        text: as the policy has it.
        left, right: terms of the sums, names of columns or numbers.
        sign: between them.
    """

    text: str
    left: tuple[str | float, ...]
    sign: str
    right: tuple[str | float, ...]

    @property
    def names(self) -> set[str]:
        """The columns that it is about."""
        return {term for term in (*self.left, *self.right) if isinstance(term, str)}

    def holds(self, columns: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.bool_]:
        """Whether each row keeps it."""
        found: npt.NDArray[np.bool_] = _SIGNS[self.sign](_sum(self.left, columns), _sum(self.right, columns))
        return found


def read_relation(text: str) -> RowRelation:
    """A relation as a policy writes it; terms and signs stand apart by spaces.

    Raises:
        ValueError: it is none.
    """
    for sign in _SIGNS:
        left, found, right = text.partition(f" {sign} ")
        if found:
            break
    else:
        raise ValueError(f"{text!r} is no relation: write a <= b, or a + b < 10, with spaces about each sign")
    return RowRelation(text, _terms(left, text), sign, _terms(right, text))


def _terms(side: str, text: str) -> tuple[str | float, ...]:
    terms = [term.strip() for term in side.split(" + ")]
    if not all(terms) or any(f" {sign} " in f" {side} " for sign in _SIGNS):
        raise ValueError(f"{text!r} is no relation: one sign, and a name of a column or a number on each side of it")
    return tuple(_term(each) for each in terms)


def _term(word: str) -> str | float:
    try:
        return float(word)
    except ValueError:
        return word


def _sum(terms: tuple[str | float, ...], columns: Mapping[str, npt.NDArray[np.float64]]) -> Any:  # noqa: ANN401 -- a number or an array
    return sum(term if isinstance(term, float) else columns[term] for term in terms)
