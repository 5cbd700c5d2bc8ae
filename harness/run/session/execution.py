"""Carries out the checks of a run, one after the other, and keeps what came of each."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict
from datetime import UTC, datetime

import msgspec

from harness.budget import Budget
from harness.bundle.accuracy import AccuracySeen
from harness.bundle.attacks import AttacksSeen
from harness.bundle.drills import DrillSeen
from harness.bundle.events import FactSeen, UnsampledSeen
from harness.bundle.fingerprints import FingerprintSeen
from harness.bundle.provenance import ProvenanceSeen
from harness.bundle.robustness import RobustnessSeen
from harness.bundle.series import LoadSeries
from harness.check import Check, EndpointLost, TesterFailed
from harness.criteria import Criterion
from harness.drills.injector import PERMISSION as FAULTS
from harness.endpoint.models import ModelUnderTest
from harness.incident import Incident
from harness.outcome import Outcome
from harness.probing.probe import Probe, checking
from harness.probing.replaying import Clients
from harness.record.clock import now
from harness.run.accepting.waivers import waiver_for
from harness.run.config import Config
from harness.run.events import incident_event
from harness.run.incidents.resending import send_suspects_again
from harness.run.one_check import cut_short, execute, tell, told_nonetheless
from harness.run.options import is_embedded
from harness.run.planning.prerequisites import Blocked, blocked, to_paste, without_request
from harness.run.planning.telling import EXAMPLES
from harness.run.results import LOST, Result, check_id, reason_of
from harness.run.session.equipment import Equipment
from harness.run.watchdog import Outlived
from harness.verdicts import Verdict

# What checks leave beside their verdicts.
Recorded = LoadSeries | DrillSeen | AccuracySeen | ProvenanceSeen | RobustnessSeen | AttacksSeen | FingerprintSeen
# Seconds for which a check may be quiet once the time budget is used up.
OVERTIME = 2.0


class Execution:
    """The checks of one run.

    Attributes:
        results: by id, in the order in which they were carried out.
        unsampled: by model without an accepted request: why, and what to paste into the policy.
    """

    def __init__(self, equipment: Equipment) -> None:
        self._with = equipment
        self.results: dict[str, Result] = {}
        self.unsampled = {model.id: (model.beyond, model.mend) for model in equipment.endpoint.beyond}

    def execute(self, check: Check, model: ModelUnderTest | None) -> Result:
        """Carry out one check, unless a prerequisite failed, and write its result to the journal."""
        config, record = self._with.config, self._with.record
        identity = check_id(check, model)
        started, begin = now(), time.monotonic()
        probe = self._probe(check, model)
        before = self._with.budget.used
        with checking(record.recorder, identity):
            try:
                verdict, reason, unmet = self._carried_out(check, probe)
            finally:
                record.told.outcome(probe.outcome)
                # Also where the run ends here, on Ctrl-C: what was done stays on record.
                for series in probe.outcome.series:
                    assert isinstance(series, Recorded)
                    record.log(msgspec.structs.replace(series, check=identity))
        seconds = time.monotonic() - begin
        self._with.purse.spent(self._with.budget.used - before, seconds)
        exchanges, total = record.take_references(identity)
        reason = record.told.words(reason)
        result = Result(
            id=identity,
            check=check,
            model=model,
            verdict=verdict,
            reason=reason,
            outcome=probe.outcome,
            started=started,
            duration_s=seconds,
            exchanges=exchanges,
            exchanges_total=total,
            blocked=unmet,
            asked_by_name=_asked_by_name(config, check, model, probe.outcome),
            waiver=waiver_for(config.policy.waivers, check, model, verdict, datetime.now(UTC).date()),
            failed=config.accepting.failed(check, model, probe.outcome),
            counts=config.accepting.counts(check),
        )
        self.results[identity] = result
        record.told.ended(identity)
        for fact in probe.outcome.facts:
            record.log(FactSeen(check=identity, **asdict(fact)))
        record.log(result.event())
        return result

    def _probe(self, check: Check, model: ModelUnderTest | None) -> Probe:
        clauses = self._with.catalogue.clauses
        levels = {clause: clauses[clause].level for clause in check.clauses} | check.beyond_clauses
        optional = frozenset(clause for clause in check.clauses if clauses[clause].extension)
        return Probe(check, self._with.endpoint, Outcome(levels, optional=optional), model)

    def _carried_out(self, check: Check, probe: Probe) -> tuple[Verdict, str, bool]:
        """Verdict and reason of a check, and whether a prerequisite kept it from being carried out.

        An endpoint that goes away meanwhile is told by it, once.
        """
        outcome, continuity = probe.outcome, self._with.continuity
        lost = continuity.lost
        if lost is not None and not continuity.untold:
            if check.passive and told_nonetheless(check, probe):
                return outcome.verdict(), reason_of(outcome), False
            return *_ends(outcome, Blocked(Verdict.UNTESTABLE, f"not carried out: {lost.text}", LOST)), False
        if lost is not None:
            reason = outcome.reason = lost.text
            outcome.ended = Verdict.UNTESTABLE
        elif self._with.stopped is not None and not check.passive:
            return *_ends(outcome, self._with.stopped), False
        elif probe.on_model is not None and probe.on_model.beyond:
            return *_ends(outcome, Blocked(Verdict.UNTESTABLE, probe.on_model.beyond)), False
        elif (unmet := self._kept_from(check, probe.on_model)) is not None:
            return *_ends(outcome, unmet), True
        else:
            reason = self._watched(check, probe)
            continuity.look()
            if outcome.unsampled and probe.on_model is not None:
                reason = outcome.reason = self._without_request(check, probe.on_model, outcome.reason)
        for incident in continuity.take_untold():
            self._looked_into(incident)
            tell(outcome, incident)
            reason = reason_of(outcome)
        return outcome.verdict(), reason, False

    def _watched(self, check: Check, probe: Probe) -> str:
        """Carry out a check and give its reason; one that outlives its share of time is ended."""
        unconnected = self._with.record.unconnected
        # What load and drills may take is in their plans, and its launcher ends it.
        planned = any(word in (check.allow or "") for word in ("load", FAULTS))
        watching = contextlib.nullcontext() if planned else self._with.watchdog.watching()
        try:
            with watching:
                return execute(check, probe, unconnected)[1]
        except Outlived as error:
            over = self._with.budget.seconds_left <= 0
            why = f"the time budget is used up; {error}" if over else str(error)
            verdict = Verdict.UNTESTABLE if over else Verdict.TOOL_ERROR
            return cut_short(probe.outcome, why, verdict, unconnected)

    def _kept_from(self, check: Check, model: ModelUnderTest | None) -> Blocked | None:
        """What keeps a check from being carried out: a prerequisite, or what is left of the budget."""
        return blocked(check, model, self.results) or self._with.purse.refusal(check_id(check, model), check)

    def _looked_into(self, incident: Incident) -> None:
        """Where it may be disturbed and has come back, the suspects are sent again; then the incident is recorded."""
        if "stress" in self._with.config.allow and not incident.lost and not incident.crowd:
            endpoint = self._with.endpoint
            base = endpoint.rest.access.address.url if endpoint.rest is not None else ""
            recent = list(self._with.record.recorder.recent)
            with contextlib.suppress(EndpointLost, TesterFailed):
                send_suspects_again(
                    incident, recent, Clients(endpoint.rest, endpoint.grpc), base, self._with.continuity
                )
        self._with.record.log(incident_event(incident))

    def _without_request(self, check: Check, model: ModelUnderTest, reason: str) -> str:
        """Tell once what a model lacks; gives the short reason for its checks."""
        reason = self._with.record.told.words(reason)
        if model.id not in self.unsampled:
            self.unsampled[model.id] = (reason, to_paste(model))
            self._with.record.log(UnsampledSeen(model=model.id, reason=reason, paste=to_paste(model)))
        return without_request(model, check.transport)


def share_of_check(config: Config, budget: Budget) -> tuple[float, float]:
    """Seconds that a check may be quiet, and seconds of processor time; see :class:`Watchdog`."""
    own, limits = config.policy.budget.check_seconds, config.limits
    waits = config.policy.endpoint.patience + 2 * budget.request_seconds + 2 / (limits.rate or 1.0)
    factor = max(1.0, EXAMPLES[config.profile] / EXAMPLES["standard"])
    over = budget.seconds_left < -OVERTIME
    return OVERTIME if over else own + waits, own * factor


def _ends(outcome: Outcome, how: Blocked) -> tuple[Verdict, str]:
    """End a check that is not carried out."""
    outcome.ended, outcome.reason, outcome.unreached = how
    return how.verdict, how.reason


def _asked_by_name(config: Config, check: Check, model: ModelUnderTest | None, outcome: Outcome) -> bool:
    """Whether the suite, the model, the transport, the allowance or the candidate of an item was named.

    Of a model without a request nothing was asked for by name but the model itself.
    """
    by_model = model is not None and model.named
    if config.candidate is not None and Criterion.ROLLOUT in check.criteria:
        return True
    if outcome.unsampled:
        return by_model
    options = config.options
    by_transport = check.transport == "grpc" and "grpc" in config.given and not is_embedded(options.endpoints[0])
    return by_model or bool(options.suites) or by_transport or check.allow is not None
