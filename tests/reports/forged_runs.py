"""Bundles in which nothing contradicts anything: what shows them is known from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.bundle.ledger import LEDGER, read_ledger
from harness.bundle.places import ATTESTATION, TEST_RESULT
from reports.seal.signing import sign_bundle
from tests.reports.forging import (
    ANCHORED,
    OTHER_KEY,
    Rows,
    failing,
    forgery,
    of_kind,
    replaced_whole,
    rewritten,
    waiver_for,
    whitewashed,
    without_check,
    without_junit,
)
from tests.reports.some_seals import without_run


@forgery("the key replaced", ATTESTATION, "key")
def key_replaced(folder: Path) -> None:
    sign_bundle(folder, OTHER_KEY)


@forgery("the signature taken away", ATTESTATION, "key")
def stripped(folder: Path) -> None:
    (folder / ATTESTATION).unlink()
    (folder / TEST_RESULT).unlink()


@forgery("a finding with its exchanges, figures and numbers, all written anew", ATTESTATION, *ANCHORED, "plan")
def finding_never_was(folder: Path) -> None:
    without_check(folder, renumber=True)


@forgery("the persons of the policy, all written anew", ATTESTATION, *ANCHORED, "plan")
def person_rewritten(folder: Path) -> None:
    """Plan and journal name another one."""

    def change(rows: Rows) -> Rows:
        of_kind(rows, "open")["report"]["responsible"] = ["Sam Example"]
        return rows

    def plan(planned: dict[str, Any]) -> None:
        planned["policy"]["report"]["responsible"] = ["Sam Example"]

    rewritten(folder, change, plan)


@forgery("another plan, all written anew", ATTESTATION, *ANCHORED, "plan")
def plan_replaced(folder: Path) -> None:
    """A lower level, as if it had been declared before."""

    def change(rows: Rows) -> Rows:
        whitewashed(failing(rows))
        for seen in of_kind(rows, "accuracy")["accuracy"]["metrics"]:
            if seen["limit"] is not None:
                seen |= {"limit": 0.5, "decision": "supports", "would_decide": None}
        return without_junit(folder, rows)

    def plan(planned: dict[str, Any]) -> None:
        for level in planned["policy"]["accuracy"][0]["declared"]:
            level["at_least"] = 0.5

    rewritten(folder, change, plan)


@forgery("a waiver added afterwards, all written anew", ATTESTATION, *ANCHORED, "plan")
def waiver_added(folder: Path) -> None:
    def change(rows: Rows) -> Rows:
        failing(rows)["waiver"] = waiver_for(failing(rows))
        return rows

    def plan(planned: dict[str, Any]) -> None:
        planned["policy"]["waivers"] = [waiver_for({"slug": "accuracy-declared"})]

    rewritten(folder, change, plan)


@forgery("a run taken from the ledger, all written anew", ATTESTATION, *ANCHORED, "ledger", "plan")
def run_never_was(folder: Path) -> None:
    (folder / LEDGER).write_bytes(without_run(folder / LEDGER, 1))
    reading = read_ledger((folder / LEDGER).read_bytes())
    *before, mine = reading.runs

    def plan(planned: dict[str, Any]) -> None:
        ended = {run.run: run.ending.ended for run in before if run.ending is not None}
        unended = [run.run for run in before if run.ending is None]
        planned["sealed"] |= {"number": mine.number, "head": reading.head, "ended": ended, "unended": unended}

    rewritten(folder, lambda rows: rows, plan)


@forgery("another bundle, signed by somebody", ATTESTATION, *ANCHORED, "plan", "ledger")
def swapped_bundle(folder: Path) -> None:
    replaced_whole(folder)
    sign_bundle(folder, OTHER_KEY)
