"""The evidence document: the contract between a run and everyone who reads it.

``evidence.json`` is an :class:`Evidence`, encoded by :func:`encode`; the page, the exports and the comparison of
two runs are functions of it and of nothing else. Its JSON Schema is exported from these classes and checked in.
A number that is absent is ``None`` beside a ``reason``; NaN and infinities are refused when the document is encoded.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

SCHEMA_VERSION = "1.0"

VerdictName = Literal["not_applicable", "pass", "warn", "untestable", "inconclusive", "tool_error", "fail"]
LevelName = Literal["must", "should", "may", "ambiguous"]
DutyStateName = Literal[
    "supported", "contradicted", "inconclusive", "not_tested", "not_testable_from_outside", "declared_not_applicable"
]
ConsequenceName = Literal["data_of_others", "crash_or_hang", "wrong_answer", "security", "interoperability", "style"]
Kind = Literal["search", "sampling", "direct"]


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all parts of the document: immutable, by keyword, closed."""


class MessageView(Record, frozen=True, kw_only=True):
    """One side of an exchange as the page shows it: text as far as it is text, capped, already redacted."""

    line: str
    headers: list[tuple[str, str]]
    body: str
    body_bytes: int
    body_sha256: str | None
    shown_as: Literal["text", "hex", "empty"]
    truncated: bool


class Replayed(Record, frozen=True, kw_only=True):
    """How often a counterexample was seen again: ``k`` of ``n`` repetitions."""

    k: int
    n: int


class Counterexample(Record, frozen=True, kw_only=True):
    """A smallest found violation: what was sent, what came back, and how to send it again.

    ``one_of_many`` says that it is about many requests, such as a run of load, of which the exchange is one: sent
    alone, it may be answered well.
    ``root`` is what the check recorded it under, ``cause`` the finding that it belongs to.
    """

    clauses: list[str]
    expected: str
    observed: str
    root: str
    request: MessageView | None
    response: MessageView | None
    curl: str | None
    exchange: str | None
    shrunk_from: int | None = None
    shrunk_to: int | None = None
    replayed: Replayed | None = None
    one_of_many: bool = False
    cause: str | None = None


class Tally(Record, frozen=True, kw_only=True):
    """How often one check saw one root cause break one clause, whatever of it is shown.

    ``verdict`` is how much it counts, ``owner`` the check that decides the clause, and ``cure`` how a server usually
    mends it, in that check's words.
    """

    clause: str
    root: str
    failures: int
    cases: int
    verdict: VerdictName | None = None
    owner: str | None = None
    cure: str | None = None


class Exemplar(Record, frozen=True, kw_only=True):
    """One exchange of a check that broke nothing: what "seen to hold" looked like on the wire."""

    exchange: str
    request: MessageView | None
    response: MessageView | None
    curl: str | None


class Estimate(Record, frozen=True, kw_only=True):
    """``k`` successes in ``n`` independent draws, with an interval by ``method`` at ``confidence``."""

    k: int
    n: int
    method: str
    lower: float
    upper: float
    confidence: float


class ClauseOutcome(Record, frozen=True, kw_only=True):
    """What one check found about one of the clauses it covers; a broken one names an exchange that shows it."""

    clause: str
    level: LevelName
    verdict: VerdictName
    exchange: str | None = None


class Observation(Record, frozen=True, kw_only=True):
    """Something seen that no clause decides: which of the permitted readings the endpoint follows."""

    clause: str | None
    text: str


class CheckResult(Record, frozen=True, kw_only=True):
    """One check on one model (or on the server as a whole).

    ``counterexamples`` and ``exchanges`` are capped; their totals count all that the journal has. ``exercised`` counts
    what a search has tried, by class of input. ``unreached`` says why a planned check was not carried out (``budget``,
    ``lost endpoint``); empty if it was.
    """

    id: str
    slug: str
    title: str
    suite: str
    group: str
    clauses: list[ClauseOutcome]
    duties: list[str]
    level: LevelName | None
    transport: str
    model: str | None
    verdict: VerdictName
    reason: str
    method: str
    criterion: str
    observed: str
    kind: Kind
    cases: int
    failures: int
    estimate: Estimate | None
    observations: list[Observation]
    counterexamples: list[Counterexample]
    exchanges: list[str]
    exchanges_total: int
    method_validation: str | None
    waiver: Waiver | None
    asked_by_name: bool
    started: str
    duration_s: float
    unreached: str = ""
    hint: str | None = None
    exemplar: Exemplar | None = None
    counterexamples_total: int = 0
    exercised: dict[str, int] = {}
    tallies: list[Tally] = []


class Waiver(Record, frozen=True, kw_only=True):
    """A known finding that the operator accepts: by whom, why and until when (ISO date)."""

    slug: str
    owner: str
    reason: str
    expires: str
    model: str | None = None


class ReportInfo(Record, frozen=True, kw_only=True):
    """What identifies the report itself."""

    id: str
    title: str
    issued: str
    customer: str | None
    operator: str | None
    responsible: list[str]
    replaces: str | None
    cut_short: bool
    cut_short_reason: str | None


class TensorView(Record, frozen=True, kw_only=True):
    """A tensor as the endpoint's metadata describes it; ``shape`` has -1 for a variable dimension."""

    name: str
    datatype: str
    shape: list[int]
    side: Literal["input", "output"]


class IdentityReading(Record, frozen=True, kw_only=True):
    """The model's own metadata, read at one moment: digest of the body, or why there is none."""

    when: Literal["start", "middle", "end"]
    at: str
    metadata_sha256: str | None
    reason: str | None


class Unsampled(Record, frozen=True, kw_only=True):
    """Why no request is known that a model accepts, and lines for the policy that would make it testable."""

    reason: str
    paste: str


class ModelItem(Record, frozen=True, kw_only=True):
    """One model under test as the endpoint describes it; ``unsampled`` where no request is known that it accepts."""

    name: str
    version: str | None
    versions: list[str]
    platform: str | None
    tensors: list[TensorView]
    properties: dict[str, str]
    identity: list[IdentityReading]
    identity_state: Literal["unchanged", "changed", "unknown"]
    unsampled: Unsampled | None = None


class Item(Record, frozen=True, kw_only=True):
    """The item under test: what was addressed, and what the endpoint says of itself."""

    endpoint: str
    authority: str
    transports: list[str]
    server_name: str | None
    server_version: str | None
    extensions: list[str]
    models: list[ModelItem]
    declared: dict[str, str]


class Tester(Record, frozen=True, kw_only=True):
    """The tool and the machine it ran on."""

    name: str
    version: str
    commit: str | None
    python: str
    platform: str
    packages: dict[str, str]


class ClauseRow(Record, frozen=True, kw_only=True):
    """One clause of the protocol with what this run says of it."""

    id: str
    transport: str
    area: str
    level: LevelName
    text: str
    document: str
    section: str
    verdict: VerdictName | None
    checks: list[str]
    reason: str | None


class LawFact(Record, frozen=True, kw_only=True):
    """A dated fact about the law or a standard, printed and never computed with."""

    id: str
    text: str
    legal_basis: str
    source: str
    verified_on: str


class CatalogueInfo(Record, frozen=True, kw_only=True):
    """Which clauses and duties the run was held against."""

    digest: str
    protocol_commit: str
    clauses: list[ClauseRow]
    law: list[LawFact]


class PlannedCheck(Record, frozen=True, kw_only=True):
    """A check as the plan fixed it before the first request."""

    slug: str
    suite: str
    clauses: list[str]
    duties: list[str]
    criterion: str
    kind: Kind
    per: Literal["server", "model"]
    needs: list[str]


class Plan(Record, frozen=True, kw_only=True):
    """Everything fixed before the first request; its digest stands in every line of the journal."""

    schema_version: str
    run_id: str
    sealed_at: str
    endpoint: str
    profile: str
    seed: int
    suites: list[str]
    models: list[str]
    selection: str
    allow: list[str]
    budget: dict[str, float | int | None]
    decision_rule: str
    criteria: list[str]
    policy: dict[str, Any]
    policy_sha256: str | None
    catalogue_digest: str
    checks: list[PlannedCheck]


class Fact(Record, frozen=True, kw_only=True):
    """Something that matters whatever the checks say, in one sentence; no verdict.

    ``subject`` is ``open`` (who is let in where), ``credentials`` or ``plaintext``; ``exchanges`` and ``checks`` name
    what it was seen in.
    """

    subject: str
    text: str
    exchanges: list[str] = []
    checks: list[str] = []


class SuspectRow(Record, frozen=True, kw_only=True):
    """A request that was under way, or just answered, when the endpoint went away.

    Sent again on its own ``n`` times, the endpoint went away ``k`` times.
    """

    exchange: str
    what: str
    check: str | None
    under_way: bool
    k: int
    n: int


class IncidentRow(Record, frozen=True, kw_only=True):
    """The endpoint was away: ``gone`` (no connection) or ``silent`` (no answer); ``back_after_s`` is None for ever."""

    kind: Literal["gone", "silent"]
    at: str
    address: str
    check: str | None
    back_after_s: float | None
    text: str
    suspects: list[SuspectRow]


class Unreached(Record, frozen=True, kw_only=True):
    """Planned items without a verdict, by the reason why they have none."""

    reason: str
    items: list[str]


class SelfCheckRow(Record, frozen=True, kw_only=True):
    """Messages of one kind over one transport: how many were sent, how many differ, how many were judged."""

    transport: str
    meant: Literal["valid", "invalid", "neither"]
    sent: int
    distinct: int
    looked_at: int
    disagreements: int


class Disagreement(Record, frozen=True, kw_only=True):
    """A message that is not what the tester meant it to be: a defect of the tester."""

    check: str | None
    exchange: str
    text: str


class SelfCheck(Record, frozen=True, kw_only=True):
    """Whether the tester's own messages are what they were meant to be, judged by another route than made them."""

    text: str
    rows: list[SelfCheckRow] = []
    disagreements: list[Disagreement] = []
    disagreements_total: int = 0


class Run(Record, frozen=True, kw_only=True):
    """When and how the run went, and what was seen of the endpoint whatever the checks say (``facts``).

    ``planned`` counts the items that were to be carried out, ``carried_out`` those with a verdict. None for bundles
    of versions that did not write down what was planned.
    ``self_check`` is missing where the run was killed, or older than it.
    """

    id: str
    start: str
    end: str | None
    first_request: str | None
    last_request: str | None
    requests: int
    requests_failed: int
    bytes_sent: int
    bytes_received: int
    redactions: int
    config_given: dict[str, str]
    config_defaulted: dict[str, str]
    deviations: list[str]
    exit_code: int | None
    journal_head: str
    journal_lines: int
    plan_sha256: str
    facts: list[Fact] = []
    planned: int | None = None
    carried_out: int | None = None
    unreached: list[Unreached] = []
    incidents: list[IncidentRow] = []
    self_check: SelfCheck | None = None


class DutyRow(Record, frozen=True, kw_only=True):
    """One duty of Article 15 with what this run says of it and why no more.

    ``supported`` says that the observations are consistent with the duty: everything that it ``asks`` for was carried
    out, and each of the ``required`` checks that serve it ``held``, which is that it passed or does not apply.
    """

    id: str
    paragraph: str
    force: str
    text: str
    hook: str
    state: DutyStateName
    checks: list[str]
    can_show: str
    cannot_show: str
    reason: str
    elsewhere: str | None = None
    asks: str | None = None
    required: int = 0
    held: int = 0


class Silence(Record, frozen=True, kw_only=True):
    """Something that this report does not show, and where to look instead."""

    subject: str
    reason: str


class Finding(Record, frozen=True, kw_only=True):
    """One cause, with everything that it touches.

    Attributes:
        root: identity of the cause, which ``art15 explain`` knows.
        verdict: how much it counts, the worst of all that it touches.
        title: what is wrong, in one sentence.
        consequence: what it means for who uses the endpoint; None where nothing was found, and nothing decided.
        cure: how a server usually mends it, by the check that decides the clause of the cause.
        roots: what the checks recorded it under.
        transports, versions: over which, and in which versions that requests asked for, it was seen.
        also: what follows from it and was seen as well, a sentence each.
    """

    root: str
    verdict: VerdictName
    title: str
    checks: list[str]
    clauses: list[str]
    models: list[str]
    consequence: ConsequenceName | None = None
    cure: str | None = None
    roots: list[str] = []
    transports: list[str] = []
    versions: list[str] = []
    also: list[str] = []


class Summary(Record, frozen=True, kw_only=True):
    """Counts and the sentences of the first screen; no score."""

    verdicts: dict[str, int]
    clause_verdicts: dict[str, int]
    must_untested: int
    findings: list[Finding]
    statements: list[str]


class Evidence(Record, frozen=True, kw_only=True):
    """The whole document."""

    schema_version: str
    report: ReportInfo
    item: Item
    tester: Tester
    catalogue: CatalogueInfo
    plan: Plan
    run: Run
    checks: list[CheckResult]
    series: list[dict[str, Any]]
    duties: list[DutyRow]
    silence: list[Silence]
    summary: Summary


def encode(document: Record) -> bytes:
    """The document as indented UTF-8 JSON, the same bytes for the same document.

    Raises:
        ValueError: a number in it is NaN or infinite (msgspec would write ``null``, which reads as "absent").
    """
    _refuse_non_finite(msgspec.to_builtins(document), "$")
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def decode(data: bytes) -> Evidence:
    """Read ``evidence.json``; unknown members and wrong types are errors that name their path."""
    return msgspec.json.decode(data, type=Evidence)


def _refuse_non_finite(value: object, path: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{path} is {value}: the evidence holds no NaN and no infinity")
    if isinstance(value, dict):
        for key, member in value.items():
            _refuse_non_finite(member, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            _refuse_non_finite(member, f"{path}[{index}]")
