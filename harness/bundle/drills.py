"""What a drill leaves in the evidence: the fault, who caused it and when, and the account of every request."""

from __future__ import annotations

from harness.bundle.events import JournalEvent
from harness.bundle.parts import Part


class TallySeen(Part, frozen=True, kw_only=True):
    """Requests of one phase; ``sent`` is the sum of the five that follow it, ``slow`` are some of the correct ones."""

    sent: int
    correct: int
    refused: int
    failed: int
    wrong: int
    lost: int
    slow: int = 0
    unsent: int = 0


class AccountSeen(Part, frozen=True, kw_only=True):
    """What clients saw; times in seconds, None where there is none, of ``outage_s`` where no answer came any more."""

    before: TallySeen
    during: TallySeen
    after: TallySeen
    first_bad: float | None = None
    last_bad: float | None = None
    recovered_s: float
    outage_s: float | None = None
    refusal_s: float | None = None
    worst_s: float | None = None
    kinds: dict[str, int] = {}


class HappeningSeen(Part, frozen=True, kw_only=True):
    """What was done, when (UTC, and in seconds from the beginning of the load), and what came of it."""

    what: str
    began: str
    ended: str
    began_s: float | None = None
    ended_s: float | None = None
    argv: list[str] = []
    code: int | None = None
    output: str = ""


class ExecutionsSeen(Part, frozen=True, kw_only=True):
    """Ids that the service executed twice, executed without a correct answer, and answered without executing."""

    twice: int
    unanswered: int
    unexecuted: int


class RepetitionSeen(Part, frozen=True, kw_only=True):
    """One repetition; ``run`` names the series of its load, ``broken`` the criteria that did not hold."""

    ending: str
    reason: str = ""
    run: str = ""
    injected: HappeningSeen | None = None
    reverted: HappeningSeen | None = None
    account: AccountSeen | None = None
    executions: ExecutionsSeen | None = None
    broken: list[str] = []


class DrillRecord(Part, frozen=True, kw_only=True):
    """One drill of a policy with its repetitions.

    ``criteria`` are those that the policy states, in its words; of ``carried_out`` repetitions ``held`` broke none,
    which bounds the share of such repetitions from below by ``lower``, with ``confidence``.
    """

    check: str | None = None
    name: str
    fault: str
    target: str = ""
    caused_by: str = ""
    model: str = ""
    transport: str
    rate: float
    criteria: dict[str, float] = {}
    repetitions: list[RepetitionSeen] = []
    carried_out: int = 0
    held: int = 0
    lower: float | None = None
    confidence: float | None = None


class DrillSeen(JournalEvent, frozen=True, kw_only=True):
    """``drill``: what one drill came to, and the check that carried it out."""

    kind_of_line = "drill"
    check: str | None = None
    drill: DrillRecord
