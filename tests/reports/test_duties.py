"""What a run says of the duties: nothing speaks for one by being left out, and nothing against one by the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.document.build import build
from reports.evidence import DutyRow
from reports.page.marks import STATEMENTS, STATES
from reports.text.sentences import sentences
from tests.reports import factory, sample

SERVING = {"duty": "A15-4-d", "slug": "rest-a-holds"}


def listed(slug: str, duties: list[str], **changes: Any) -> dict[str, Any]:
    """A check as the journal's catalogue lists it."""
    row = {"slug": slug, "suite": "conformance", "transport": "rest", "per": "model", "duties": duties}
    return row | {"allow": None, "decides": True} | changes


def row_of(
    folder: Path,
    duty: str,
    checks: list[dict[str, Any]],
    results: list[dict[str, Any]],
    *,
    duties: dict[str, Any] | None = None,
    against: dict[str, list[str]] | None = None,
    policy: dict[str, Any] | None = None,
    transports: tuple[str, ...] = ("rest",),
) -> DutyRow:
    """The row of a duty in a run of one model, whose catalogue has these checks."""
    catalogue = sample.catalogue(sample.CLAUSES) | {"checks": checks}
    catalogue["duties"] = [row | (duties or {}) for row in catalogue["duties"] if row["id"] == duty]
    catalogue["against"] |= against or {}
    bundle = factory.start(folder, factory.plan(policy=policy or {}), transports=transports, listed=catalogue)
    for result in results:
        bundle.journal.append("check", result)
    [row] = build(folder).duties
    return row


def passed(slug: str, duties: list[str], verdict: str = "pass", **changes: Any) -> dict[str, Any]:
    clauses = [("REST-HTTP-01", "must", verdict)]
    return factory.check(slug, verdict, duties=duties, **({"clauses": clauses} | changes))


BOTH = [listed("rest-a-holds", ["A15-4-d"]), listed("rest-b-holds", ["A15-4-d"], per="server")]


def test_all_that_serves_it_passed(tmp_path: Path) -> None:
    results = [passed("rest-a-holds", ["A15-4-d"]), passed("rest-b-holds", ["A15-4-d"], model=None)]
    row = row_of(tmp_path, "A15-4-d", BOTH, results)
    assert (row.state, row.held, row.required) == ("supported", 2, 2)
    assert "2 direct observations met the criterion" in row.reason


@pytest.mark.parametrize("verdict", ["warn", "untestable", "inconclusive", "tool_error", None])
def test_whatever_is_no_pass_takes_it_away(tmp_path: Path, verdict: str | None) -> None:
    results = [passed("rest-a-holds", ["A15-4-d"])]
    if verdict:
        results.append(passed("rest-b-holds", ["A15-4-d"], verdict, model=None))
    row = row_of(tmp_path, "A15-4-d", BOTH, results)
    assert (row.state, row.held) == ("inconclusive", 1)
    assert "rest-b-holds" in row.reason


def test_what_does_not_apply_is_no_pass_of_its_own(tmp_path: Path) -> None:
    results = [
        passed("rest-a-holds", ["A15-4-d"], "not_applicable"),
        passed("rest-b-holds", ["A15-4-d"], "not_applicable", model=None),
    ]
    row = row_of(tmp_path, "A15-4-d", BOTH, results)
    assert row.state == "not_tested"
    assert "no check that serves it passed" in row.reason.lower()


def test_what_allows_every_answer_speaks_for_nothing(tmp_path: Path) -> None:
    checks = [listed("rest-a-holds", ["A15-4-d"], decides=False)]
    assert row_of(tmp_path, "A15-4-d", checks, [passed("rest-a-holds", ["A15-4-d"])]).state == "inconclusive"


def test_a_bundle_without_the_list_of_checks_speaks_for_nothing(tmp_path: Path) -> None:
    row = row_of(tmp_path, "A15-4-d", [], [passed("rest-a-holds", ["A15-4-d"])])
    assert row.state == "not_tested"
    assert row.reason.startswith("The journal does not list which checks the duty asks for")


@pytest.mark.parametrize(("transports", "state"), [(("rest",), "supported"), (("rest", "grpc"), "inconclusive")])
def test_a_transport_with_an_address_is_asked_for(tmp_path: Path, transports: tuple[str, ...], state: str) -> None:
    checks = [listed("rest-a-holds", ["A15-4-d"]), listed("grpc-a-holds", ["A15-4-d"], transport="grpc")]
    row = row_of(tmp_path, "A15-4-d", checks, [passed("rest-a-holds", ["A15-4-d"])], transports=transports)
    assert row.state == state


def test_what_must_be_allowed_is_named(tmp_path: Path) -> None:
    checks = [listed("rest-a-holds", ["A15-4-d"]), listed("load-a-holds", ["A15-4-d"], allow="load+repository")]
    row = row_of(tmp_path, "A15-4-d", checks, [passed("rest-a-holds", ["A15-4-d"])])
    assert row.reason == (
        "1 check of 2 that serve it not carried out (load-a-holds), for which --oip-allow load,repository is needed."
    )


CONDITIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"suites": ["failover"]}, "not_tested", "no check of the suite failover serves it yet"),
    ({"several_runs": True}, "not_tested", "this is one run, and the duty asks for more than one"),
    ({"declared": "item.keeps_learning"}, "not_tested", "nobody declares [item] keeps_learning = true"),
    ({"passed": ["rest-a-holds"]}, "supported", "consistent"),
    ({"passed": ["rest-b-holds"]}, "inconclusive", "not passed, as the duty asks: rest-b-holds"),
    ({"passed": ["grpc-c-holds"]}, "inconclusive", "none of grpc-c-holds could be carried out"),
    ({"suites": ["conformance"]}, "supported", "consistent"),
]


@pytest.mark.parametrize(("condition", "state", "words"), CONDITIONS)
def test_conditions_of_a_duty(tmp_path: Path, condition: dict[str, Any], state: str, words: str) -> None:
    results = [
        passed("rest-a-holds", ["A15-4-d"]),
        passed("rest-b-holds", ["A15-4-d"], "not_applicable", model=None),
    ]
    row = row_of(tmp_path, "A15-4-d", BOTH, results, duties=condition)
    assert row.state == state
    assert words in row.reason[:1].lower() + row.reason[1:]


def test_a_declaration_lets_a_duty_be_spoken_of(tmp_path: Path) -> None:
    policy = {"item": {"keeps_learning": True}}
    results = [passed("rest-a-holds", ["A15-4-d"]), passed("rest-b-holds", ["A15-4-d"], model=None)]
    declared = {"declared": "item.keeps_learning"}
    assert row_of(tmp_path, "A15-4-d", BOTH, results, duties=declared, policy=policy).state == "supported"


def test_without_a_declaration_nothing_speaks_against_it_either(tmp_path: Path) -> None:
    row = row_of(
        tmp_path,
        "A15-4-d",
        BOTH,
        [passed("rest-a-holds", ["A15-4-d"], "fail")],
        duties={"declared": "item.keeps_learning"},
    )
    assert row.state == "not_tested"


def failing(clause: str, duties: list[str]) -> dict[str, Any]:
    return factory.check("rest-a-holds", "fail", duties=duties, clauses=[(clause, "must", "fail")])


@pytest.mark.parametrize(
    ("duty", "clause", "state"),
    [
        ("A15-4-d", "REST-ERR-01", "contradicted"),  # by its area
        ("A15-5-c", "REST-ERR-01", "inconclusive"),  # the check carries this duty as well
        ("A15-5-c", "policy:no-crash", "contradicted"),
        ("A15-4-d", "policy:no-such", "inconclusive"),
    ],
)
def test_a_finding_speaks_by_what_is_broken(tmp_path: Path, duty: str, clause: str, state: str) -> None:
    checks = [listed("rest-a-holds", ["A15-4-d", "A15-5-c"])]
    assert row_of(tmp_path, duty, checks, [failing(clause, ["A15-4-d", "A15-5-c"])]).state == state


def test_only_the_first_duty_is_spoken_against_by_a_check_that_serves_none(tmp_path: Path) -> None:
    against = {"policy:no-leak": ["A15-5-c", "A15-4-d"]}
    first, second = (
        row_of(tmp_path / duty, duty, [], [failing("policy:no-leak", ["A15-1-d"])], against=against)
        for duty in ("A15-5-c", "A15-4-d")
    )
    assert (first.state, first.checks) == ("contradicted", ["rest-a-holds[iris]"])
    assert (second.state, second.checks) == ("not_tested", [])


def test_no_tone_of_praise() -> None:
    assert STATES["supported"] == STATEMENTS["consistent"] == ("≈", "none")
    assert sentences()("state.supported") == "observations consistent with"
    assert STATEMENTS["no_clause_broken"] == ("·", "none")


def test_how_much_was_planned_is_said(sealed: Path) -> None:
    text = "\n".join(build(sealed).summary.statements)
    assert "Observed: no violation of 3 MUST and 0 SHOULD clauses, of 6 and 2 planned." in text
    assert "Supported" not in text
