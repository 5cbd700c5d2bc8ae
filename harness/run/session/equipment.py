"""What a run that has found its endpoint works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.budget import Budget
from harness.check import Check
from harness.clauses import Catalogue
from harness.endpoint.endpoint import Endpoint
from harness.judging.passive.self_check import SelfChecker
from harness.record.disk import Disk
from harness.run.config import Config
from harness.run.incidents.continuity import Continuity
from harness.run.planning.prerequisites import Blocked
from harness.run.planning.purse import Purse
from harness.run.planning.sealing import PlaceInLedger
from harness.run.planning.telling import Prices
from harness.run.session.record import RunRecord
from harness.run.watchdog import Watchdog

if TYPE_CHECKING:
    from harness.wire.rest import RestClient
    from harness.wire.rpc import GrpcClient


@dataclass(frozen=True, slots=True)
class Equipment:
    """Made once, when the run is opened.

    Attributes:
        checks: that the selection admits, in order.
        clients: one for each address.
        stopped: how every check ends, where discovery came to no end.
        place: of the run in the ledger of its sealed plan, where it has one.
        messages: looks whether what we send is what it is meant to be.
    """

    config: Config
    catalogue: Catalogue
    checks: tuple[Check, ...]
    disk: Disk
    record: RunRecord
    budget: Budget
    clients: list[RestClient | GrpcClient]
    endpoint: Endpoint
    stopped: Blocked | None
    continuity: Continuity
    messages: SelfChecker
    watchdog: Watchdog
    prices: Prices
    purse: Purse
    place: PlaceInLedger | None = None
