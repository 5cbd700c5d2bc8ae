"""What two runs say beside each other: ``art15 diff --json`` prints a :class:`RunComparison`."""

from __future__ import annotations

from typing import Literal

from harness.bundle.parts import StandingName, VerdictName
from reports.evidence.record import Record

COMPARISON_VERSION = "1.0"

ConditionName = Literal[
    "endpoint", "transports", "tool", "clauses", "protocol", "policy", "criteria", "requirements", "profile", "seed",
    "suites", "models", "selection", "allow", "budget", "decision_rule", "cut_short",
]  # fmt: skip
FindingChange = Literal["new", "worse", "first_looked", "fixed", "milder", "not_looked", "still"]
VerdictChange = Literal["worse", "better", "first_decided", "no_longer_decided", "other"]
DriftName = Literal[
    "server", "server_header", "extensions", "version", "versions", "platform", "tensors", "property", "metadata",
    "fingerprint", "answer",
]  # fmt: skip
Quantity = Literal["estimate", "metric", "changed_share", "latency", "failed", "wrong"]
NumberChange = Literal["worse", "better", "differs", "none_shown"]


class ComparedRun(Record, frozen=True, kw_only=True):
    """One of the two; ``decided`` counts checks with pass, warn or fail."""

    journal_head: str
    report: str
    started: str
    endpoint: str
    exit_code: int | None
    cut_short: bool
    checks: int
    decided: int


class ConditionRow(Record, frozen=True, kw_only=True):
    """Something that the two runs were not asked alike in."""

    what: ConditionName
    a: str
    b: str


class FindingRow(Record, frozen=True, kw_only=True):
    """A finding of either run, on the ``models`` for which it changed so; empty for one about the server.

    ``new``: A looked for it there, and did not find it. ``first_looked``: A did not look. ``fixed`` and ``not_looked``
    are the same of B. ``worse`` and ``milder``: it counts more, or less, in B.
    """

    change: FindingChange
    root: str
    title: str
    models: list[str]
    a: VerdictName | None
    b: VerdictName | None
    standing: StandingName | None = None


class VerdictRow(Record, frozen=True, kw_only=True):
    """A check with another verdict in B."""

    check: str
    change: VerdictChange
    a: VerdictName
    b: VerdictName
    reason: str


class DriftRow(Record, frozen=True, kw_only=True):
    """Something by which the endpoint is not the one that it was; ``about`` names the part, such as a property."""

    what: DriftName
    model: str | None
    about: str
    a: str
    b: str


class Measured(Record, frozen=True, kw_only=True):
    """A number of one run with its bounds; of a share, ``k`` of ``n``."""

    value: float
    lower: float | None = None
    upper: float | None = None
    k: int | None = None
    n: int | None = None


class NumberRow(Record, frozen=True, kw_only=True):
    """A number that both runs have.

    ``chance`` is the p-value of a difference as large as this or larger, if there were none, by ``method``;
    ``adjusted`` the same for all numbers together (Holm). Latencies and failures under load are told and never count
    as worse: one run of load differs from the next by the machine that it ran on.
    """

    quantity: Quantity
    model: str | None
    about: str
    a: Measured
    b: Measured
    method: str
    chance: float
    adjusted: float
    change: NumberChange


class RunComparison(Record, frozen=True, kw_only=True):
    """Two runs, A before B.

    ``worse`` says what makes the exit code 1; ``checks_only_a`` and ``checks_only_b`` are ids of checks.
    """

    schema_version: str
    a: ComparedRun
    b: ComparedRun
    same_run: bool
    conditions: list[ConditionRow]
    findings: list[FindingRow]
    verdicts: list[VerdictRow]
    checks_only_a: list[str]
    checks_only_b: list[str]
    drift: list[DriftRow]
    numbers: list[NumberRow]
    confidence: float
    worse: list[Literal["findings", "drift", "numbers"]]
