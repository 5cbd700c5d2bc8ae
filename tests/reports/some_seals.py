"""A sealed plan with its ledger, and bundles of runs under it, without any endpoint."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.bundle.journal import GENESIS, encode_line
from harness.bundle.ledger import FINISHED, LEDGER, Ledger, RunEnding
from harness.bundle.manifest import MANIFEST
from reports.bundle import finish, others
from reports.evidence import SealedBy, encode
from reports.seal.planned import SEALED_SCHEMA, SealedFile, SealedPlan, ledger_beside
from tests.reports import factory
from tests.reports.sample import RUN_ID

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TOOL = "art15 0.1.0"


def ticking() -> Callable[[], datetime.datetime]:
    """A clock that goes on by a second whenever it is looked at."""
    ticks = iter(range(1_000_000))
    return lambda: factory.START + datetime.timedelta(seconds=next(ticks) - 600)


def a_plan(path: Path) -> tuple[SealedFile, Ledger]:
    """A sealed plan, whose ledger has no run yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sealed = SealedPlan(
        schema=SEALED_SCHEMA,
        sealed_at="2026-11-21T08:00:00Z",
        tool=TOOL,
        endpoint="http://127.0.0.1:8080",
        stop_rule="when every check has a verdict",
        exclusion_rule="none",
        sizes={"examples_of_a_search": 20},
        files={},
        plan=factory.plan(run_id=""),
    )
    data = encode(sealed)
    path.write_bytes(data)
    given = SealedFile(path, hashlib.sha256(data).hexdigest(), sealed)
    ledger = Ledger(ledger_beside(path), given.sha256, ticking())
    ledger.create()
    return given, ledger


def begun(
    folder: Path, given: SealedFile, ledger: Ledger, run_id: str = RUN_ID, *, packed: bool = True
) -> factory.Bundle:
    """The bundle of a run that was begun under a plan."""
    reading, until_here = ledger.start(run_id)
    *before, mine = reading.runs
    sealed = SealedBy(
        sha256=given.sha256,
        sealed_at=given.sealed.sealed_at,
        number=mine.number,
        head=reading.head,
        unended=[run.run for run in before if run.ending is None],
        ended={run.run: run.ending.ended for run in before if run.ending is not None},
        deviations=[],
    )
    plan = msgspec.structs.replace(given.sealed.plan, run_id=run_id, sealed=sealed)
    bundle = factory.start(folder, plan, packed=packed)
    (folder / LEDGER).write_bytes(until_here)
    factory.fill(bundle)
    return bundle


def ended(bundle: factory.Bundle, ledger: Ledger) -> None:
    """The run comes to its end, in the bundle and in the ledger."""
    bundle.journal.append("close", {"exit_code": 1, "files": others(bundle.folder)})
    bundle.journal.close()
    finish(bundle.folder)
    assert bundle.plan.sealed is not None
    manifest = hashlib.sha256((bundle.folder / MANIFEST).read_bytes()).hexdigest()
    ledger.end(
        RunEnding(
            number=bundle.plan.sealed.number,
            run=bundle.plan.run_id,
            ended=FINISHED,
            journal_head=bundle.journal.head,
            manifest_sha256=manifest,
        )
    )


def third_run(folder: Path, plan: Path) -> SealedFile:
    """The bundle of the third run under a plan: the first was killed, the second interrupted."""
    given, ledger = a_plan(plan)
    ledger.start("aaaaaaaa")
    ledger.start("bbbbbbbb")
    ledger.end(RunEnding(number=2, run="bbbbbbbb", ended="SIGINT"))
    ended(begun(folder, given, ledger), ledger)
    return given


def without_run(ledger: Path, number: int) -> bytes:
    """The ledger written anew by somebody who knows the format, without one of its runs."""
    lines: list[bytes] = []
    head = GENESIS
    for raw in ledger.read_bytes().splitlines():
        row = msgspec.json.decode(raw)
        if row["data"].get("number") == number:
            continue
        if row["data"].get("number", 0) > number:
            row["data"]["number"] -= 1
        line = encode_line(row | {"n": len(lines), "prev": head})
        lines.append(line + b"\n")
        head = hashlib.sha256(line).hexdigest()
    return b"".join(lines)
