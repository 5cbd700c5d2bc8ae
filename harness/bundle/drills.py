"""What a drill leaves in the evidence: the fault, who caused it and when, and the account of every request."""

from __future__ import annotations

from typing import Self

from harness.bundle.events import JournalEvent
from harness.bundle.parts import Part


class TallySeen(Part, frozen=True, kw_only=True):
    """Requests of one phase.

    Attributes:
        sent: all that went out; the sum of the five beside it.
        slow: those of the correct ones that took longer than the bound of the drill.
        unsent: planned, and not sent by the tester, or without a record: they say nothing of the endpoint.
    """

    sent: int
    correct: int
    refused: int
    failed: int
    wrong: int
    lost: int
    slow: int = 0
    unsent: int = 0

    @property
    def closes(self) -> bool:
        """Whether nothing is left over."""
        return self.sent == self.correct + self.refused + self.failed + self.wrong + self.lost

    @property
    def bad(self) -> int:
        """Requests that a client would complain of: all but the correct ones."""
        return self.sent - self.correct

    def __add__(self, other: Self) -> Self:
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class Phases:
    """Sums over the phases of an account."""

    __slots__ = ()
    before: TallySeen
    during: TallySeen
    after: TallySeen

    @property
    def total(self) -> TallySeen:
        """All phases together."""
        return self.before + self.during + self.after

    @property
    def since(self) -> TallySeen:
        """From the fault on."""
        return self.during + self.after


class AccountSeen(Phases, Part, frozen=True, kw_only=True):
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


class VersionsSeen(Part, frozen=True, kw_only=True):
    """Right answers by version, where a drill rolls one out.

    Attributes:
        early: of the new version, before the change.
        due_new, mixed: due from the new version, and those of them that the old one gave.
        due_back, kept: after the rollback, and those of them that the wrong version gave.
        switched_s: seconds from the change to the last answer of the old version.
    """

    early: int
    due_new: int
    mixed: int
    due_back: int
    kept: int
    switched_s: float | None = None


class RepetitionSeen(Part, frozen=True, kw_only=True):
    """One repetition; ``run`` names the series of its load, ``broken`` the criteria that did not hold."""

    ending: str
    reason: str = ""
    run: str = ""
    injected: HappeningSeen | None = None
    reverted: HappeningSeen | None = None
    account: AccountSeen | None = None
    executions: ExecutionsSeen | None = None
    versions: VersionsSeen | None = None
    broken: list[str] = []


class DrillRecord(Part, frozen=True, kw_only=True):
    """One drill of a policy with its repetitions.

    ``criteria`` are those that the policy states, in its words; of ``carried_out`` repetitions ``held`` broke none,
    which bounds the share of such repetitions from below by ``lower``, with ``confidence``. ``repeat`` of them were
    planned. ``baseline`` names the series of the load before anything was caused. A correct answer beyond ``slow_s`` is
    slow, and ``timeout_s`` is the client's patience. The run was told of ``replicas``.
    """

    check: str | None = None
    name: str
    fault: str
    target: str = ""
    caused_by: str = ""
    model: str = ""
    transport: str
    rate: float
    replicas: int = 1
    repeat: int = 0
    slow_s: float | None = None
    timeout_s: float | None = None
    criteria: dict[str, float] = {}
    baseline: str = ""
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
