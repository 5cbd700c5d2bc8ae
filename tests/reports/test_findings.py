"""Findings from records: what is one cause is merged, what is two is not, and titles say what is wrong."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reports.document.findings import findings
from reports.evidence import CheckResult, Finding, Tally
from tests.reports import factory


def result(slug: str, *broken: tuple[str, str], kind: str = "direct", **changes: Any) -> CheckResult:
    """A check that broke clauses: ``(clause, root)`` each, three of nine cases."""
    bad = [factory.counterexample(root, [clause]) for clause, root in broken]
    verdicts = [(clause, "must", "fail") for clause, _ in broken]
    data = factory.check(slug, "fail", clauses=verdicts, counterexamples=bad)
    derived = {"request": None, "response": None, "curl": None}
    data["counterexamples"] = [each | derived for each in data["counterexamples"]]
    tallies = [Tally(clause=clause, root=root, failures=3, cases=9, verdict="fail", owner=slug, cure=f"mend {clause}")
               for clause, root in broken]  # fmt: skip
    made = msgspec.convert(data, CheckResult)
    return msgspec.structs.replace(made, tallies=tallies, kind=kind, **changes)


def roots(found: list[Finding]) -> list[str]:
    return [each.root for each in found]


def test_the_clause_is_the_cause_where_a_check_names_no_root() -> None:
    found = findings([result("rest-a-holds", ("REST-RESP-02", "rest-a-holds"), ("REST-RESP-10", "rest-a-holds"))])
    assert roots(found) == ["REST-RESP-02", "REST-RESP-10"]


def test_one_cause_over_transports_scripts_and_statuses() -> None:
    found = findings(
        [
            result("rest-a-holds", ("REST-RESP-04", "id:changed:beyond-ascii")),
            result("grpc-a-holds", ("REST-RESP-04", "id:lost:beyond-ascii"), transport="grpc"),
            result("rest-b-holds", ("REST-ERR-02", "error-object-missing:422:members-detail")),
            result("rest-c-holds", ("GEN-07", "error-object-missing:404:members-detail")),
        ]
    )
    assert roots(found) == ["error-members", "id-beyond-ascii"]
    assert found[0].title == "Errors carry `detail` instead of `error`: 3 of 9 refusals"
    assert found[1].transports == ["rest", "grpc"]


def test_consequences_go_below_their_cause_only_where_it_is_there() -> None:
    nested = result("rest-a-holds", ("TDATA-02", "rest-a-holds"))
    apart = result("rest-b-holds", ("TDATA-03", "rest-b-holds"))
    [finding] = findings([apart, nested])
    assert finding.root == "nested-data-refused"
    assert finding.also == ["Flat and nested data do not mean the same tensor"]
    assert roots(findings([apart])) == ["spelling-changes-answer"]


def test_the_cure_is_the_one_of_the_clause() -> None:
    search = result("adversarial-a-holds", ("REST-ERR-02", "error-object-missing:422:body-empty"), kind="search")
    tally = msgspec.structs.replace(search.tallies[0], owner="rest-error-object", cure="Answer with an error object.")
    [finding] = findings([msgspec.structs.replace(search, tallies=[tally], hint="Validate the request.")])
    assert finding.cure == "Answer with an error object."
    assert finding.title == "Errors have an empty body instead of an error object"  # a search stops: it counts nothing


def test_the_worst_consequence_comes_first_and_failures_before_warnings() -> None:
    style = result("rest-a-holds", ("VERS-05", "rest-a-holds"))
    leak = result("rest-b-holds", ("policy:no-leak", "requests-mixed-up"))
    warned = result("rest-c-holds", ("REST-OUT-03", "rest-c-holds"))
    light = [msgspec.structs.replace(each, verdict="warn") for each in warned.tallies]
    warned = msgspec.structs.replace(warned, tallies=light, verdict="warn")
    interop = result("rest-d-holds", ("REST-RESP-02", "rest-d-holds"))
    found = findings([style, warned, interop, leak])
    assert roots(found) == ["requests-mixed-up", "REST-RESP-02", "REST-OUT-03", "VERS-05"]
    assert [each.consequence for each in found] == ["data_of_others", "interoperability", "interoperability", "style"]


def test_records_of_older_versions_have_no_tallies() -> None:
    old = msgspec.structs.replace(result("rest-a-holds", ("REST-RESP-04", "id-changed:greek")), tallies=[])
    older = msgspec.structs.replace(result("rest-b-holds", ("REST-RESP-04", "id-changed:chinese")), tallies=[])
    [finding] = findings([old, older])
    assert finding.title == "Request ids do not come back unchanged: greek and chinese"


def test_one_reason_for_many_undecided_checks_is_one_finding() -> None:
    data = [factory.check(f"rest-{each}-holds", "untestable", reason="no samples") for each in "abc"]
    checks = [msgspec.structs.replace(msgspec.convert(each, CheckResult), asked_by_name=True) for each in data]
    [finding] = findings(checks)
    assert finding.title == "Not tested, though asked for by name: 3 checks (no samples)"
    assert finding.consequence is None


@pytest.mark.parametrize("clause", ["REST-RESP-04", "policy:no-crash"])
def test_what_no_cause_describes_says_what_was_seen(clause: str) -> None:
    [finding] = findings([result("third-party-holds", (clause, "their-own-root"))])
    assert finding.title.startswith("Seen: ")
    assert finding.consequence == ("crash_or_hang" if clause.startswith("policy:") else "interoperability")
