"""Checks and catalogue must fit one another; each way in which they do not has its message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

import pytest

from harness.clauses import Catalogue, CatalogueError, Clause, cross_check, load
from harness.verdicts import Level


@dataclass(frozen=True)
class Stub:
    """The part of a check that is looked at."""

    slug: str = "rest-live-answers-200"
    clauses: tuple[str, ...] = ("REST-HEALTH-01",)
    duties: tuple[str, ...] = ()
    builtin: bool = True


BOTH = [Stub(), Stub("rest-ready-answers-200", ("REST-HEALTH-02",), ("A15-4-i",))]


@pytest.fixture
def catalogue() -> Catalogue:
    """Two MUST clauses that need checks, one with a reason, one SHOULD without."""
    ids = ("REST-HEALTH-01", "REST-HEALTH-02", "REST-SMETA-05", "REST-HEALTH-06")
    return with_clauses(load(), (load().clauses[name] for name in ids))


def with_clauses(catalogue: Catalogue, clauses: Iterable[Clause]) -> Catalogue:
    return replace(catalogue, clauses=MappingProxyType({clause.id: clause for clause in clauses}))


def message(catalogue: Catalogue, checks: Iterable[Stub]) -> str:
    with pytest.raises(CatalogueError) as caught:
        cross_check(catalogue, checks)
    return str(caught.value)


def test_what_fits_passes(catalogue: Catalogue) -> None:
    cross_check(catalogue, BOTH)


def test_duties_alone_are_enough(catalogue: Catalogue) -> None:
    cross_check(catalogue, [*BOTH, Stub("answers-are-repeatable", (), ("A15-1-d", "A15-5-g.detect"))])


def test_unknown_clause_names_the_nearest(catalogue: Catalogue) -> None:
    assert message(catalogue, [*BOTH, Stub("x-y", ("REST-HELTH-01",))]) == (
        "check 'x-y' names the unknown clause 'REST-HELTH-01'; did you mean 'REST-HEALTH-01'?"
    )


def test_unknown_duty_names_the_nearest(catalogue: Catalogue) -> None:
    told = message(catalogue, [*BOTH, Stub("x-y", (), ("A15-5-g.detects",))])
    assert told == "check 'x-y' names the unknown duty 'A15-5-g.detects'; did you mean 'A15-5-g.detect'?"


def test_a_name_that_is_near_nothing_is_told_without_advice(catalogue: Catalogue) -> None:
    assert message(catalogue, [*BOTH, Stub("x-y", ("???",))]) == "check 'x-y' names the unknown clause '???'"


def test_a_check_of_nothing_is_refused(catalogue: Catalogue) -> None:
    assert message(catalogue, [*BOTH, Stub("x-y", ())]) == "check 'x-y' names neither a clause nor a duty"


def test_a_must_without_check_and_reason_is_refused(catalogue: Catalogue) -> None:
    told = message(catalogue, [Stub()])
    assert told == "clause REST-HEALTH-02 is a MUST and has neither a check nor a reason"


def test_a_third_partys_check_covers_a_must(catalogue: Catalogue) -> None:
    cross_check(catalogue, [BOTH[0], replace(BOTH[1], builtin=False)])


@pytest.mark.parametrize("level", [Level.SHOULD, Level.MAY, Level.AMBIGUOUS])
def test_only_a_must_has_to_be_covered(catalogue: Catalogue, level: Level) -> None:
    clauses = [replace(clause, level=level, reason=None) for clause in catalogue.clauses.values()]
    cross_check(with_clauses(catalogue, clauses), [])


def test_a_stale_reason_is_refused(catalogue: Catalogue) -> None:
    told = message(catalogue, [*BOTH, Stub("rest-metadata-fails-well", ("REST-SMETA-05",))])
    assert told.startswith("clause REST-SMETA-05 has a stale reason (Shows only when")
    assert told.endswith("check 'rest-metadata-fails-well' covers it")


def test_a_third_partys_check_leaves_the_reason_alone(catalogue: Catalogue) -> None:
    cross_check(catalogue, [*BOTH, Stub("rest-metadata-fails-well", ("REST-SMETA-05",), builtin=False)])


def test_a_slug_used_twice_is_refused(catalogue: Catalogue) -> None:
    assert message(catalogue, [*BOTH, Stub()]) == "check 'rest-live-answers-200' is declared 2 times"


def test_ten_problems_of_one_kind_are_told() -> None:
    lines = message(load(), []).splitlines()
    assert len(lines) == 11
    assert all("is a MUST and has neither" in line for line in lines[:10])
    assert lines[10].startswith("... and ")
