"""What a journal says, folded into one value: the first step from the journal to the evidence document.

Exchanges are folded into totals, so a run of millions of requests takes no more memory than a short one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness.bundle.accuracy import AccuracyRecord, AccuracySeen
from harness.bundle.attacks import AttacksRecord, AttacksSeen
from harness.bundle.digests import Digests
from harness.bundle.drills import DrillRecord, DrillSeen
from harness.bundle.events import (
    BaselineHeld,
    CatalogueListed,
    CheckDone,
    Closed,
    DeviationSeen,
    ExchangeSeen,
    FactSeen,
    IdentitySeen,
    IncidentSeen,
    ItemPlanned,
    ItemsPlanned,
    ModelSeen,
    Opened,
    SelfChecked,
    TargetSeen,
    UnsampledSeen,
)
from harness.bundle.fingerprints import Fingerprint, FingerprintSeen
from harness.bundle.journal import Entry, JournalProblem, JournalScan
from harness.bundle.limits import MAX_KEPT, MAX_PLAN, counted
from harness.bundle.places import is_sha256
from harness.bundle.provenance import ProvenanceChain, ProvenanceSeen
from harness.bundle.robustness import RobustnessRecord, RobustnessSeen
from harness.bundle.series import LoadSeries
from harness.bundle.totals import ExchangeTotals
from harness.foreign import read_inside
from reports.evidence import BaselineRow, CheckResult, Plan, SelfCheck
from reports.journal.operations import operation_of

JOURNAL = "journal.jsonl"
PLAN = "plan.json"


class BuildError(Exception):
    """No evidence can be made of this folder; one line that names the file and why."""


@dataclass(slots=True)
class JournalState:
    """The run as its journal tells it; ``trouble`` lists what could not be used, in words."""

    plan: Plan
    plan_sha256: str
    opened: Opened
    opened_at: str
    catalogue: CatalogueListed
    target: TargetSeen = field(default_factory=TargetSeen)
    models: list[ModelSeen] = field(default_factory=list)
    identities: list[IdentitySeen] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    series: list[dict[str, Any]] = field(default_factory=list)
    drills: list[DrillRecord] = field(default_factory=list)
    accuracy: list[AccuracyRecord] = field(default_factory=list)
    robustness: list[RobustnessRecord] = field(default_factory=list)
    provenance: list[ProvenanceChain] = field(default_factory=list)
    fingerprints: list[Fingerprint] = field(default_factory=list)
    attacks: list[AttacksRecord] = field(default_factory=list)
    deviations: list[str] = field(default_factory=list)
    unsampled: list[UnsampledSeen] = field(default_factory=list)
    exchanges: ExchangeTotals = field(default_factory=ExchangeTotals)
    # What was served with success, each with the first exchange.
    served_operations: dict[str, str] = field(default_factory=dict)
    facts: list[FactSeen] = field(default_factory=list)
    # Digests of those whose connection could not be opened.
    unconnected: Digests = field(default_factory=Digests)
    planned: list[ItemPlanned] | None = None
    incidents: list[IncidentSeen] = field(default_factory=list)
    ended: str = ""
    self_check: SelfCheck | None = None
    baseline: BaselineRow | None = None
    closed_at: str | None = None
    # Other files of the run, such as junit.xml, with their digests.
    files: dict[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    last_at: str = ""
    head: str = ""
    lines: int = 0
    trouble: list[str] = field(default_factory=list)


def load(folder: Path) -> JournalState:
    """Read ``plan.json`` and ``journal.jsonl``.

    A cut last line and a missing ``close`` line are what a killed run leaves; they go to ``trouble``.

    Raises:
        BuildError: a file is missing, the journal's chain is broken, or it lacks its ``open`` line: a document made
            of it would give a tampered record a clean face.
    """
    plan, plan_sha256 = read_plan(folder)
    scan = JournalScan(folder / JOURNAL, plan_sha256)
    try:
        recorded = folded(scan, plan, plan_sha256)
    except OSError as error:
        raise BuildError(f"{JOURNAL}: {error.strerror}") from error
    _refuse_broken(scan.problems)
    if recorded is None:
        raise BuildError(f"{JOURNAL}: has no line")
    return recorded


def folded(
    scan: JournalScan, plan: Plan, plan_sha256: str, watch: Callable[[Entry], None] | None = None
) -> JournalState | None:
    """What the lines of a journal say together, whole or not; None for a journal without a line.

    Args:
        watch: is shown every line as it is read.

    Raises:
        BuildError: the first line is not ``open``, or there is more than can be kept.
        OSError: the journal cannot be read.
    """
    recorded: JournalState | None = None
    kept = 0
    for entry in scan:
        if watch is not None:
            watch(entry)
        kept += entry.kind != "exchange"
        if kept > MAX_KEPT:
            raise BuildError(f"{JOURNAL}: line {entry.line}: more than {MAX_KEPT} results, which no run leaves")
        if recorded is None:
            recorded = _opened(plan, plan_sha256, entry)
        else:
            _fold(recorded, entry)
        recorded.last_at = entry.at
    if recorded is not None:
        recorded.head, recorded.lines = scan.head, scan.lines
        recorded.trouble.extend(f"line {problem.line} of the journal: {problem.text}" for problem in scan.problems)
    return recorded


def read_plan(folder: Path) -> tuple[Plan, str]:
    """The plan, and the digest of its bytes.

    Raises:
        BuildError: it is missing, or no plan.
    """
    try:
        data = read_inside(folder, PLAN, MAX_PLAN)
        return msgspec.json.decode(counted(data), type=Plan), hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise BuildError(f"{PLAN}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BuildError(f"{PLAN}: {error}") from error


def _refuse_broken(problems: list[JournalProblem]) -> None:
    for problem in problems:
        if not problem.cut:
            raise BuildError(f"{JOURNAL}: line {problem.line}: {problem.text}")


def _opened(plan: Plan, plan_sha256: str, entry: Entry) -> JournalState:
    if entry.kind != Opened.kind_of_line:
        raise BuildError(f"{JOURNAL}: line 1: is {entry.kind!r} where the line 'open' is due")
    try:
        opened = msgspec.convert(entry.data, Opened)
    except msgspec.ValidationError as error:
        raise BuildError(f"{JOURNAL}: line 1: {error}") from error
    empty = CatalogueListed(digest=plan.catalogue_digest, protocol_commit="not recorded")
    return JournalState(plan=plan, plan_sha256=plan_sha256, opened=opened, opened_at=entry.at, catalogue=empty)


def _fold(recorded: JournalState, entry: Entry) -> None:
    take = _TAKE.get(entry.kind)
    if take is None:
        recorded.trouble.append(f"line {entry.line} of the journal: the kind {entry.kind!r} is not known")
        return
    try:
        take(recorded, entry)
    except msgspec.ValidationError as error:
        recorded.trouble.append(f"line {entry.line} of the journal ({entry.kind}) cannot be used: {error}")


def _catalogue(recorded: JournalState, entry: Entry) -> None:
    recorded.catalogue = msgspec.convert(entry.data, CatalogueListed)


def _target(recorded: JournalState, entry: Entry) -> None:
    recorded.target = msgspec.convert(entry.data, TargetSeen)


def _model(recorded: JournalState, entry: Entry) -> None:
    recorded.models.append(msgspec.convert(entry.data, ModelSeen))


def _identity(recorded: JournalState, entry: Entry) -> None:
    recorded.identities.append(msgspec.convert(entry.data, IdentitySeen))


def _exchange(recorded: JournalState, entry: Entry) -> None:
    seen = msgspec.convert(entry.data, ExchangeSeen)
    redactions = seen.redactions if isinstance(seen.redactions, int) else len(seen.redactions)
    recorded.exchanges.add(
        seen.begun(entry.at),
        failed=seen.error_kind is not None,
        sent=seen.sent,
        received=seen.received,
        redactions=redactions,
    )
    if seen.error_kind == "connect" and is_sha256(seen.sha256):
        recorded.unconnected.add(seen.sha256)
    operation = None if seen.error_kind else operation_of(seen.method, seen.url, seen.status, seen.rpc)
    if operation is not None:
        recorded.served_operations.setdefault(operation, seen.sha256)


def _check(recorded: JournalState, entry: Entry) -> None:
    done = msgspec.convert(entry.data, CheckDone)
    # What of an exchange is shown is made when the document is.
    shown = {"request": None, "response": None, "curl": None}
    counterexamples = [{**msgspec.to_builtins(each), **shown} for each in done.counterexamples]
    recorded.checks.append(
        msgspec.convert(msgspec.to_builtins(done) | {"counterexamples": counterexamples}, CheckResult)
    )


def _series(recorded: JournalState, entry: Entry) -> None:
    recorded.series.append(dict(entry.data))


def _drill(recorded: JournalState, entry: Entry) -> None:
    seen = msgspec.convert(entry.data, DrillSeen)
    recorded.drills.append(msgspec.structs.replace(seen.drill, check=seen.check))


def _accuracy(recorded: JournalState, entry: Entry) -> None:
    seen = msgspec.convert(entry.data, AccuracySeen)
    recorded.accuracy.append(msgspec.structs.replace(seen.accuracy, check=seen.check))


def _robustness(recorded: JournalState, entry: Entry) -> None:
    seen = msgspec.convert(entry.data, RobustnessSeen)
    recorded.robustness.append(msgspec.structs.replace(seen.robustness, check=seen.check))


def _provenance(recorded: JournalState, entry: Entry) -> None:
    seen = msgspec.convert(entry.data, ProvenanceSeen)
    recorded.provenance.append(msgspec.structs.replace(seen.chain, check=seen.check))


def _fingerprint(recorded: JournalState, entry: Entry) -> None:
    seen = msgspec.convert(entry.data, FingerprintSeen)
    recorded.fingerprints.append(msgspec.structs.replace(seen.fingerprint, check=seen.check))


def _attacks(recorded: JournalState, entry: Entry) -> None:
    seen = msgspec.convert(entry.data, AttacksSeen)
    recorded.attacks.append(msgspec.structs.replace(seen.attacks, check=seen.check))


def _fact(recorded: JournalState, entry: Entry) -> None:
    recorded.facts.append(msgspec.convert(entry.data, FactSeen))


def _deviation(recorded: JournalState, entry: Entry) -> None:
    recorded.deviations.append(msgspec.convert(entry.data, DeviationSeen).text)


def _unsampled(recorded: JournalState, entry: Entry) -> None:
    recorded.unsampled.append(msgspec.convert(entry.data, UnsampledSeen))


def _items(recorded: JournalState, entry: Entry) -> None:
    recorded.planned = msgspec.convert(entry.data, ItemsPlanned).items


def _incident(recorded: JournalState, entry: Entry) -> None:
    recorded.incidents.append(msgspec.convert(entry.data, IncidentSeen))


def _self_check(recorded: JournalState, entry: Entry) -> None:
    recorded.self_check = msgspec.convert(entry.data, SelfCheck)


def _baseline(recorded: JournalState, entry: Entry) -> None:
    recorded.baseline = msgspec.convert(msgspec.to_builtins(msgspec.convert(entry.data, BaselineHeld)), BaselineRow)


def _close(recorded: JournalState, entry: Entry) -> None:
    closed = msgspec.convert(entry.data, Closed)
    recorded.exit_code, recorded.ended, recorded.files = closed.exit_code, closed.ended, closed.files
    recorded.closed_at = entry.at


_TAKE: dict[str, Callable[[JournalState, Entry], None]] = {
    CatalogueListed.kind_of_line: _catalogue,
    TargetSeen.kind_of_line: _target,
    ModelSeen.kind_of_line: _model,
    IdentitySeen.kind_of_line: _identity,
    ExchangeSeen.kind_of_line: _exchange,
    CheckDone.kind_of_line: _check,
    ItemsPlanned.kind_of_line: _items,
    IncidentSeen.kind_of_line: _incident,
    LoadSeries.kind_of_line: _series,
    DrillSeen.kind_of_line: _drill,
    AccuracySeen.kind_of_line: _accuracy,
    RobustnessSeen.kind_of_line: _robustness,
    ProvenanceSeen.kind_of_line: _provenance,
    FingerprintSeen.kind_of_line: _fingerprint,
    AttacksSeen.kind_of_line: _attacks,
    FactSeen.kind_of_line: _fact,
    DeviationSeen.kind_of_line: _deviation,
    UnsampledSeen.kind_of_line: _unsampled,
    SelfChecked.kind_of_line: _self_check,
    BaselineHeld.kind_of_line: _baseline,
    Closed.kind_of_line: _close,
}
