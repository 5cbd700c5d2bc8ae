"""What a line of the journal and the document hold alike."""

from __future__ import annotations

from typing import Literal

import msgspec

VerdictName = Literal["not_applicable", "pass", "warn", "untestable", "inconclusive", "tool_error", "fail"]
LevelName = Literal["must", "should", "may", "ambiguous"]
Kind = Literal["search", "sampling", "direct"]
LeftOutKind = Literal["clause", "criterion", "advice", "check"]
StandingName = Literal["new", "known", "not_counted"]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what both hold: immutable, by keyword, closed."""


class Tester(Part, frozen=True, kw_only=True):
    """The tool and the machine it ran on."""

    name: str
    version: str
    commit: str | None
    python: str
    platform: str
    packages: dict[str, str]


class TensorView(Part, frozen=True, kw_only=True):
    """A tensor as the endpoint's metadata describes it; ``shape`` has -1 for a variable dimension."""

    name: str
    datatype: str
    shape: list[int]
    side: Literal["input", "output"]


class LawFact(Part, frozen=True, kw_only=True):
    """A dated fact about the law or a standard, printed and never computed with."""

    id: str
    text: str
    legal_basis: str
    source: str
    verified_on: str


class StandardFact(Part, frozen=True, kw_only=True):
    """A standard or guide that methods are informed by, with its status on a date; printed as it stands."""

    id: str
    about: str
    status: str
    bearing: str
    as_of: str


class SuiteRow(Part, frozen=True, kw_only=True):
    """A suite: its title stands where none of its checks ran, ``heading`` above its results in ``section``.

    ``measures`` says that what it measured is drawn, even where no check decided.
    """

    name: str
    title: str
    section: str = ""
    heading: str = ""
    measures: bool = False


class SelfCheckRow(Part, frozen=True, kw_only=True):
    """Messages of one kind over one transport: how many were sent, how many differ, how many were judged."""

    transport: str
    meant: Literal["valid", "invalid", "neither"]
    sent: int
    distinct: int
    looked_at: int
    disagreements: int


class Disagreement(Part, frozen=True, kw_only=True):
    """A message that is not what the tester meant it to be: a defect of the tester."""

    check: str | None
    exchange: str
    text: str


class SelfCheck(Part, frozen=True, kw_only=True):
    """Whether the tester's own messages are what they were meant to be, judged by another route than made them."""

    text: str
    rows: list[SelfCheckRow] = []
    disagreements: list[Disagreement] = []
    disagreements_total: int = 0


class Replayed(Part, frozen=True, kw_only=True):
    """How often a counterexample was seen again: ``k`` of ``n`` repetitions."""

    k: int
    n: int


class Tally(Part, frozen=True, kw_only=True):
    """How often one check saw one root cause break one clause, whatever of it is shown.

    ``verdict`` is how much it counts, ``owner`` the check that decides the clause, and ``cure`` how a server usually
    mends it, in that check's words. ``standing`` says of what fails whether it was new, known by the baseline, or
    outside of the requirement set; earlier versions do not.
    """

    clause: str
    root: str
    failures: int
    cases: int
    verdict: VerdictName | None = None
    owner: str | None = None
    cure: str | None = None
    standing: StandingName | None = None


class LeftOut(Part, frozen=True, kw_only=True):
    """Something that a requirement set does not count, and why."""

    kind: LeftOutKind
    name: str
    reason: str


class Estimate(Part, frozen=True, kw_only=True):
    """``k`` successes in ``n`` independent draws, with an interval by ``method`` at ``confidence``."""

    k: int
    n: int
    method: str
    lower: float
    upper: float
    confidence: float


class Observation(Part, frozen=True, kw_only=True):
    """Something seen that no clause decides: which of the permitted readings the endpoint follows."""

    clause: str | None
    text: str


class Waiver(Part, frozen=True, kw_only=True):
    """A known finding that the operator accepts: by whom, why and until when (ISO date)."""

    slug: str
    owner: str
    reason: str
    expires: str
    model: str | None = None
