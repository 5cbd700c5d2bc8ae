"""The journal of a bundle while it is verified: its chain, its ends, and what is held against its lines."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from harness.bundle.journal import Entry, JournalScan
from harness.bundle.limits import MAX_JUNIT
from harness.bundle.manifest import MANIFEST, Manifest
from harness.bundle.places import EXCHANGES, PACK, RECORD, named
from harness.bundle.store import store_of
from reports.bundle import EVIDENCE
from reports.evidence import CheckResult, Evidence, Plan
from reports.journal.state import JOURNAL, PLAN, BuildError, JournalState, folded, read_plan
from reports.verification.document_checks import MOST, differences
from reports.verification.exchange_checks import ExchangeLines
from reports.verification.files import BundleFiles
from reports.verification.junit import JUNIT, JunitError, contradictions
from reports.verification.outcome import HOSTILE, VerificationLog
from reports.verification.planned_checks import catalogue_contradictions, plan_contradictions


def check_journal(
    log: VerificationLog, manifest: Manifest | None, document: Evidence | None, files: BundleFiles
) -> JournalState | None:
    """Follow the chain, fold what the lines say, and hold the document against it."""
    sealed = document.run.plan_sha256 if document else None
    plan = _plan(log, sealed)
    scan = JournalScan(log.folder / JOURNAL, sealed or (plan and plan[1]) or None)
    lines = ExchangeLines(files.records, files.facts)
    try:
        recorded = _followed(log, scan, plan, lines.watch)
    except OSError as error:
        log.wrong(JOURNAL, f"cannot be read: {error.strerror}")
        return None
    for digest in lines.missing:
        if files.packed:
            log.wrong(PACK, f"lacks exchange {digest[:64]!r}, which the journal names")
        else:
            log.wrong(named(digest, RECORD), "is named in the journal, but is not there")
    _ends(log, manifest, document, scan)
    for text in lines.contradictions(store_of(log.folder)):
        log.wrong(JOURNAL, text)
    _unnamed(log, files, lines.unnamed())
    if document is not None and recorded is not None:
        _held_against(log, document, recorded)
        log.checked.append(f"verdicts and counts of {len(document.checks)} results against the journal")
        _counted(log, lines, recorded)
        if document.drills:
            log.checked.append(f"accounts and counts of {len(document.drills)} drills against their load")
    return recorded


def _held_against(log: VerificationLog, document: Evidence, recorded: JournalState) -> None:
    """The document against the journal, and the run against its plan, its clauses and its duties."""
    try:
        told = [(EVIDENCE, text) for text in differences(document, recorded)]
        told += itertools.islice(plan_contradictions(recorded), MOST)
        told += [(JOURNAL, text) for text in catalogue_contradictions(recorded)]
    except HOSTILE as error:
        told = [(EVIDENCE, f"cannot be held against the journal: {type(error).__name__}: {str(error)[:200]}")]
    for file, text in told:
        log.wrong(file, text)


def _counted(log: VerificationLog, lines: ExchangeLines, recorded: JournalState) -> None:
    """Exchanges by their numbers, and by the checks that they name: none was taken away, none put in between."""
    for text in itertools.islice(lines.miscounted(recorded), MOST):
        log.wrong(JOURNAL, text)
    gap = lines.gap()
    if gap is None:
        return
    text = f"no exchange has the number {gap}, and later ones are there"
    # A run that was ended before its time may leave one that was under way.
    if recorded.exit_code is not None and not recorded.ended:
        log.wrong(JOURNAL, text)
    else:
        log.left_out(f"{JOURNAL}: {text}: it was under way when the run was ended, or it was taken away.")


def _followed(
    log: VerificationLog, scan: JournalScan, plan: tuple[Plan, str] | None, watch: Callable[[Entry], None]
) -> JournalState | None:
    recorded = None
    try:
        if plan is not None:
            recorded = folded(scan, *plan, watch)
        else:
            for entry in scan:
                watch(entry)
    except BuildError as error:
        log.wrong(JOURNAL, str(error).removeprefix(f"{JOURNAL}: "))
    for problem in scan.problems:
        if not problem.cut:
            log.wrong(JOURNAL, f"line {problem.line}: {problem.text}")
    return recorded


def _plan(log: VerificationLog, sealed: str | None) -> tuple[Plan, str] | None:
    try:
        plan, digest = read_plan(log.folder)
    except BuildError as error:
        log.wrong(PLAN, str(error).removeprefix(f"{PLAN}: "))
        return None
    if sealed is not None and digest != sealed:
        log.wrong(PLAN, f"is not the plan whose digest stands in {EVIDENCE}")
    return plan, sealed or digest


def _ends(log: VerificationLog, manifest: Manifest | None, document: Evidence | None, scan: JournalScan) -> None:
    """Whether the journal ends where others say, and whether its end is the end of the run."""
    ends = (scan.head, scan.lines)
    if document is not None and ends != (document.run.journal_head, document.run.journal_lines):
        log.wrong(JOURNAL, f"does not end where {EVIDENCE} says: at line {document.run.journal_lines}")
    if manifest is not None and ends != (manifest.journal.head, manifest.journal.lines):
        log.wrong(JOURNAL, f"does not end where {MANIFEST} says: at line {manifest.journal.lines}")
    log.checked.append(f"the chain of {scan.lines} lines of the journal")
    cut = any(problem.cut for problem in scan.problems)
    if cut:
        log.left_out(f"{JOURNAL}: its last line is cut: the run was killed while writing it.")
    if cut or not scan.closed:
        log.left_out(
            f"{JOURNAL} has no closing line: the run was killed after line {scan.lines}, or lines were taken away; "
            "nothing shows which."
        )


def _unnamed(log: VerificationLog, files: BundleFiles, records: list[str]) -> None:
    """Exchanges that nothing names: a run that is killed leaves one, a stranger any number."""
    bodies = files.bodies - {digest for _, digest in files.wanted}
    names = [f"{digest[:12]}….json" for digest in sorted(records)] + [
        f"{digest[:12]}….body" for digest in sorted(bodies)
    ]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        text = "nothing names it: only the manifest vouches for it."
        log.left_out(f"{PACK if files.packed else EXCHANGES + '/'}: {', '.join(names[:3])}{more}: {text}")


def check_other_files(log: VerificationLog, files: BundleFiles, recorded: JournalState | None) -> None:
    """Files that the manifest lists and nothing makes again: held against the closing line of the journal."""
    closed = recorded.files if recorded is not None else {}
    for name, digest in closed.items():
        if files.digests.get(name) != digest:
            log.wrong(name, "is not the file whose digest stands in the closing line of the journal")
    if closed:
        log.checked.append(f"{len(closed)} files of the runner against the closing line of the journal")
    # Of a run that was killed, the journal names each exchange of the pack instead.
    loose = [name for name in files.others if name not in closed and (closed or name != PACK)]
    if JUNIT in files.others:
        _junit(log, recorded.checks if recorded is not None else [], named=JUNIT in closed)
        loose = [name for name in loose if name != JUNIT]
    if loose:
        more = f" and {len(loose) - 3} more" if len(loose) > 3 else ""
        log.left_out(
            f"{', '.join(loose[:3])}{more}: the journal does not name it, so only the manifest vouches for it."
        )


def _junit(log: VerificationLog, checks: list[CheckResult], *, named: bool) -> None:
    data = log.read(JUNIT, MAX_JUNIT)
    verdicts: dict[str, list[str]] = {}
    for check in checks:
        verdicts.setdefault(check.id, []).append(check.verdict)
    try:
        for text in contradictions(data or b"", verdicts):
            log.wrong(JUNIT, text)
    except JunitError:
        if not named:
            log.left_out(f"{JUNIT} is no file that pytest wrote: only the manifest vouches for it.")
    else:
        if not named:
            log.left_out(f"{JUNIT}: its verdicts were held against the journal, its words were not: no line names it.")
