"""Journal and plan written anew, with every digest, and signed by another key: the bundle contradicts itself."""

from __future__ import annotations

from pathlib import Path

from harness.bundle.ledger import LEDGER
from harness.bundle.places import ATTESTATION, TEST_RESULT
from reports.journal.state import JOURNAL
from tests.reports.forging import (
    Rows,
    failing,
    forgery,
    of_kind,
    passed,
    replaced_whole,
    rewritten,
    waiver_for,
    whitewashed,
    without_check,
)
from tests.reports.some_seals import without_run


@forgery("a verdict of the journal, with every digest", "check ")
def verdict_of_journal(folder: Path) -> None:
    def change(rows: Rows) -> Rows:
        passed(failing(rows))
        return rows

    rewritten(folder, change)


@forgery("a count of the journal, with every digest", JOURNAL)
def count_of_journal(folder: Path) -> None:
    def change(rows: Rows) -> Rows:
        failing(rows)["exchanges_total"] += 100
        return rows

    rewritten(folder, change)


@forgery("a bound of the journal, with every digest", "has bounds ")
def bound_of_journal(folder: Path) -> None:
    def change(rows: Rows) -> Rows:
        of_kind(rows, "accuracy")["accuracy"]["metrics"][0]["lower"] = 0.99
        return rows

    rewritten(folder, change)


@forgery("a level lower than the policy declares, with every digest", "declares no limit")
def level_of_journal(folder: Path) -> None:
    def change(rows: Rows) -> Rows:
        whitewashed(failing(rows))
        for seen in of_kind(rows, "accuracy")["accuracy"]["metrics"]:
            if seen["limit"] is not None:
                seen |= {"limit": 0.5, "decision": "supports", "would_decide": None}
        return rows

    rewritten(folder, change)


@forgery("an answer's status in the journal, with every digest", "says otherwise than the record")
def status_of_journal(folder: Path) -> None:
    def change(rows: Rows) -> Rows:
        of_kind(rows, "exchange")["status"] = 204
        return rows

    rewritten(folder, change)


@forgery("a clause that binds less, with every digest", "catalogue")
def clause_of_journal(folder: Path) -> None:
    def change(rows: Rows) -> Rows:
        of_kind(rows, "catalogue")["clauses"][0]["level"] = "may"
        return rows

    rewritten(folder, change)


@forgery("another endpoint than was planned, with every digest", "another endpoint")
def endpoint_of_journal(folder: Path) -> None:
    def change(rows: Rows) -> Rows:
        of_kind(rows, "open")["endpoint"] = "https://production.example"
        return rows

    rewritten(folder, change)


@forgery("a waiver in a result that the plan does not have, with every digest", "has no waiver")
def waiver_of_journal(folder: Path) -> None:
    def change(rows: Rows) -> Rows:
        failing(rows)["waiver"] = waiver_for(failing(rows))
        return rows

    rewritten(folder, change)


@forgery("exchanges of a finding taken away, with every digest", "no exchange has the number")
def exchanges_taken(folder: Path) -> None:
    """The check, its exchanges and its figures are gone; the numbers of those that are left say so."""
    without_check(folder, renumber=False)


@forgery("a run taken from the ledger of the bundle, with every digest", LEDGER)
def run_taken(folder: Path) -> None:
    (folder / LEDGER).write_bytes(without_run(folder / LEDGER, 1))
    rewritten(folder, lambda rows: rows)


@forgery("another bundle beside the signature of this one", ATTESTATION)
def swapped_below(folder: Path) -> None:
    kept = {name: (folder / name).read_bytes() for name in (ATTESTATION, TEST_RESULT)}
    replaced_whole(folder)
    for name, data in kept.items():
        (folder / name).write_bytes(data)
