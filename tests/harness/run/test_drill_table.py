"""``art15 drills``: a line for each repetition, and a word where an account does not close."""

from __future__ import annotations

from harness.bundle.drills import AccountSeen, DrillRecord, ExecutionsSeen, RepetitionSeen, TallySeen
from harness.run.bundles.drill_table import COLUMNS, drill_table

BEFORE = TallySeen(sent=10, correct=10, refused=0, failed=0, wrong=0, lost=0)
DURING = TallySeen(sent=10, correct=6, refused=1, failed=1, wrong=0, lost=2, slow=1, unsent=3)


def repetition(during: TallySeen = DURING, **more: object) -> RepetitionSeen:
    account = AccountSeen(before=BEFORE, during=during, after=BEFORE, recovered_s=1.5, worst_s=0.25)
    given = {"ending": "carried out", "account": account, **more}
    return RepetitionSeen(**given)  # type: ignore[arg-type]


def record(*repetitions: RepetitionSeen, transport: str = "rest") -> DrillRecord:
    return DrillRecord(
        name="one", fault="kill", transport=transport, rate=200, criteria={"max_failed": 0.0},
        repetitions=list(repetitions),
    )  # fmt: skip


def test_a_line_for_each_repetition() -> None:
    ran = ExecutionsSeen(twice=4, unanswered=2, unexecuted=0)
    table = drill_table([record(repetition(executions=ran, broken=["max_failed"]), repetition())])
    assert table.open_accounts == ()
    assert table.lines[0].split("  ")[0] == COLUMNS[0]
    first, second = (line.split() for line in table.lines[1:3])
    assert first == [
        "one", "1", "kill", "30", "26", "1", "1", "0", "2", "1", "1.50", "s", "0.25", "s", "4", "2", "broke",
        "max_failed",
    ]  # fmt: skip
    assert second[-3:] == ["-", "-", "kept"]
    assert "one 1: 3 requests were planned and not sent" in table.lines


def test_one_that_does_not_count_says_why() -> None:
    unsound = repetition(ending="invalid", reason="INVALID: the tester sent late")
    table = drill_table([record(unsound, RepetitionSeen(ending="not run", reason="not clean"), transport="grpc")])
    assert table.lines[1].endswith("  invalid")
    assert table.lines[2].endswith("  not run")
    assert {"one 1 (gRPC): INVALID: the tester sent late", "one 2 (gRPC): not clean"} <= {*table.lines}


def test_an_account_that_does_not_close_is_said() -> None:
    table = drill_table([record(repetition(TallySeen(sent=10, correct=9, refused=0, failed=0, wrong=0, lost=0)))])
    assert table.open_accounts == ("one: the account does not close",)
