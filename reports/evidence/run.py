"""When and how the run went, and what was seen of the endpoint whatever the checks say."""

from __future__ import annotations

from typing import Literal

from harness.bundle.parts import SelfCheck
from reports.evidence.record import Record
from reports.evidence.statements import FactKind, Params


class Fact(Record, frozen=True, kw_only=True):
    """Something that matters whatever the checks say, in one sentence; no verdict.

    ``subject`` is ``open`` (who is let in where), ``credentials`` or ``plaintext``; ``exchanges`` and ``checks`` name
    what it was seen in. ``kind`` and ``params`` say the same as ``text``; earlier documents have none.
    """

    subject: str
    text: str
    exchanges: list[str] = []
    checks: list[str] = []
    kind: FactKind | None = None
    params: Params = {}


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


class BaselineRow(Record, frozen=True, kw_only=True):
    """What the run says of the known findings that it was given.

    ``stale`` ones occur no more: the check that should have shown them came to its end. Of ``unseen`` ones nothing can
    be said: that check was not carried out, or not whole, or they do not occur in each run.
    """

    entries: int
    seen: int
    stale: list[str]
    unseen: list[str]


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
    baseline: BaselineRow | None = None
