"""Requirement sets: the newest names what there is, earlier ones count what they counted then."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.check import REGISTRY, Check
from harness.criteria import Criterion
from harness.outcome import Outcome, Violation
from harness.run.accepting.renewing import everything, renew, text_of
from harness.run.accepting.requirements import UNLISTED, RequirementSet, chosen_set, folder, load_set, shipped
from harness.run.accepting.standing import Accepting
from harness.run.checks import load_checks
from harness.tables import TableError
from harness.verdicts import Level

CATALOGUE = load_checks()[1]
BUILTIN = [check for check in REGISTRY if check.builtin]
BY_SLUG = {check.slug: check for check in BUILTIN}
NEWEST = shipped(folder())[-1]
ECHOES, CRASHES = BY_SLUG["rest-infer-echoes-id"], BY_SLUG["adversarial-invalid-refused"]


def standing(
    requirements: RequirementSet, check: Check = ECHOES, clause: str = "REST-RESP-04", *, by_policy: bool = False
) -> str:
    """How one violation of a MUST, or of a criterion, stands with a set."""
    level = CATALOGUE.clauses[clause].level if clause in CATALOGUE.clauses else Level.MUST
    outcome = Outcome({clause: level}, cases={clause: 1})
    outcome.violations = [Violation(clause, "", "", check.slug, by_policy=by_policy)]
    [failed] = Accepting(requirements, "").failed(check, None, outcome)
    return failed.standing


def without(requirements: RequirementSet, table: str, name: str) -> RequirementSet:
    rows = dict(getattr(requirements, table))
    del rows[name]
    return replace(requirements, **{table: rows})


def test_the_newest_set_names_what_there_is() -> None:
    assert text_of(NEWEST) == text_of(everything(NEWEST, BUILTIN, CATALOGUE)), "write it anew: make requirements"


def test_sets_are_found_by_their_names_and_each_row_left_out_has_its_reason() -> None:
    sets = shipped(folder())
    assert sorted(each.name for each in sets) == sorted(path.stem for path in folder().glob("*.toml"))
    assert len({each.edition for each in sets}) == len(sets)
    assert all(row.reason != UNLISTED for row in NEWEST.left_out(REGISTRY, CATALOGUE))
    assert chosen_set(None) == chosen_set(NEWEST.name)


def test_what_a_set_names_counts() -> None:
    assert standing(NEWEST) == "new"
    assert standing(NEWEST, CRASHES, Criterion.NO_CRASH.clause) == "new"


@pytest.mark.parametrize(
    ("table", "name"),
    [("checks", ECHOES.slug), ("clauses", "REST-RESP-04")],
)
def test_what_came_later_does_not_count(table: str, name: str) -> None:
    earlier = without(NEWEST, table, name)
    assert standing(earlier) == "not_counted"
    assert (name, UNLISTED) in [(row.name, row.reason) for row in earlier.left_out(REGISTRY, CATALOGUE)]


def test_a_criterion_that_came_later_does_not_count() -> None:
    earlier = without(NEWEST, "criteria", Criterion.NO_CRASH)
    assert standing(earlier, CRASHES, Criterion.NO_CRASH.clause) == "not_counted"


def test_what_binds_more_than_it_did_counts_only_where_the_policy_says_so() -> None:
    earlier = replace(NEWEST, clauses=NEWEST.clauses | {"REST-RESP-04": Level.SHOULD})
    assert standing(earlier) == "not_counted"
    assert standing(earlier, by_policy=True) == "new"
    assert standing(without(NEWEST, "clauses", "REST-RESP-04"), by_policy=True) == "not_counted"


def test_checks_of_third_parties_count_in_every_set() -> None:
    def own(probe: object) -> None:
        """It holds."""

    foreign = Check(slug="own", criterion="", function=own, title="It holds.", method="", group="", suite="own")
    assert not foreign.builtin
    assert standing(without(NEWEST, "clauses", "REST-RESP-04"), foreign) == "new"
    assert "own" not in [row.name for row in NEWEST.left_out([*BUILTIN, foreign], CATALOGUE)]


def test_names_that_this_release_does_not_have_are_told() -> None:
    later = replace(NEWEST, checks=NEWEST.checks | {"rest-of-tomorrow": "conformance"})
    assert later.unknown(REGISTRY, CATALOGUE) == ["rest-of-tomorrow"]
    assert later.levels == NEWEST.levels


def test_a_set_of_this_release_is_written_anew_and_keeps_what_it_leaves_out(tmp_path: Path) -> None:
    first = renew(tmp_path, REGISTRY, CATALOGUE)
    assert load_set(first)[0].name == first.stem == f"oip-{CATALOGUE.protocol_commit}"
    left = replace(load_set(first)[0], not_counted={ECHOES.slug: "too slow", "gone": "no such check any more"})
    first.write_text(text_of(left))
    assert renew(tmp_path, REGISTRY, CATALOGUE) == first
    again, _ = load_set(first)
    assert again.not_counted[ECHOES.slug] == "too slow"
    assert "gone" not in again.not_counted
    assert ECHOES.slug not in again.checks
    assert not again.not_counted.keys() & {*again.clauses, *again.checks, *again.criteria, *again.advice}


def test_a_set_of_an_earlier_release_stays_as_it_is(tmp_path: Path) -> None:
    first = renew(tmp_path, REGISTRY, CATALOGUE)
    earlier = text_of(replace(load_set(first)[0], release="0.0.9"))
    first.write_text(earlier)
    second = renew(tmp_path, REGISTRY, CATALOGUE)
    assert first.read_text() == earlier
    assert (second.stem, load_set(second)[0].edition) == (f"{first.stem}-2", 2)
    assert shipped(tmp_path)[-1].name == second.stem
    assert renew(tmp_path, REGISTRY, CATALOGUE) == second


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"required field `name`"),
        (b'name = "x"', "it could fail no run"),
        (b'name = "x"\n[clauses]\nA = "mist"', "mist"),
        (b'name = "x"\n[claims]', r"no table \[claims\]"),
        (b"name = ", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        (b"a = " + b"[" * 5000, "cannot be read|is not TOML"),
        (b"#" * (1 << 19), "has more than"),
    ],
)
def test_a_set_that_is_not_as_it_must_be_is_refused_in_words(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(TableError, match=words) as refused:
        chosen_set(str(path))
    assert str(path) in str(refused.value)


def test_a_set_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=f"did you mean '{NEWEST.name}'"):
        chosen_set(NEWEST.name[:-1])
    with pytest.raises(TableError, match="No such file"):
        chosen_set(str(tmp_path / "none.toml"))
