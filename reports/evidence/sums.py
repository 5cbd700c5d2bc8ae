"""Numbers of the pages that are counted or added up from the rest of the document, so that they stand in it as well."""

from __future__ import annotations

from harness.bundle.drills import TallySeen
from reports.evidence.record import Record


class StretchSums(Record, frozen=True, kw_only=True):
    """Requests that were due within a stretch of a run of load."""

    begin_s: float
    end_s: float
    offered: int
    answered: int
    bad: int
    wrong: int


class LoadSums(Record, frozen=True, kw_only=True):
    """A run of load: as a whole, and in stretches, which are the phases of a drill, or of equal length."""

    check: str | None
    run: str
    whole: StretchSums
    stretches: list[StretchSums]


class DutySums(Record, frozen=True, kw_only=True):
    """The checks that serve a duty: those that passed by the kind of their evidence.

    ``validated`` of ``slugs`` different checks were shown to fail on a seeded fault.
    """

    duty: str
    passed: dict[str, int]
    validated: int
    slugs: int


class BinBounds(Record, frozen=True, kw_only=True):
    """Wilson's bounds on a share, to six digits."""

    lower: float
    upper: float


class Sums(Record, frozen=True, kw_only=True):
    """All of them; :mod:`reports.document.sums` makes them, and whoever verifies makes them again.

    Attributes:
        duty_states: duties by their state.
        duties: of each duty that a check serves.
        drawn: how often the searches drew each kind of value.
        load: of each run of load, in the order of the document.
        accounts: all phases together, of each repetition that has an account, in the order of the document.
        bins: of the bins of each table of labelled data.
    """

    duty_states: dict[str, int]
    duties: list[DutySums]
    drawn: dict[str, int]
    load: list[LoadSums]
    accounts: list[TallySeen]
    bins: list[list[BinBounds]]
