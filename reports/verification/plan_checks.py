"""The sealed plan and the ledger of a run: those in the bundle, and those that are known from elsewhere."""

from __future__ import annotations

from harness.bundle.ledger import LEDGER, MAX_LEDGER, LedgerReading, LedgerRefused, read_ledger
from harness.bundle.manifest import MANIFEST
from harness.foreign import read_given
from reports.evidence import Evidence, SealedBy
from reports.journal.state import JOURNAL, PLAN
from reports.seal.planned import SealedFile, plan_otherwise
from reports.verification.outcome import VerificationLog

MOST_OTHERWISE = 10


def check_ledger(log: VerificationLog, document: Evidence) -> list[str]:
    """The ledger as it was when the run began, held against the plan of the run; gives the digests of its lines."""
    sealed = document.plan.sealed
    if sealed is None:
        return []
    data = log.read(LEDGER, MAX_LEDGER)
    if data is None:
        return []
    try:
        reading = read_ledger(data)
    except LedgerRefused as error:
        log.wrong(LEDGER, str(error))
        return []
    before = log.total
    for text in _contradictions(reading, sealed, document.run.id):
        log.wrong(LEDGER, text)
    if log.total == before:
        log.checked.append(f"the ledger of the plan up to run {sealed.number}")
    return reading.heads


def _contradictions(reading: LedgerReading, sealed: SealedBy, run_id: str) -> list[str]:
    if not reading.runs or reading.head != sealed.head or len(reading.runs) != sealed.number:
        return [f"does not end with the line that begins run {sealed.number}, as {PLAN} says"]
    *earlier, mine = reading.runs
    pairs = (
        (mine.run == run_id, "its last run has another id"),
        (reading.plan_sha256 == sealed.sha256, "is that of another plan"),
        ([run.run for run in earlier if run.ending is None] == sealed.unended, f"{PLAN} names other runs as unended"),
        (
            {run.run: run.ending.ended for run in earlier if run.ending is not None} == sealed.ended,
            f"{PLAN} names other endings of the runs before",
        ),
    )
    return [text for holds, text in pairs if not holds]


def check_plan(log: VerificationLog, document: Evidence, known: SealedFile, manifest_sha256: str) -> list[str]:
    """The run, held against the sealed plan that was expected and its ledger; gives the digests of its lines."""
    sealed = document.plan.sealed
    if sealed is None or sealed.sha256 != known.sha256:
        log.wrong(PLAN, "was made under no sealed plan" if sealed is None else "was made under another sealed plan")
        return []
    found = plan_otherwise(known.sealed.plan, document.plan)
    told = f"art15 {document.tester.version}"
    if known.sealed.tool != told:
        found.append(f"tool: planned {known.sealed.tool}, now {told}")
    for text in found[:MOST_OTHERWISE]:
        log.wrong(PLAN, f"is not what was sealed: {text}")
    try:
        reading = read_ledger(read_given(known.ledger, MAX_LEDGER))
    except LedgerRefused as error:
        log.wrong(PLAN, f"the ledger {known.ledger.name} beside the sealed plan {error}")
        return []
    except OSError as error:
        log.left_out(f"The ledger {known.ledger.name} beside the sealed plan cannot be read: {error.strerror}.")
        return []
    _stands_in(log, reading, document, sealed, manifest_sha256)
    return reading.heads


def _stands_in(
    log: VerificationLog, reading: LedgerReading, document: Evidence, sealed: SealedBy, manifest_sha256: str
) -> None:
    run = reading.runs[sealed.number - 1] if 0 < sealed.number <= len(reading.runs) else None
    if run is None or run.run != document.run.id or reading.began[run.number] != sealed.head:
        log.wrong(LEDGER, f"run {sealed.number} of the ledger beside the sealed plan is not this one")
        return
    unended = [other.run for other in reading.open_runs]
    log.notes.append(
        f"The ledger beside the sealed plan has {len(reading.runs)} runs, of which this is number {run.number}; "
        f"{len(unended)} have no ending there{': ' + ', '.join(unended[:5]) if unended else ''}."
    )
    ending = run.ending
    if ending is None or ending.journal_head is None:
        return
    if ending.journal_head != document.run.journal_head:
        log.wrong(JOURNAL, f"does not end where the ledger says that run {run.number} ended")
    elif ending.manifest_sha256 != manifest_sha256:
        log.left_out(f"{MANIFEST} is not the one that the ledger has for this run: document or page were made again.")
