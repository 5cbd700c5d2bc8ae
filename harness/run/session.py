"""A run: opens the bundle, seals the plan, finds the target, executes checks, closes the bundle.

Everything that happens is in the journal the moment it happens, so that a run that is killed leaves readable
evidence; the document and the page are made from the journal and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.budget import MEBIBYTE, Budget, BudgetExhausted
from harness.bundle.store import store_of
from harness.check import REGISTRY, Check, EndpointLost, Outcome, TesterFailed, Untestable
from harness.clauses import Catalogue
from harness.endpoint.bounds import NOTHING
from harness.endpoint.discovery import discover, metadata_again
from harness.endpoint.errors import TargetError
from harness.endpoint.models import ModelUnderTest
from harness.endpoint.target import Target
from harness.endpoint.warming import warm_up
from harness.incident import Incident
from harness.judging.passive.rules import Models
from harness.judging.passive.self_check import SelfChecker, Transport
from harness.judging.passive.sightings import Sightings
from harness.policy import BudgetTable, EndpointTable, Policy, WaiverTable
from harness.probing.load_runner import LoadRunner
from harness.probing.probe import Probe, checking
from harness.probing.replaying import Clients
from harness.record.clock import now
from harness.record.disk import Disk, of_this_machine
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from harness.run.config import Config
from harness.run.events import DESCRIBED, TEXT, exchange_event, incident_event, model_event, storable, target_event
from harness.run.folder import discard, make
from harness.run.incidents.continuity import Continuity
from harness.run.incidents.resending import send_suspects_again
from harness.run.options import EMBEDDED, UsageError
from harness.run.outcomes import Exit
from harness.run.planning.plan import make_plan
from harness.run.planning.prerequisites import Blocked, blocked, to_paste, without_request
from harness.run.planning.purse import Purse
from harness.run.planning.telling import EXAMPLES, Prices
from harness.run.results import (
    BUDGET,
    LOST,
    Result,
    cut_short,
    execute,
    in_words,
    reason_of,
    tell,
    told_nonetheless,
    waiver_for,
)
from harness.run.snapshot import snapshot
from harness.run.tester import tester
from harness.run.watchdog import Outlived, Watchdog
from harness.verdicts import Level, Verdict
from harness.wire.access import Access, AccessError
from harness.wire.rest import RestClient
from reports.bundle import EVIDENCE, finish, others
from reports.document.proof import UNCONNECTED, unproven
from reports.evidence import decode, encode
from reports.journal.chain import Journal

if TYPE_CHECKING:
    from harness.wire.rpc import GrpcClient


# Seconds for which a check may be quiet once the time budget is used up.
OVERTIME = 8.0
# Of a time budget, one part in so many may go into each wait for the endpoint.
WAITING_SHARE = 8


UNSOUGHT = (
    "{} parts of the credentials are too short or too ordinary to be looked for in answers (fewer than 6 signs, fewer "
    "than 10 figures, or a word of the protocol): they are taken out with their headers only"
)


class Run:
    """One run against one endpoint, from the sealed plan to the finished bundle."""

    def __init__(self, config: Config, catalogue: Catalogue, checks: Iterable[Check]) -> None:
        self.config = config
        self.catalogue = catalogue
        self.checks = tuple(checks)
        self.results: dict[str, Result] = {}
        self.exit = Exit(0, ())
        # By model without an accepted request: why, and what to paste into the policy.
        self.unsampled: dict[str, tuple[str, str]] = {}
        self.say: Callable[[str], None] = lambda _: None
        self.tell: Callable[[str], None] = lambda _: None
        self.report: Path | None = None
        self._references: dict[str | None, list[str]] = {}
        self._totals: dict[str | None, int] = {}
        self._lock = threading.Lock()
        self._middle_read = False
        self.began = False
        # Exchanges whose connection could not be opened: they show nothing of any clause.
        self._unconnected: set[str] = set()
        self.unproven: list[str] = []
        self.disk = Disk()
        self._made: tuple[Path, ...] = ()
        # What is left of the budget of bytes is for the document, the page and the results of other plugins.
        most = config.limits.evidence_bytes
        self._room = None if most is None else most * 3 // 4
        self._budget = Budget(config.limits, admit=self._admit)
        self._journal: Journal
        self._recorder: Recorder
        self._clients: list[RestClient | GrpcClient] = []
        self._messages = SelfChecker(config.seed)
        self._watchdog = Watchdog(self._share)
        # How every check ends, where discovery came to no end.
        self._stopped: Blocked | None = None
        self._self_check: dict[str, Any] | None = None
        self.target: Target

    # -- opening ---------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Seal the plan, then send the first request.

        Raises:
            UsageError: the endpoint cannot be probed as asked.
            CannotRecord: the evidence cannot be written.
        """
        config = self.config
        self._made = make(config.folder)
        plan = encode(make_plan(config, self.catalogue, self.checks, now()))
        try:
            (config.folder / "plan.json").write_bytes(plan)
            self._journal = Journal(config.folder / "journal.jsonl", hashlib.sha256(plan).hexdigest())
        except OSError as error:
            raise self.disk.fails(error) from None
        self.redactor = Redactor(config.access.secrets(), headers=[name for name, _ in config.access.headers])
        self._record_opening()
        self._recorder = Recorder(ExchangeStore(config.folder, self._room), self.redactor, self._exchange, self.disk)
        access = (config.access, *(each for each in (config.rest, config.grpc) if each is not None))
        hosts = {name for each in access for name in (each.address.host, each.sni)}
        self._sightings = Sightings(self.redactor, hosts, self._open_checks())
        self._recorder.observe(self._sightings.look)
        self._recorder.observe(self._messages.note)
        budget = self._budget
        rest = None if config.rest is None else RestClient(config.rest, self._recorder, budget)
        grpc = None if config.grpc is None else _grpc_client(config.grpc, self._recorder, budget)
        self._clients = [client for client in (rest, grpc) if client is not None]
        endpoint = self._patience(config.policy.endpoint)
        policy = msgspec.structs.replace(config.policy, endpoint=endpoint)
        self.continuity = Continuity(self._recorder, self._clients, endpoint.patience, endpoint.warm_up)
        self.continuity.say = self.say
        self._recorder.continuity = self.continuity
        self.target = self._discover(rest, grpc, policy)
        self.target.memory.keep(self._sightings)
        self.target.ahead.sees = self._sightings.sees
        self.continuity.target = self.target
        self.target.seed = config.seed
        self.target.examples = EXAMPLES[config.profile]
        self._warm_up(endpoint.warm_up)
        self.target.memory.keep(LoadRunner(config.folder / "series", config.profile, config.limits, self.say))
        self._record_target()
        self.purse = Purse(budget, self.prices, len(self.target.models))
        takes = [took for model in self.target.models for took in model.takes]
        if takes:
            self.purse.seen(sum(takes) / len(takes))
        self._watchdog.start()

    def _patience(self, endpoint: EndpointTable) -> EndpointTable:
        """What the policy says, but never so much that nothing of the time budget is left for checks."""
        seconds = self.config.limits.seconds
        if seconds is None or self.config.limits.by_profile:
            return endpoint
        share = seconds / WAITING_SHARE
        return EndpointTable(patience=min(endpoint.patience, share), warm_up=min(endpoint.warm_up, share))

    def _discover(self, rest: RestClient | None, grpc: GrpcClient | None, policy: Policy) -> Target:
        """What stands behind the endpoint; whatever is met on the way becomes a verdict of every check.

        Raises:
            UsageError: the endpoint cannot be probed as asked.
        """
        try:
            return discover(rest, grpc, policy, self.config.options.models, self.tell)
        except (TargetError, AccessError) as error:
            self.abandon()
            raise UsageError(str(error)) from error
        except BudgetExhausted as error:
            self._stopped = Blocked(Verdict.UNTESTABLE, f"not carried out: {error} before the first check", BUDGET)
        except (EndpointLost, Untestable) as error:
            self._stopped = Blocked(Verdict.UNTESTABLE, f"not carried out: {error}")
        except TesterFailed as error:
            self._stopped = Blocked(Verdict.TOOL_ERROR, f"not carried out: {error}")
        except Exception as error:  # noqa: BLE001 -- a defect of ours ends in words as well, and with the evidence
            self._stopped = Blocked(Verdict.TOOL_ERROR, of_this_machine(error) or in_words("discovery", error))
        return Target(rest, grpc, policy, "v2", NOTHING, None)

    @property
    def sent_anything(self) -> bool:
        """Whether there is anything to record."""
        return self._budget.used > 0

    def abandon(self) -> None:
        """End a run that never began: nothing is left that could be taken for evidence.

        Where the disk ended it, what was sent until then stays on record.
        """
        self._watchdog.stop()
        for client in self._clients:
            client.close()
        self._clients = []
        if hasattr(self, "_journal"):
            self._journal.close()
        if hasattr(self, "_recorder"):
            with contextlib.suppress(OSError):
                self._recorder.store.close()
        if not (self.disk.failed and self.sent_anything):
            discard(self.config.folder, self._made)

    def _warm_up(self, seconds: float) -> None:
        """The first inferences, if any will follow; what was noticed stands in the record."""
        policy, options = self.config.policy, self.config.options
        if any(check.per == "model" for check in self.checks):
            fixed = options.timeout is not None or policy.budget.request_timeout != BudgetTable().request_timeout
            # One that goes away over it is told by the first check.
            try:
                warm_up(self.target, seconds, fixed=fixed, tell=self.tell)
            except (EndpointLost, Untestable):
                pass
            except TesterFailed as error:
                self.target.remarks.append(f"warming up: {error}")
            except Exception as error:  # noqa: BLE001 -- the checks that meet it again say what it means
                self.target.remarks.append(in_words("warming up", error))
        for text in self.target.remarks:
            self.tell(text)
            self._log("deviation", {"text": text})
        self.target.ahead.note = lambda text: self._log("deviation", {"text": text})

    def _open_checks(self) -> set[str]:
        """Checks that ask only for what the protocol leaves open."""
        clauses = self.catalogue.clauses
        return {
            check.slug
            for check in self.checks
            if not check.beyond_clauses and {clauses[each].level for each in check.clauses} == {Level.AMBIGUOUS}
        }

    @property
    def prices(self) -> Prices:
        """What checks cost in this run."""
        return Prices(self.config.profile, credentials=bool(self.config.access.secrets()))

    def _record_opening(self) -> None:
        config, policy = self.config, self.config.policy
        declared = {
            name: value for name, value in msgspec.to_builtins(policy.item).items() if isinstance(value, str) and value
        }
        self._log(
            "open",
            {
                "run_id": config.run_id,
                "endpoint": config.endpoint,
                "authority": config.access.authority or config.access.address.host,
                "tester": tester(),
                "config_given": dict(config.given),
                "config_defaulted": dict(config.defaulted),
                "report": msgspec.to_builtins(policy.report),
                "declared": declared,
                "transports": config.transports,
                "plaintext": config.plaintext,
                "credentials": config.access.has_credentials,
            },
        )
        self._log("catalogue", snapshot(self.catalogue, REGISTRY))
        if self.redactor.unsought:
            self._log("deviation", {"text": UNSOUGHT.format(self.redactor.unsought)})
        for extra in config.options.endpoints[1:]:
            text = f"also named: {self.redactor.url(extra)}; this version does not compare replicas"
            self._log("deviation", {"text": text})

    def _record_target(self) -> None:
        self._log("target", target_event(self.target))
        for model in self.target.models:
            self._log("model", model_event(model))
            self._read_identity(model, "start", model.metadata_exchange.response_body, model.metadata_exchange.ok)
        for model in self.target.beyond:
            self._log("model", model_event(model))
            self.unsampled[model.id] = (model.beyond, model.mend)
            self._log("unsampled", {"model": model.id, "reason": model.beyond, "paste": model.mend})

    # -- recording -------------------------------------------------------------------------------------------------

    def _log(self, kind: str, data: dict[str, Any]) -> None:
        """Append what may hold words of the endpoint: without secrets, and as text that can be stored."""
        most = {"target": DESCRIBED, "model": DESCRIBED, "catalogue": sys.maxsize}.get(kind, TEXT)
        self._append(kind, storable(self.redactor.value(data), most))

    def _admit(self) -> None:
        """Let pass what is to be sent, or say that it could not be recorded."""
        self.disk.admit()
        if self._room is not None and self._recorder.store.written + self._journal.size >= self._room:
            most = (self.config.limits.evidence_bytes or 0) // MEBIBYTE
            raise BudgetExhausted(f"the budget of {most} MiB for evidence is used up ([budget] evidence_mebibytes)")

    def _append(self, kind: str, data: dict[str, Any]) -> None:
        """Raises CannotRecord where the journal cannot be written."""
        try:
            self._journal.append(kind, data)
        except OSError as error:
            raise self.disk.fails(error) from None

    def _exchange(self, event: dict[str, Any]) -> None:
        self._watchdog.heard()
        with self._lock:
            check = event["check"]
            self._references.setdefault(check, []).append(event["sha256"])
            self._totals[check] = self._totals.get(check, 0) + 1
            if event["error_kind"] == UNCONNECTED:
                self._unconnected.add(event["sha256"])
        self._log("exchange", exchange_event(event))

    def _identity(self, when: str) -> None:
        """Read each model's metadata again, so that a change during the run is seen."""
        with checking(self._recorder, None):
            self.target.ahead.ask([partial(metadata_again, self.target, each) for each in self.target.models])
            for model in self.target.models:
                try:
                    exchange = metadata_again(self.target, model)
                except (BudgetExhausted, EndpointLost, Untestable, TesterFailed) as error:
                    self._read_identity(model, when, b"", False, str(error))
                    continue
                self._read_identity(model, when, exchange.response_body, exchange.ok)

    def _read_identity(self, model: ModelUnderTest, when: str, body: bytes, ok: bool, reason: str = "") -> None:
        self._log(
            "identity",
            {
                "model": model.id,
                "when": when,
                "at": now(),
                "metadata_sha256": hashlib.sha256(body).hexdigest() if ok else None,
                "reason": None if ok else reason or "the metadata could not be read",
            },
        )

    # -- executing -------------------------------------------------------------------------------------------------

    def execute(self, check: Check, model: ModelUnderTest | None) -> Result:
        """Carry out one check, unless a prerequisite failed, and write its result to the journal."""
        identity = check_id(check, model)
        started, begin = now(), time.monotonic()
        levels = {clause: self.catalogue.clauses[clause].level for clause in check.clauses}
        levels |= check.beyond_clauses
        optional = frozenset(clause for clause in check.clauses if self.catalogue.clauses[clause].extension)
        probe = Probe(check, self.target, Outcome(levels, optional=optional), model)
        before = self._budget.used
        with checking(self._recorder, identity):
            verdict, reason, unmet = self._carried_out(check, probe)
        seconds = time.monotonic() - begin
        self.purse.spent(self._budget.used - before, seconds)
        result = Result(
            id=identity,
            check=check,
            model=model,
            verdict=verdict,
            reason=reason,
            outcome=probe.outcome,
            started=started,
            duration_s=seconds,
            exchanges=tuple(self._references.pop(identity, ())),
            exchanges_total=self._totals.pop(identity, 0),
            blocked=unmet,
            asked_by_name=self._asked_by_name(check, model, probe.outcome),
            waiver=self._waiver(check, model, verdict),
        )
        self.results[identity] = result
        for series in probe.outcome.series:
            self._log("series", {"check": identity, **series})
        for fact in probe.outcome.facts:
            self._log("fact", {"check": identity, **asdict(fact)})
        self._log("check", result.record())
        return result

    def _carried_out(self, check: Check, probe: Probe) -> tuple[Verdict, str, bool]:
        """Verdict and reason of a check, and whether a prerequisite kept it from being carried out.

        An endpoint that goes away meanwhile is told by it, once.
        """
        outcome = probe.outcome
        lost = self.continuity.lost
        if lost is not None and not self.continuity.untold:
            if check.passive and told_nonetheless(check, probe):
                return outcome.verdict(), reason_of(outcome), False
            outcome.ended, outcome.unreached = Verdict.UNTESTABLE, LOST
            outcome.reason = f"not carried out: {lost.text}"
            return outcome.ended, outcome.reason, False
        if lost is not None:
            reason = outcome.reason = lost.text
            outcome.ended = Verdict.UNTESTABLE
        elif self._stopped is not None and not check.passive:
            outcome.ended, outcome.reason, outcome.unreached = self._stopped
            return outcome.ended, outcome.reason, False
        elif probe.on_model is not None and probe.on_model.beyond:
            outcome.ended, outcome.reason = Verdict.UNTESTABLE, probe.on_model.beyond
            return outcome.ended, outcome.reason, False
        elif (unmet := self._kept_from(check, probe.on_model)) is not None:
            outcome.ended, outcome.reason, outcome.unreached = unmet
            return outcome.ended, outcome.reason, True
        else:
            reason = self._watched(check, probe)
            self.continuity.look()
            if outcome.unsampled and probe.on_model is not None:
                reason = outcome.reason = self._without_request(check, probe.on_model, outcome.reason)
        for incident in self.continuity.take_untold():
            self._looked_into(incident)
            tell(outcome, incident)
            reason = reason_of(outcome)
        return outcome.verdict(), reason, False

    def _watched(self, check: Check, probe: Probe) -> str:
        """Carry out a check and give its reason; one that outlives its share of time is ended."""
        # What load may take is in its plan, and its launcher ends it.
        watching = contextlib.nullcontext() if "load" in (check.allow or "") else self._watchdog.watching()
        try:
            with watching:
                return execute(check, probe, self._unconnected)[1]
        except Outlived as error:
            over = self._budget.seconds_left <= 0
            why = f"the time budget is used up; {error}" if over else str(error)
            verdict = Verdict.UNTESTABLE if over else Verdict.TOOL_ERROR
            return cut_short(probe.outcome, why, verdict, self._unconnected)

    def _share(self) -> tuple[float, float]:
        """Seconds that a check may be quiet, and seconds of processor time; see :class:`Watchdog`."""
        own, limits = self.config.policy.budget.check_seconds, self.config.limits
        waits = self.config.policy.endpoint.patience + 2 * self._budget.request_seconds + 2 / (limits.rate or 1.0)
        factor = max(1.0, EXAMPLES[self.config.profile] / EXAMPLES["standard"])
        return min(own + waits, self._budget.seconds_left + OVERTIME), own * factor

    def _kept_from(self, check: Check, model: ModelUnderTest | None) -> Blocked | None:
        """What keeps a check from being carried out: a prerequisite, or what is left of the budget."""
        return blocked(check, model, self.results) or self.purse.refusal(check_id(check, model), check)

    def _looked_into(self, incident: Incident) -> None:
        """Where it may be disturbed and has come back, the suspects are sent again; then the incident is recorded."""
        if "stress" in self.config.allow and not incident.lost and not incident.crowd:
            target = self.target
            base = target.rest.access.address.url if target.rest is not None else ""
            with contextlib.suppress(EndpointLost, TesterFailed):
                send_suspects_again(
                    incident, list(self._recorder.recent), Clients(target.rest, target.grpc), base, self.continuity
                )
        self._log("incident", incident_event(incident))

    def _asked_by_name(self, check: Check, model: ModelUnderTest | None, outcome: Outcome) -> bool:
        """Whether the suite, the model, the transport or the allowance of an item stands on the command line.

        Of a model without a request nothing was asked for by name but the model itself.
        """
        by_model = model is not None and model.named
        if outcome.unsampled:
            return by_model
        options = self.config.options
        by_transport = check.transport == "grpc" and "grpc" in self.config.given and options.endpoints[0] != EMBEDDED
        return by_model or bool(options.suites) or by_transport or check.allow is not None

    def _without_request(self, check: Check, model: ModelUnderTest, reason: str) -> str:
        """Tell once what a model lacks; gives the short reason for its checks."""
        if model.id not in self.unsampled:
            self.unsampled[model.id] = (reason, to_paste(model))
            self._log("unsampled", {"model": model.id, "reason": reason, "paste": to_paste(model)})
        return without_request(model, check.transport)

    def _waiver(self, check: Check, model: ModelUnderTest | None, verdict: Verdict) -> WaiverTable | None:
        if verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            return None
        today = datetime.now(UTC).date()
        return waiver_for(self.config.policy.waivers, check.slug, model.id if model else None, today)

    def plan_items(self, items: Iterable[tuple[Check, ModelUnderTest | None]]) -> None:
        """Record every item that is to be carried out: each must have a verdict, or the run was cut short."""
        rows = [
            {
                "id": check_id(check, model),
                "slug": check.slug,
                "suite": check.suite,
                "model": model.id if model is not None else None,
            }
            for check, model in items
        ]
        self._log("items", {"items": rows})
        self.began = True

    def halfway(self) -> None:
        """Read the identity of the models in the middle of the run, once."""
        if not self._middle_read:
            self._middle_read = True
            self._identity("middle")
            self.purse.identity_read()

    # -- closing ---------------------------------------------------------------------------------------------------

    def stale_waivers(self) -> list[str]:
        """Waivers that have run out, or that cover a check which now passes; each is red."""
        today = datetime.now(UTC).date()
        stale = []
        for waiver in self.config.policy.waivers:
            covered = [
                result
                for result in self.results.values()
                if result.check.slug == waiver.slug
                and waiver.model in (None, result.model.id if result.model else None)
            ]
            if waiver.expires < today:
                stale.append(f"waiver for {waiver.slug} ran out on {waiver.expires}")
            elif covered and all(result.verdict is Verdict.PASS for result in covered):
                stale.append(f"waiver for {waiver.slug} is not needed any more: the check passes")
        return stale

    def self_check(self) -> dict[str, Any]:
        """Whether all messages so far are what they were meant to be; judged once, at the end."""
        if self._self_check is None:
            models: dict[Transport, Models] = {
                "rest": {each.name: each.metadata for each in self.target.models},
                "grpc": {each.name: each.grpc.metadata for each in self.target.models if each.grpc is not None},
            }
            self._self_check = self._messages.judge(models)
            self._log("self_check", self._self_check)
        return self._self_check

    def close(self, exit_code: int, ended: str = "") -> None:
        """Read the identities a last time, close the journal, and stop using the network; safe to call twice.

        Args:
            ended: what ended the run before its time, such as ``SIGINT``; empty where nothing did.

        Raises:
            CannotRecord: the last lines could not be written.
        """
        if not self._clients:
            return
        self._watchdog.stop()
        try:
            if hasattr(self, "target"):
                if (bench := self.target.memory.find(LoadRunner)) is not None:
                    bench.close()
                # Where something could not be recorded nothing more is sent, and the last line says why it ended.
                if not self.disk.failed:
                    self._last_words()
            self._end_pack()
            self._log("close", {"exit_code": exit_code, "ended": ended, "files": self._vouched()})
        finally:
            for client in self._clients:
                client.close()
            self._clients = []

    def _last_words(self) -> None:
        store = self._recorder.store
        if store.clipped:
            text = (
                f"{store.clipped} bodies of requests and answers are kept in part (head, tail, digest), "
                f"{store.left_out // MEBIBYTE} MiB of them are not: raise it with [budget] evidence_mebibytes"
            )
            self._log("deviation", {"text": text})
        for text in self.stale_waivers():
            self._log("deviation", {"text": text})
        self._identity("end")
        self.self_check()
        for incident in self.continuity.take_untold():
            self._log("incident", incident_event(incident))

    def _end_pack(self) -> None:
        try:
            self._recorder.store.close()
        except OSError as error:
            raise self.disk.fails(error) from None

    def _vouched(self) -> dict[str, str]:
        """Digests of the files that nothing but the closing line vouches for, such as ``junit.xml``."""
        try:
            return others(self.config.folder)
        except OSError:
            return {}  # what is wrong with the folder ends the making of the bundle, in words

    def finish(self) -> Path:
        """Make the document, the page and the manifest from the journal; gives the path of the page.

        What the document says failed must be shown in the bundle: ``unproven`` says where it is not, which is a fault
        of ours and not of the endpoint.
        """
        store = store_of(self.config.folder)
        self.report = finish(self.config.folder, store=store)
        document = decode((self.config.folder / EVIDENCE).read_bytes())
        self.unproven = unproven(document, store)
        return self.report


def _grpc_client(access: Access, recorder: Recorder, budget: Budget) -> GrpcClient:
    from harness.wire.rpc import GrpcClient  # noqa: PLC0415 -- needs the extra grpc

    return GrpcClient(access, recorder, budget)


def check_id(check: Check, model: ModelUnderTest | None) -> str:
    """Name of the item: the slug, with the model in brackets where the check runs per model."""
    return f"{check.slug}[{model.id}]" if model is not None else check.slug
