"""The ``data`` of each kind of journal line: what a run writes, and what the document is made of.

Members stand in the order in which they are written. Those with a default may be missing in journals of earlier
versions.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

import msgspec

from harness.bundle.parts import (
    Estimate,
    Kind,
    LawFact,
    LevelName,
    Observation,
    Replayed,
    SelfCheck,
    StandardFact,
    SuiteRow,
    Tally,
    TensorView,
    Tester,
    VerdictName,
    Waiver,
)

Moment = Literal["start", "middle", "end"]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what journal lines hold; members that a later version adds are passed over."""


class JournalEvent(Told, frozen=True, kw_only=True):
    """Base of the ``data`` of journal lines; ``kind`` names them there."""

    kind_of_line: ClassVar[str]


class ReportGiven(Told, frozen=True, kw_only=True):
    """What the operator says of the report itself."""

    title: str = "Article 15 evidence report"
    customer: str | None = None
    operator: str | None = None
    responsible: list[str] = []
    place: str | None = None
    replaces: str | None = None


class Opened(JournalEvent, frozen=True, kw_only=True):
    """``open``: the circumstances of the run, before the first request.

    ``transports`` are those that an address was given for: ``rest``, ``grpc`` or both; ``plaintext`` those of them
    without TLS. ``credentials`` says whether any were given; older journals do not say.
    """

    kind_of_line = "open"
    run_id: str
    endpoint: str
    authority: str
    tester: Tester
    config_given: dict[str, str] = {}
    config_defaulted: dict[str, str] = {}
    report: ReportGiven = ReportGiven()
    declared: dict[str, str | None] = {}
    transports: list[str] = []
    plaintext: list[str] = []
    credentials: bool | None = None


class ClauseListed(Told, frozen=True, kw_only=True):
    """A clause of the catalogue; ``reason`` says why it cannot be observed, if so."""

    id: str
    transport: str
    area: str
    text: str
    document: str
    section: str
    reason: str | None = None
    level: LevelName


class DutyListed(Told, frozen=True, kw_only=True):
    """A duty of the catalogue, with what must have been carried out before anything may speak for it."""

    id: str
    paragraph: str
    force: str
    text: str
    hook: str
    can_show: str
    cannot_show: str
    testable: bool
    elsewhere: str | None = None
    asks: str | None = None
    suites: list[str] = []
    passed: list[str] = []
    declared: str | None = None
    several_runs: bool = False


class CheckListed(Told, frozen=True, kw_only=True):
    """A check that serves a duty, whether the run selected it or not; ``decides`` unless it allows every answer."""

    slug: str
    suite: str
    transport: str
    per: Literal["server", "model"]
    allow: str | None = None
    duties: list[str]
    decides: bool = True


class CatalogueListed(JournalEvent, frozen=True, kw_only=True):
    """``catalogue``: the snapshot that makes a bundle readable without the version that made it.

    ``against`` names the duties that a clause, an ``area:NAME``, a ``policy:NAME`` or an ``advice:NAME`` speaks against
    when it is broken: the first whichever check saw it, the others where that check is evidence for them. A bundle
    that is older than ``against`` and ``checks`` speaks for no duty and against none. ``suites`` stand in the order of
    the page; of a bundle that is older than they are, those of this version are shown.
    """

    kind_of_line = "catalogue"
    digest: str
    protocol_commit: str
    clauses: list[ClauseListed] = []
    duties: list[DutyListed] = []
    against: dict[str, list[str]] = {}
    checks: list[CheckListed] = []
    law: list[LawFact] = []
    standards: list[StandardFact] = []
    suites: list[SuiteRow] = []


class TargetSeen(JournalEvent, frozen=True, kw_only=True):
    """``target``: what the server says of itself."""

    kind_of_line = "target"
    server_name: str | None = None
    server_version: str | None = None
    extensions: list[str] = []


class ModelSeen(JournalEvent, frozen=True, kw_only=True):
    """``model``: one model as its metadata describes it."""

    kind_of_line = "model"
    name: str
    version: str | None = None
    versions: list[str] = []
    platform: str | None = None
    tensors: list[TensorView] = []
    properties: dict[str, str] = {}


class IdentitySeen(JournalEvent, frozen=True, kw_only=True):
    """``identity``: the metadata digest of a model at one moment."""

    kind_of_line = "identity"
    model: str
    when: Moment
    at: str
    metadata_sha256: str | None = None
    reason: str | None = None


class ExchangeSeen(JournalEvent, frozen=True, kw_only=True, omit_defaults=True):
    """``exchange``: one line per request; the record itself lies in the pack.

    ``rpc`` is the name of the status that a gRPC call ended with, such as ``NOT_FOUND``: an answer, not a failure.
    Of a campaign of 100,000 these lines are most of the journal: what is nothing is left out, unless its default is
    made by a factory, which msgspec never leaves out.
    """

    kind_of_line = "exchange"
    n: int = msgspec.field(default_factory=int)
    sha256: str
    method: str = msgspec.field(default_factory=str)
    url: str = msgspec.field(default_factory=str)
    status: int | None = None
    rpc: str | None = None
    error_kind: str | None = None
    sent: int = msgspec.field(default_factory=int)
    received: int = msgspec.field(default_factory=int)
    elapsed_s: float = msgspec.field(default_factory=float)
    redactions: int | list[Any] = 0
    check: str | None = msgspec.field(default_factory=lambda: None)
    # Whom it was sent to, where that is not the endpoint under test, such as "candidate".
    to: str | None = None
    # Of earlier versions; the record says it.
    started: str | None = None

    def begun(self, at: str) -> str:
        """When it began, as far as its line tells: written ``at`` its end, and in lines of earlier versions as such."""
        if self.started is not None:
            return self.started
        try:
            begun = datetime.fromisoformat(at) - timedelta(seconds=self.elapsed_s)
        except (ValueError, OverflowError):
            return at
        return f"{begun.isoformat(timespec='microseconds')[:26]}Z"


class FactSeen(JournalEvent, frozen=True, kw_only=True):
    """``fact``: something that a check saw and no clause decides.

    ``management`` reached, ``credentials-ignored``, and replicas by a header of theirs or at an address of their own
    (``replica-header``, ``replica-address``).
    """

    kind_of_line = "fact"
    check: str | None = None
    subject: str
    name: str
    text: str
    exchange: str | None = None


class DeviationSeen(JournalEvent, frozen=True, kw_only=True):
    """``deviation``: something that is otherwise than it was planned, in a sentence."""

    kind_of_line = "deviation"
    text: str


class UnsampledSeen(JournalEvent, frozen=True, kw_only=True):
    """``unsampled``: a model without a request that it accepts: why, and what to paste into the policy."""

    kind_of_line = "unsampled"
    model: str
    reason: str
    paste: str


class Closed(JournalEvent, frozen=True, kw_only=True):
    """``close``: how the run ended; ``files`` are other files of it, such as ``junit.xml``, with their digests."""

    kind_of_line = "close"
    exit_code: int | None = None
    ended: str = ""
    files: dict[str, str] = {}


class ItemPlanned(Told, frozen=True, kw_only=True):
    """One item of ``items``: a check on a model, or on the server."""

    id: str
    slug: str = ""
    suite: str = ""
    model: str | None = None


class ItemsPlanned(JournalEvent, frozen=True, kw_only=True):
    """``items``: everything that is to be carried out."""

    kind_of_line = "items"
    items: list[ItemPlanned] = []


class SuspectSeen(Told, frozen=True, kw_only=True):
    """A request that may have done it; sent again ``n`` times, it did so ``k`` times."""

    sha256: str
    what: str = ""
    check: str | None = None
    under_way: bool = False
    k: int = 0
    n: int = 0


class IncidentSeen(JournalEvent, frozen=True, kw_only=True):
    """``incident``: the endpoint was away."""

    kind_of_line = "incident"
    kind: Literal["gone", "silent"]
    at: str
    address: str = ""
    check: str | None = None
    back_after_s: float | None = None
    text: str = ""
    suspects: list[SuspectSeen] = []


class ClauseDecided(Told, frozen=True, kw_only=True):
    """What a check says of one of its clauses."""

    clause: str
    level: LevelName
    verdict: VerdictName


class CounterexampleFound(Told, frozen=True, kw_only=True):
    """A violation that is shown, with the exchange that shows it."""

    clauses: list[str]
    expected: str
    observed: str
    root: str
    exchange: str | None
    one_of_many: bool = False
    shrunk_from: int | None = None
    shrunk_to: int | None = None
    replayed: Replayed | None = None


class CheckDone(JournalEvent, frozen=True, kw_only=True):
    """``check``: what one check found on one model, or on the server."""

    kind_of_line = "check"
    id: str
    slug: str
    title: str
    suite: str
    group: str
    clauses: list[ClauseDecided]
    duties: list[str]
    level: LevelName | None
    transport: str
    model: str | None
    verdict: VerdictName
    reason: str
    method: str
    criterion: str
    observed: str
    hint: str | None = None
    kind: Kind
    cases: int
    failures: int
    estimate: Estimate | None
    observations: list[Observation]
    exercised: dict[str, int] = {}
    counterexamples: list[CounterexampleFound]
    tallies: list[Tally] = []
    exchanges: list[str]
    exchanges_total: int
    method_validation: str | None
    faults_found: list[str] = []
    waiver: Waiver | None
    asked_by_name: bool
    unreached: str = ""
    whole: bool | None = None
    started: str
    duration_s: float


class BaselineHeld(JournalEvent, frozen=True, kw_only=True):
    """``baseline``: what the run says of the known findings that it was given, in words of their own."""

    kind_of_line = "baseline"
    entries: int
    seen: int
    stale: list[str] = []
    unseen: list[str] = []


class SelfChecked(JournalEvent, SelfCheck, frozen=True, kw_only=True):
    """``self_check``: whether all that was sent is what it was meant to be."""

    kind_of_line = "self_check"
