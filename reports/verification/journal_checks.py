"""The journal of a bundle while it is verified: its chain, its ends, and what is held against its lines."""

from __future__ import annotations

from collections.abc import Callable

from harness.bundle.places import EXCHANGES, PACK, RECORD, named
from reports.bundle import EVIDENCE, MANIFEST, Manifest
from reports.evidence import CheckResult, Evidence, Plan
from reports.journal.chain import Entry, JournalScan
from reports.journal.state import JOURNAL, PLAN, BuildError, Recorded, folded, read_plan
from reports.limits import MAX_JUNIT
from reports.verification.document_checks import unlike
from reports.verification.files import Inside
from reports.verification.junit import JUNIT, JunitError, contradictions
from reports.verification.outcome import Told

MOST_MISSING = 20


def hold_journal(told: Told, manifest: Manifest | None, document: Evidence | None, inside: Inside) -> Recorded | None:
    """Follow the chain, fold what the lines say, and hold the document against it."""
    sealed = document.run.plan_sha256 if document else None
    plan = _plan(told, sealed)
    scan = JournalScan(told.folder / JOURNAL, sealed or (plan and plan[1]) or None)
    missing: list[str] = []
    unnamed = set(inside.records)

    def watch(entry: Entry) -> None:
        if entry.kind != "exchange":
            return
        digest = str(entry.data.get("sha256"))
        unnamed.discard(digest)
        if digest not in inside.records and len(missing) < MOST_MISSING:
            missing.append(digest)

    try:
        recorded = _followed(told, scan, plan, watch)
    except OSError as error:
        told.wrong(JOURNAL, f"cannot be read: {error.strerror}")
        return None
    for digest in missing:
        if inside.packed:
            told.wrong(PACK, f"lacks exchange {digest[:64]!r}, which the journal names")
        else:
            told.wrong(named(digest, RECORD), "is named in the journal, but is not there")
    _ends(told, manifest, document, scan)
    _unnamed(told, unnamed, inside)
    if document is not None and recorded is not None:
        for text in unlike(document, recorded):
            told.wrong(EVIDENCE, text)
        told.checked.append(f"verdicts and counts of {len(document.checks)} results against the journal")
    return recorded


def _followed(
    told: Told, scan: JournalScan, plan: tuple[Plan, str] | None, watch: Callable[[Entry], None]
) -> Recorded | None:
    recorded = None
    try:
        if plan is not None:
            recorded = folded(scan, *plan, watch)
        else:
            for entry in scan:
                watch(entry)
    except BuildError as error:
        told.wrong(JOURNAL, str(error).removeprefix(f"{JOURNAL}: "))
    for problem in scan.problems:
        if not problem.cut:
            told.wrong(JOURNAL, f"line {problem.line}: {problem.text}")
    return recorded


def _plan(told: Told, sealed: str | None) -> tuple[Plan, str] | None:
    try:
        plan, digest = read_plan(told.folder)
    except BuildError as error:
        told.wrong(PLAN, str(error).removeprefix(f"{PLAN}: "))
        return None
    if sealed is not None and digest != sealed:
        told.wrong(PLAN, f"is not the plan whose digest stands in {EVIDENCE}")
    return plan, sealed or digest


def _ends(told: Told, manifest: Manifest | None, document: Evidence | None, scan: JournalScan) -> None:
    """Whether the journal ends where others say, and whether its end is the end of the run."""
    ends = (scan.head, scan.lines)
    if document is not None and ends != (document.run.journal_head, document.run.journal_lines):
        told.wrong(JOURNAL, f"does not end where {EVIDENCE} says: at line {document.run.journal_lines}")
    if manifest is not None and ends != (manifest.journal.head, manifest.journal.lines):
        told.wrong(JOURNAL, f"does not end where {MANIFEST} says: at line {manifest.journal.lines}")
    told.checked.append(f"the chain of {scan.lines} lines of the journal")
    cut = any(problem.cut for problem in scan.problems)
    if cut:
        told.left_out(f"{JOURNAL}: its last line is cut: the run was killed while writing it.")
    if cut or not scan.closed:
        told.left_out(
            f"{JOURNAL} has no closing line: the run was killed after line {scan.lines}, or lines were taken away; "
            "nothing shows which."
        )


def _unnamed(told: Told, records: set[str], inside: Inside) -> None:
    """Exchanges that nothing names: a run that is killed leaves one, a stranger any number."""
    bodies = inside.bodies - {digest for _, digest in inside.wanted}
    names = [f"{digest[:12]}….json" for digest in sorted(records)] + [
        f"{digest[:12]}….body" for digest in sorted(bodies)
    ]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        text = "nothing names it: only the manifest vouches for it."
        told.left_out(f"{PACK if inside.packed else EXCHANGES + '/'}: {', '.join(names[:3])}{more}: {text}")


def hold_others(told: Told, inside: Inside, recorded: Recorded | None) -> None:
    """Files that the manifest lists and nothing makes again: held against the closing line of the journal."""
    closed = recorded.files if recorded is not None else {}
    for name, digest in closed.items():
        if inside.digests.get(name) != digest:
            told.wrong(name, "is not the file whose digest stands in the closing line of the journal")
    if closed:
        told.checked.append(f"{len(closed)} files of the runner against the closing line of the journal")
    # Of a run that was killed, the journal names each exchange of the pack instead.
    loose = [name for name in inside.others if name not in closed and (closed or name != PACK)]
    if JUNIT in loose:
        loose.remove(JUNIT)
        _junit(told, recorded.checks if recorded is not None else [])
    if loose:
        more = f" and {len(loose) - 3} more" if len(loose) > 3 else ""
        told.left_out(
            f"{', '.join(loose[:3])}{more}: the journal does not name it, so only the manifest vouches for it."
        )


def _junit(told: Told, checks: list[CheckResult]) -> None:
    data = told.read(JUNIT, MAX_JUNIT)
    verdicts: dict[str, list[str]] = {}
    for check in checks:
        verdicts.setdefault(check.id, []).append(check.verdict)
    try:
        for text in contradictions(data or b"", verdicts):
            told.wrong(JUNIT, text)
    except JunitError:
        told.left_out(f"{JUNIT} is no file that pytest wrote: only the manifest vouches for it.")
    else:
        told.left_out(f"{JUNIT}: its verdicts were held against the journal, its words were not: no line names it.")
