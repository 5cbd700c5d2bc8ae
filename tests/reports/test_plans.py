"""Runs under a sealed plan: the ledger in the bundle, the one beside the plan, and a line known from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.bundle.ledger import LEDGER, read_ledger
from reports.bundle import EVIDENCE, finish
from reports.evidence import PlannedCheck, decode, encode
from reports.journal.state import JOURNAL, PLAN
from reports.seal.planned import PlanRefused, SealedFile, otherwise, read_sealed, told_otherwise
from reports.verification.anchoring import Expected
from reports.verification.outcome import Verification
from reports.verification.verify import verify
from tests.reports.some_seals import a_plan, begun, ended, third_run, without_run


@pytest.fixture
def planned(tmp_path: Path) -> SealedFile:
    """The sealed plan of the run in ``tmp_path / "evidence"``."""
    return third_run(tmp_path / "evidence", tmp_path / "plans" / "plan.json")


def told(found: Verification) -> list[tuple[str, str]]:
    return [(problem.file, problem.text) for problem in found.problems]


def test_the_report_says_how_many_runs_there_are(planned: SealedFile, tmp_path: Path) -> None:
    document = decode((tmp_path / "evidence" / EVIDENCE).read_bytes())
    assert document.plan.sealed is not None
    assert (document.plan.sealed.number, document.plan.sealed.unended) == (3, ["aaaaaaaa"])
    (gap,) = (row for row in document.silence if row.kind == "runs_of_plan")
    assert "This is run 3 of the sealed plan" in gap.reason
    assert "2 runs began before it, 1 of them ended before their time, 1 have no ending" in gap.reason
    assert gap.reason in (tmp_path / "evidence" / "annex.html").read_text()


def test_a_run_without_a_sealed_plan_says_so(sealed: Path) -> None:
    kinds = {row.kind for row in decode((sealed / EVIDENCE).read_bytes()).silence}
    assert {"other_runs", "no_seal", "time_mark", "signer"} <= kinds
    assert any("no sealed plan" in text for text in verify(sealed).silent)


def test_what_was_expected_is_anchored(planned: SealedFile, tmp_path: Path) -> None:
    head = read_ledger(planned.ledger.read_bytes()).head
    found = verify(tmp_path / "evidence", Expected(plan=planned, head=head))
    assert (found.problems, found.unchecked) == ([], [])
    assert [text.rpartition("(by ")[2] for text in found.anchored] == ["--expect-plan)", "--expect-head)"]
    assert any(
        "has 3 runs, of which this is number 3; 1 have no ending there: aaaaaaaa" in text for text in found.notes
    )


def test_a_line_before_the_run_vouches_for_those_before_it(planned: SealedFile, tmp_path: Path) -> None:
    first = read_ledger(planned.ledger.read_bytes()).heads[1]
    found = verify(tmp_path / "evidence", Expected(head=first))
    assert (found.problems, found.anchored) == ([], [])
    assert any("comes before this run" in text for text in found.notes)


def test_a_missing_run_of_the_ledger(planned: SealedFile, tmp_path: Path) -> None:
    """Somebody takes runs out and writes everything anew: ledgers, plan of the run, journal, report."""
    known = read_ledger(planned.ledger.read_bytes()).head
    planned.ledger.unlink()
    forged, (given, ledger) = tmp_path / "forged", a_plan(planned.path)
    ended(begun(forged, given, ledger), ledger)
    assert told(verify(forged, Expected(plan=given))) == []
    assert [file for file, _ in told(verify(forged, Expected(plan=given, head=known)))] == [LEDGER]


def test_a_run_that_was_taken_from_the_ledger_beside_the_plan(planned: SealedFile, tmp_path: Path) -> None:
    planned.ledger.write_bytes(without_run(planned.ledger, 1))
    found = told(verify(tmp_path / "evidence", Expected(plan=planned)))
    assert found == [(LEDGER, "run 3 of the ledger beside the sealed plan is not this one")]


def test_a_run_that_was_taken_from_the_ledger_of_the_bundle(planned: SealedFile, tmp_path: Path) -> None:
    path = tmp_path / "evidence" / LEDGER
    path.write_bytes(without_run(path, 1))
    assert LEDGER in dict(told(verify(tmp_path / "evidence")))


def test_another_run_under_the_number_of_this_one(planned: SealedFile, tmp_path: Path) -> None:
    """A journal written anew: the ledger has the end of the one that there was."""
    folder = tmp_path / "evidence"
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL).write_bytes(b"".join(lines[:-1]))
    finish(folder)
    assert (JOURNAL, "does not end where the ledger says that run 3 ended") in told(
        verify(folder, Expected(plan=planned))
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda plan: plan.update(seed=16), "seed: planned 16, now 15"),
        (lambda plan: plan["criteria"].append("x"), "criteria"),
        (
            lambda plan: plan["policy"]["criteria"].update(server_error_for_client_mistake="fail"),
            "policy.criteria.server",
        ),
    ],
)
def test_another_plan_is_told(
    planned: SealedFile, tmp_path: Path, change: Callable[[dict[str, object]], None], words: str
) -> None:
    """The run claims the digest of the plan that was expected, and had other criteria."""
    raw = json.loads(planned.path.read_bytes())
    change(raw["plan"])
    other = msgspec.structs.replace(planned.sealed, plan=msgspec.convert(raw["plan"], type(planned.sealed.plan)))
    known = SealedFile(planned.path, planned.sha256, other)
    (problem,) = told(verify(tmp_path / "evidence", Expected(plan=known)))
    assert problem[0] == PLAN
    assert words in problem[1]
    planned.path.write_bytes(encode(other))
    (problem,) = told(verify(tmp_path / "evidence", Expected(plan=read_sealed(planned.path))))
    assert problem == (PLAN, "was made under another sealed plan")


def test_a_run_under_no_plan_is_not_that_of_one(sealed: Path, planned: SealedFile) -> None:
    assert told(verify(sealed, Expected(plan=planned))) == [(PLAN, "was made under no sealed plan")]


def test_what_differs_is_named(planned: SealedFile) -> None:
    mine = planned.sealed
    check = msgspec.convert(
        {
            "slug": "rest-x",
            "suite": "conformance",
            "clauses": [],
            "duties": [],
            "criterion": "",
            "kind": "direct",
            "per": "server",
            "needs": [],
        },
        PlannedCheck,
    )
    more = msgspec.structs.replace(mine.plan, checks=[check], run_id="x", sealed_at="y")
    given = msgspec.structs.replace(mine, plan=more, tool="art15 9", files={"rows.csv": "0" * 64})
    found = otherwise(mine, given)
    assert [text.partition(":")[0] for text in found] == ["tool", "files.rows.csv", "checks"]
    cheaper = msgspec.structs.replace(mine.plan, budget={**mine.plan.budget, "time": 30.0})
    changed = msgspec.structs.replace(mine, plan=cheaper)
    assert (otherwise(mine, changed), told_otherwise(mine, changed)) == ([], ["budget.time: planned 60.0, now 30.0"])


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b"\xff"])
def test_what_is_no_sealed_plan_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(data)
    with pytest.raises(PlanRefused, match="is no sealed plan"):
        read_sealed(tmp_path / "plan.json")


def test_a_policy_is_the_same_whether_made_or_read(planned: SealedFile) -> None:
    """The policy of a run has tuples where the one that was read has lists."""
    policy = {"robustness": [{"domain": {"range": {"*": (0.0, 1.0)}}}]}
    made = msgspec.structs.replace(planned.sealed, plan=msgspec.structs.replace(planned.sealed.plan, policy=policy))
    assert otherwise(msgspec.json.decode(encode(made), type=type(made)), made) == []
