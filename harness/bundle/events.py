"""The ``data`` of each kind of journal line, as the document is made of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from harness.bundle.parts import LawFact, LevelName, TensorView, Tester


class JournalLine(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the ``data`` of journal lines; members that a later version adds are passed over."""


class ReportGiven(JournalLine, frozen=True, kw_only=True):
    """What the operator says of the report itself."""

    title: str = "Article 15 evidence report"
    customer: str | None = None
    operator: str | None = None
    responsible: list[str] = []
    replaces: str | None = None


class Opened(JournalLine, frozen=True, kw_only=True):
    """``open``: the circumstances of the run, before the first request.

    ``transports`` are those that an address was given for: ``rest``, ``grpc`` or both; ``plaintext`` those of them
    without TLS. ``credentials`` says whether any were given; older journals do not say.
    """

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


class ClauseListed(JournalLine, frozen=True, kw_only=True):
    """A clause of the catalogue; ``reason`` says why it cannot be observed, if so."""

    id: str
    transport: str
    area: str
    level: LevelName
    text: str
    document: str
    section: str
    reason: str | None = None


class DutyListed(JournalLine, frozen=True, kw_only=True):
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


class CheckListed(JournalLine, frozen=True, kw_only=True):
    """A check that serves a duty, whether the run selected it or not; ``decides`` unless it allows every answer."""

    slug: str
    suite: str
    transport: str
    per: Literal["server", "model"]
    duties: list[str]
    allow: str | None = None
    decides: bool = True


class CatalogueListed(JournalLine, frozen=True, kw_only=True):
    """``catalogue``: the snapshot that makes a bundle readable without the version that made it.

    ``against`` names the duties that a clause, an ``area:NAME``, a ``policy:NAME`` or an ``advice:NAME`` speaks against
    when it is broken: the first whichever check saw it, the others where that check is evidence for them. A bundle
    that is older than ``against`` and ``checks`` speaks for no duty and against none.
    """

    digest: str
    protocol_commit: str
    clauses: list[ClauseListed] = []
    duties: list[DutyListed] = []
    against: dict[str, list[str]] = {}
    checks: list[CheckListed] = []
    law: list[LawFact] = []


class TargetSeen(JournalLine, frozen=True, kw_only=True):
    """``target``: what the server says of itself."""

    server_name: str | None = None
    server_version: str | None = None
    extensions: list[str] = []


class ModelSeen(JournalLine, frozen=True, kw_only=True):
    """``model``: one model as its metadata describes it."""

    name: str
    version: str | None = None
    versions: list[str] = []
    platform: str | None = None
    tensors: list[TensorView] = []
    properties: dict[str, str] = {}


class IdentitySeen(JournalLine, frozen=True, kw_only=True):
    """``identity``: the metadata digest of a model at one moment."""

    model: str
    when: Literal["start", "middle", "end"]
    at: str
    metadata_sha256: str | None = None
    reason: str | None = None


class ExchangeSeen(JournalLine, frozen=True, kw_only=True):
    """``exchange``: one line per request; the record itself lies in the pack.

    ``rpc`` is the name of the status that a gRPC call ended with, such as ``NOT_FOUND``: an answer, not a failure.
    """

    sha256: str
    method: str = ""
    url: str = ""
    status: int | None = None
    rpc: str | None = None
    error_kind: str | None = None
    sent: int = 0
    received: int = 0
    started: str | None = None
    elapsed_s: float = 0.0
    redactions: int | list[Any] = 0

    def begun(self, at: str) -> str:
        """When it began, as far as its line tells: written ``at`` its end, and in lines of earlier versions as such."""
        if self.started is not None:
            return self.started
        try:
            begun = datetime.fromisoformat(at) - timedelta(seconds=self.elapsed_s)
        except (ValueError, OverflowError):
            return at
        return begun.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class FactSeen(JournalLine, frozen=True, kw_only=True):
    """``fact``: something that a check saw and no clause decides: ``management`` reached, ``credentials-ignored``."""

    subject: str
    name: str
    text: str
    exchange: str | None = None
    check: str | None = None


class DeviationSeen(JournalLine, frozen=True, kw_only=True):
    text: str


class UnsampledSeen(JournalLine, frozen=True, kw_only=True):
    """``unsampled``: a model without a request that it accepts: why, and what to paste into the policy."""

    model: str
    reason: str
    paste: str


class Closed(JournalLine, frozen=True, kw_only=True):
    exit_code: int | None = None
    ended: str = ""
    files: dict[str, str] = {}


class ItemPlanned(JournalLine, frozen=True, kw_only=True):
    """One item of ``items``: a check on a model, or on the server."""

    id: str
    slug: str = ""
    suite: str = ""
    model: str | None = None


class ItemsPlanned(JournalLine, frozen=True, kw_only=True):
    items: list[ItemPlanned] = []


class SuspectSeen(JournalLine, frozen=True, kw_only=True):
    """A request that may have done it; sent again ``n`` times, it did so ``k`` times."""

    sha256: str
    what: str = ""
    check: str | None = None
    under_way: bool = False
    k: int = 0
    n: int = 0


class IncidentSeen(JournalLine, frozen=True, kw_only=True):
    """``incident``: the endpoint was away."""

    kind: Literal["gone", "silent"]
    at: str
    address: str = ""
    check: str | None = None
    back_after_s: float | None = None
    text: str = ""
    suspects: list[SuspectSeen] = []
