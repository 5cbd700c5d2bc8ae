"""What one check found: cases, counterexamples, and how often."""

from __future__ import annotations

from typing import Literal

from harness.bundle.parts import Estimate, Kind, LevelName, Observation, Replayed, Tally, VerdictName, Waiver
from reports.evidence.record import Record


class MessageView(Record, frozen=True, kw_only=True):
    """One side of an exchange as the page shows it: text as far as it is text, capped, already redacted."""

    line: str
    headers: list[tuple[str, str]]
    body: str
    body_bytes: int
    body_sha256: str | None
    shown_as: Literal["text", "hex", "empty"]
    truncated: bool


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


class Exemplar(Record, frozen=True, kw_only=True):
    """One exchange of a check that broke nothing: what "seen to hold" looked like on the wire."""

    exchange: str
    request: MessageView | None
    response: MessageView | None
    curl: str | None


class ClauseOutcome(Record, frozen=True, kw_only=True):
    """What one check found about one of the clauses it covers; a broken one names an exchange that shows it."""

    clause: str
    level: LevelName
    verdict: VerdictName
    exchange: str | None = None


class CheckResult(Record, frozen=True, kw_only=True):
    """One check on one model (or on the server as a whole).

    ``counterexamples`` and ``exchanges`` are capped; their totals count all that the journal has. ``exercised`` counts
    what a search has tried, by class of input. ``unreached`` says why a planned check was not carried out (``budget``,
    ``lost endpoint``); empty if it was. ``whole`` says that it came to its end, so that what it has not found is not
    there; earlier documents do not say. ``faults_found`` names the seeded faults that the check found when
    validation was last carried out, as committed; of earlier documents it is empty.
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
    faults_found: list[str] = []
    waiver: Waiver | None
    asked_by_name: bool
    started: str
    duration_s: float
    unreached: str = ""
    whole: bool | None = None
    hint: str | None = None
    exemplar: Exemplar | None = None
    counterexamples_total: int = 0
    exercised: dict[str, int] = {}
    tallies: list[Tally] = []
