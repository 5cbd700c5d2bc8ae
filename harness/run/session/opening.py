"""A run before its first request: opens the bundle, seals the plan, and finds the endpoint."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.budget import MEBIBYTE, Budget
from harness.bundle.ledger import LEDGER
from harness.check import Check
from harness.clauses import Catalogue
from harness.declared.running import EndpointTable
from harness.drills.injector import PERMISSION, Injector
from harness.endpoint.endpoint import Endpoint
from harness.judging.passive.repeated import RepeatedRequests
from harness.judging.passive.self_check import SelfChecker
from harness.judging.passive.sightings import Sightings
from harness.judging.passive.told_secrets import ToldSecrets
from harness.judging.passive.unanswered import UnansweredRequests
from harness.judging.passive.versions import ToldVersions
from harness.probing.load.runner import LoadProgress, LoadRunner
from harness.record.clock import now
from harness.record.disk import Disk
from harness.run.config import Config
from harness.run.folder import discard, make
from harness.run.incidents.continuity import Continuity
from harness.run.large_blocks import give_back
from harness.run.options import UsageError
from harness.run.planning.plan import make_plan
from harness.run.planning.purse import Purse
from harness.run.planning.sealing import ABANDONED, PlaceInLedger, redactor_of, seal, under_plan
from harness.run.planning.telling import EXAMPLES, Prices
from harness.run.session.beginning import log_endpoint, log_opening
from harness.run.session.equipment import Equipment
from harness.run.session.execution import share_of_check
from harness.run.session.finding import Discovered, find_endpoint, grpc_client, rest_client, warm_up_models
from harness.run.session.open_run import OpenRun
from harness.run.session.record import RunRecord
from harness.run.terminal.progress import load_line
from harness.run.watchdog import Watchdog
from harness.verdicts import Level
from harness.wire.reading import allow
from harness.wire.tensor import allow_written
from reports.evidence import encode

if TYPE_CHECKING:
    from harness.wire.rest import RestClient
    from harness.wire.rpc import GrpcClient

# Of a time budget, one part in so many may go into each wait for the endpoint.
WAITING_SHARE = 8


def _silent(_: str) -> None:
    pass


class PreparedRun:
    """One run against one endpoint, checked and not begun.

    Args:
        config: as it was asked for.
        catalogue: clauses and duties.
        checks: that the selection admits, in order.
        say: shows progress of what takes long.
        tell: shows what is waited for, and what was noticed before the first check.
    """

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        checks: Iterable[Check],
        say: Callable[[str], None] = _silent,
        tell: Callable[[str], None] = _silent,
    ) -> None:
        self.config = config
        self.catalogue = catalogue
        self.checks = tuple(checks)
        self.redactor = redactor_of(config)
        self.disk = Disk()
        self._say, self._tell = say, tell
        self._budget: Budget | None = None
        self._made: tuple[Path, ...] = ()
        self._place: PlaceInLedger | None = None
        # Closes what is open so far, the last first.
        self._to_close = contextlib.ExitStack()

    @property
    def sent_anything(self) -> bool:
        """Whether there is anything to record."""
        return self._budget is not None and self._budget.used > 0

    def open(self) -> OpenRun:
        """Seal the plan, then send the first request.

        Raises:
            UsageError: the endpoint cannot be probed as asked; nothing is left of the run.
            CannotRecord: the evidence cannot be written.
        """
        config = self.config
        allow(config.policy.budget.answer_mebibytes * MEBIBYTE)
        give_back()
        allow_written(config.policy.limits.elements)
        record = self._begin_record()
        budget = self._budget = Budget(config.limits, admit=record.admit)
        watchdog = Watchdog(partial(share_of_check, config, budget))
        record.heard = watchdog.heard
        messages, sightings = SelfChecker(config.seed), self._sightings()
        repeated, unanswered, versions = RepeatedRequests(), UnansweredRequests(), ToldVersions()
        for observer in (sightings.look, messages.note, repeated.look, unanswered.look, versions.look):
            record.recorder.observe(observer)
        record.recorder.learn = ToldSecrets(self.redactor).learn
        rest = rest_client(config, record.recorder, budget)
        grpc = grpc_client(config, record.recorder, budget)
        clients: list[RestClient | GrpcClient] = [client for client in (rest, grpc) if client is not None]
        for client in clients:
            self._to_close.callback(client.close)
        waits = self._waits()
        continuity = Continuity(record.recorder, clients, waits.patience, waits.warm_up)
        continuity.say = self._say
        record.recorder.continuity = continuity
        found = self._find(rest, grpc, waits)
        endpoint = found.endpoint
        for looked in (sightings, repeated, unanswered, versions):
            endpoint.memory.keep(looked)
        endpoint.ahead.sees = sightings.sees
        continuity.endpoint = endpoint
        self._make_ready(endpoint, record, waits.warm_up)
        log_endpoint(record, endpoint)
        prices = Prices(config.profile, credentials=bool(config.probed.access.secrets()))
        equipment = Equipment(
            config=config,
            catalogue=self.catalogue,
            checks=self.checks,
            disk=self.disk,
            record=record,
            budget=budget,
            clients=clients,
            endpoint=endpoint,
            stopped=found.stopped,
            continuity=continuity,
            messages=messages,
            watchdog=watchdog,
            prices=prices,
            purse=_purse(budget, prices, endpoint),
            place=self._place,
        )
        watchdog.start()
        self._to_close.callback(watchdog.stop)
        return OpenRun(equipment)

    def abandon(self) -> None:
        """End a run that never began: nothing is left that could be taken for evidence.

        Where the disk ended it, what was sent until then stays on record.
        """
        self._to_close.close()
        if not (self.disk.failed and self.sent_anything):
            discard(self.config.folder, self._made)
        place, self._place = self._place, None
        if place is not None:
            # A run without an ending is told as such by the next one.
            with contextlib.suppress(OSError):
                place.end(ABANDONED)

    def _begin_record(self) -> RunRecord:
        """Make the folder, and write the plan and the first lines of the journal."""
        config = self.config
        made = make_plan(config, self.catalogue, self.checks, now())
        under = None
        if config.options.plan is not None:
            mine = seal(config, self.catalogue, self.checks, made.sealed_at, self.redactor)
            under = under_plan(config.options.plan, mine)
        self._made = make(config.folder)
        sealed = None
        if under is not None:
            try:
                self._place = under.begin(config.run_id)
            except UsageError:
                self.abandon()
                raise
            sealed = self._place.sealed
        # Commands of the user may hold the token.
        made = msgspec.structs.replace(made, policy=self.redactor.value(made.policy), sealed=sealed)
        plan = encode(made)
        record = RunRecord(config, plan, self.redactor, self.disk)
        self._to_close.callback(record.abandon)
        if self._place is not None:
            record.keep(LEDGER, self._place.until_here)
        log_opening(record, config, self.catalogue, sealed.deviations if sealed else ())
        return record

    def _sightings(self) -> Sightings:
        """What looks at every answer, and knows our own names and the checks that ask for what is open."""
        config, clauses = self.config, self.catalogue.clauses
        access = [access for _, access in config.probed.by_transport]
        hosts = {name for each in access for name in (each.address.host, each.sni)}
        open_checks = {
            check.slug
            for check in self.checks
            if not check.beyond_clauses and {clauses[each].level for each in check.clauses} == {Level.AMBIGUOUS}
        }
        return Sightings(self.redactor, hosts, open_checks)

    def _waits(self) -> EndpointTable:
        """What the policy says, but never so much that nothing of the time budget is left for checks."""
        endpoint, seconds = self.config.policy.endpoint, self.config.limits.seconds
        if seconds is None or self.config.limits.by_profile:
            return endpoint
        share = seconds / WAITING_SHARE
        # A first answer tells how long the others may take: it is worth more of the time than an endpoint that is gone.
        patience, warm_up = min(endpoint.patience, share), min(endpoint.warm_up, 2 * share)
        return msgspec.structs.replace(endpoint, patience=patience, warm_up=warm_up)

    def _find(self, rest: RestClient | None, grpc: GrpcClient | None, waits: EndpointTable) -> Discovered:
        policy = msgspec.structs.replace(self.config.policy, endpoint=waits)
        try:
            config = self.config
            return find_endpoint(rest, grpc, policy, config.options.models, self._tell, config.wait_ready)
        except UsageError:
            self.abandon()
            raise

    def _show_load(self, progress: LoadProgress | None) -> None:
        self._say(load_line(self.config.said, progress) if progress is not None else "")

    def _make_ready(self, endpoint: Endpoint, record: RunRecord, warm_up: float) -> None:
        """Set the endpoint up for the checks, and warm its models up."""
        config = self.config
        endpoint.replicas, endpoint.seed = config.replicas, config.seed
        endpoint.candidate = config.candidate
        endpoint.examples = EXAMPLES[config.profile]
        warm_up_models(endpoint, config, self.checks, warm_up, self._tell)
        for text in endpoint.remarks:
            self._tell(text)
            record.note(text)
        endpoint.ahead.note = record.note
        endpoint.memory.keep(LoadRunner(config.folder / "series", config.profile, config.limits, self._show_load))
        if config.policy.drills and PERMISSION in config.allow:
            endpoint.memory.keep(Injector(config.allow, cluster=config.cluster))


def _purse(budget: Budget, prices: Prices, endpoint: Endpoint) -> Purse:
    purse = Purse(budget, prices, len(endpoint.models))
    takes = [took for model in endpoint.models for took in model.takes]
    if takes:
        purse.seen(sum(takes) / len(takes))
    return purse
