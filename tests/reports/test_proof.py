"""No FAIL without its evidence: in the document, in the schema, and before ``art15 verify``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.store import store_of
from reports.bundle import finish
from reports.document.build import build
from reports.document.proof import unproven
from reports.evidence import CheckResult, decode, encode
from reports.schema import SchemaError
from reports.verification.verify import verify
from tests.packs import position, repacked
from tests.reports import factory
from tests.reports.validating import validate

FAILED = [("REST-HTTP-01", "must", "fail"), ("REST-ERR-01", "must", "fail")]


def one(folder: Path, exchange: str | None, verdict: str = "fail", **changes: Any) -> CheckResult:
    """The check of a run in which one clause, or two, were reported broken."""
    bundle = factory.start(folder)
    lost = bundle.exchange(b"{}", status=None, kind="connect")
    seen = bundle.exchange(b"{}", b"[]", status=500)
    digest = {"lost": lost, "seen": seen}.get(exchange or "")
    cases = [factory.counterexample("r", ["REST-HTTP-01"], digest)]
    clauses = changes.pop("clauses", [("REST-HTTP-01", "must", verdict)])
    data = factory.check("rest-a-holds", verdict, counterexamples=cases, clauses=clauses)
    bundle.journal.append("check", data | changes)
    [check] = build(folder).checks
    return check


def test_a_failed_clause_names_the_exchange_that_shows_it(tmp_path: Path) -> None:
    check = one(tmp_path, "seen")
    assert check.verdict == "fail"
    assert check.clauses[0].exchange == check.counterexamples[0].exchange is not None


@pytest.mark.parametrize(("exchange", "verdict"), [(None, "fail"), ("lost", "fail"), ("lost", "warn")])
def test_what_nothing_shows_is_a_tool_error(tmp_path: Path, exchange: str | None, verdict: str) -> None:
    check = one(tmp_path, exchange, verdict)
    assert (check.verdict, check.clauses[0].verdict) == ("tool_error", "tool_error")
    assert check.reason.startswith("REST-HTTP-01: reported broken without an exchange that reached the endpoint")


def test_a_connection_that_could_not_be_opened_is_no_case(tmp_path: Path) -> None:
    assert one(tmp_path, "lost").counterexamples == []


def test_the_other_clauses_of_a_check_stay_what_they_are(tmp_path: Path) -> None:
    check = one(tmp_path, "seen", clauses=FAILED)
    assert [each.verdict for each in check.clauses] == ["fail", "tool_error"]
    assert check.verdict == "fail"


@pytest.mark.parametrize("verdict", ["pass", "untestable", "not_applicable", "warn"])
def test_nothing_else_is_touched(tmp_path: Path, verdict: str) -> None:
    check = one(tmp_path, None, verdict)
    assert (check.verdict, check.reason) == (verdict, "")


Damage = Callable[[dict[str, Any]], None]


def forget_exchange(check: dict[str, Any]) -> None:
    check["clauses"][0]["exchange"] = None


def forget_cases(check: dict[str, Any]) -> None:
    check["counterexamples"] = []


def rest_on_nothing(check: dict[str, Any]) -> None:
    check["counterexamples"][0]["exchange"] = None


def damaged(folder: Path, damage: Damage) -> bytes:
    data = json.loads((folder / "evidence.json").read_bytes())
    damage(next(check for check in data["checks"] if check["verdict"] == "fail"))
    return json.dumps(data).encode()


def test_the_schema_demands_an_exchange_for_each_failed_clause(copied: Path) -> None:
    validate((copied / "evidence.json").read_bytes())
    with pytest.raises(SchemaError, match=r"clauses\[0\]\.exchange"):
        validate(damaged(copied, forget_exchange))


@pytest.mark.parametrize("damage", [forget_cases, rest_on_nothing])
def test_verify_refuses_a_failure_without_its_exchange(copied: Path, damage: Damage) -> None:
    (copied / "evidence.json").write_bytes(damaged(copied, damage))
    texts = [problem.text for problem in verify(copied).problems]
    assert any("REST-RESP-04 failed, and no exchange shows it" in text for text in texts)


def test_verify_refuses_what_rests_on_a_connection_that_was_never_opened(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    lost = bundle.exchange(b"{}", status=None, kind="connect")
    seen = bundle.exchange(b"{}", b"[]", status=500)
    bad = [factory.counterexample("r", ["REST-HTTP-01"], seen)]
    bundle.journal.append("check", factory.check("rest-a-holds", "fail", counterexamples=bad))
    finish(tmp_path)
    assert verify(tmp_path).problems == []
    (tmp_path / "evidence.json").write_bytes(
        (tmp_path / "evidence.json").read_bytes().replace(seen.encode(), lost.encode())
    )
    texts = [problem.text for problem in verify(tmp_path).problems]
    assert (
        f"check rest-a-holds[iris]: a counterexample rests on exchange {lost[:12]}, which never reached the endpoint"
        in texts
    )


def test_a_record_that_is_not_there_shows_nothing(sealed: Path, copied: Path) -> None:
    document = decode((sealed / "evidence.json").read_bytes())
    assert unproven(document, store_of(sealed)) == []
    check = next(check for check in document.checks if check.verdict == "fail")
    digest = check.counterexamples[0].exchange
    assert digest is not None
    repacked(copied, lambda _: None, position(copied, digest))
    assert any("which is not in the bundle" in text for text in unproven(document, store_of(copied)))


def test_a_forged_check_that_fails_by_no_clause(sealed: Path) -> None:
    data = json.loads((sealed / "evidence.json").read_bytes())
    data["checks"][0]["verdict"] = "fail"
    forged = decode(json.dumps(data).encode())
    assert unproven(forged, store_of(sealed)) == [f"check {forged.checks[0].id}: failed, and none of its clauses did"]
    assert encode(forged)
