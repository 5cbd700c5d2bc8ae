"""The document held against the journal without making it again: verdicts, counts and totals, of any release.

Whoever made a document, these come from the lines of its journal. What a release words in its own way (reasons,
findings, statements, duties) is left to making the document again, which only the same release can.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator

from harness.bundle.fingerprints import fingerprint_digest
from reports.document.proof import proven
from reports.document.statements import VERDICTS
from reports.document.sums import sums
from reports.evidence import CheckResult, Evidence, Run
from reports.journal.state import JournalState
from reports.verification.accuracy_checks import accuracy_contradictions
from reports.verification.attack_checks import attack_contradictions
from reports.verification.conclusion_checks import conclusion_contradictions
from reports.verification.drill_checks import drill_contradictions
from reports.verification.planned_checks import copy_contradictions
from reports.verification.provenance_checks import provenance_contradictions
from reports.verification.robustness_checks import robustness_contradictions
from reports.verification.verdict_checks import verdict_contradictions

# Members of a result that every release has copied as they are.
_COPIED = ("slug", "suite", "model", "level", "kind", "cases", "failures", "estimate", "waiver", "asked_by_name")
MOST = 20


def differences(document: Evidence, recorded: JournalState) -> list[str]:
    """Where the document says something else than the journal, a sentence each; at most some of them."""
    found = [
        *copy_contradictions(document, recorded),
        *_totals(document.run, recorded),
        *_checks(document.checks, recorded),
        *_counts(document),
    ]
    if document.series != recorded.series:
        found.append("its runs of load are not those of the journal")
    if document.drills != recorded.drills:
        found.append("its drills are not those of the journal")
    if document.accuracy != recorded.accuracy:
        found.append("its figures of accuracy are not those of the journal")
    if document.attacks != recorded.attacks:
        found.append("its figures of attacks are not those of the journal")
    if document.robustness != recorded.robustness:
        found.append("its figures of robustness are not those of the journal")
    if document.provenance != recorded.provenance:
        found.append("its chains of provenance are not those of the journal")
    if document.fingerprints != recorded.fingerprints:
        found.append("its fingerprints are not those of the journal")
    found += itertools.islice(verdict_contradictions(document.checks), MOST)
    found += itertools.islice(conclusion_contradictions(document, recorded.catalogue), MOST)
    found += itertools.islice(drill_contradictions(document.drills, document.series), MOST)
    found += itertools.islice(accuracy_contradictions(document.accuracy, document.checks), MOST)
    found += itertools.islice(robustness_contradictions(document.robustness, document.checks), MOST)
    found += itertools.islice(attack_contradictions(document.attacks), MOST)
    found += itertools.islice(provenance_contradictions(document.provenance, document.checks), MOST)
    found += itertools.islice(_fingerprints(document), MOST)
    return found[:MOST]


def _fingerprints(document: Evidence) -> Iterator[str]:
    for each in document.fingerprints:
        if each.sha256 != fingerprint_digest(each.answers):
            yield f"the fingerprint of {each.model!r:.80} over {each.transport:.10} does not follow from its answers"


def _totals(run: Run, recorded: JournalState) -> Iterator[str]:
    totals = recorded.exchanges
    pairs = (
        ("id of the run", run.id, recorded.opened.run_id),
        ("start", run.start, recorded.opened_at),
        ("end", run.end, recorded.closed_at),
        ("exit code", run.exit_code, recorded.exit_code),
        ("number of requests", run.requests, totals.requests),
        ("number of failed requests", run.requests_failed, totals.failed),
        ("bytes sent", run.bytes_sent, totals.sent),
        ("bytes received", run.bytes_received, totals.received),
    )
    for name, said, held in pairs:
        if said != held:
            yield f"its {name} is {said!r}, but the journal has {held!r}"


def _checks(said: list[CheckResult], recorded: JournalState) -> Iterator[str]:
    lines: dict[str, list[CheckResult]] = defaultdict(list)
    for line in recorded.checks:
        lines[line.id].append(line)
    counts = Counter(check.id for check in said)
    for name in sorted(counts.keys() | lines.keys()):
        if counts[name] != len(lines[name]):
            yield f"check {name}: stands {counts[name]} times in it, but {len(lines[name])} times in the journal"
    for check in said:
        if lines[check.id]:
            yield from _check(check, lines[check.id].pop(0), recorded)


def _check(check: CheckResult, line: CheckResult, recorded: JournalState) -> Iterator[str]:
    """One result; a failure that no exchange shows may stand as a tool error, as releases since 0.2 write it."""
    forms = [line, proven(line, recorded.unconnected)]
    if check.verdict not in {form.verdict for form in forms}:
        yield f"check {check.id}: its verdict is {check.verdict}, but the journal has {line.verdict}"
    said = [(each.clause, each.verdict) for each in check.clauses]
    if said not in [[(each.clause, each.verdict) for each in form.clauses] for form in forms]:
        yield f"check {check.id}: the verdicts of its clauses are not those of the journal"
    for name in _COPIED:
        if getattr(check, name) != getattr(line, name):
            yield f"check {check.id}: its {name} is {getattr(check, name)!r:.80}, not that of the journal"


def _counts(document: Evidence) -> Iterator[str]:
    """The sums of the first screen, over what stands in the document itself."""
    counted = Counter(str(check.verdict) for check in document.checks)
    if document.summary.verdicts != {name: counted[name] for name in VERDICTS}:
        yield "the numbers of its verdicts are not those of its checks"
    rows = Counter(str(row.verdict or "not_tested") for row in document.catalogue.clauses)
    if +Counter(document.summary.clause_verdicts) != rows:
        yield "the numbers of its verdicts on clauses are not those of its clauses"
    if document.sums is not None and document.sums != sums(document):
        yield "its sums are not those of what it holds"
