"""Calls in sequence: the steps that the sequences of a check are made of, and what each one may not do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.criteria import Criterion
from harness.endpoint.models import ModelUnderTest
from harness.generate.mutations import Mutation
from harness.generate.stateful import Step
from harness.judging.repository import accepts, is_ready
from harness.probing.baseline import (
    BaselineAnswer,
    PacedRoute,
    comparable,
    excused,
    known,
    noted_varying,
    paced_routes,
    quick_mistakes,
)
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import not_now, object_or_none, status_of
from harness.record.exchange import Exchange

SAME, READY = Criterion.SAME_ANSWER.clause, Criterion.READY_INFERS.clause
LEFT_BEHIND, REFUSED, READY_ONLY = "state-left-behind", "error-left-behind", "ready-and-does-not-infer"
# Blanks before a body are no part of its value; servers keep large bodies elsewhere than small ones.
BLANKS = b" " * (96 * 1024)
UNKNOWN_VERSION = "987654321"
# Ids come again with other values, and are of odd and of even length.
IDS = (None, "a", "bb", "a")


@dataclass(frozen=True, slots=True)
class StepFailure:
    """What a step found: a criterion, what was expected, what was seen."""

    clause: str
    expected: str
    observed: str
    exchange: Exchange
    root: str


@dataclass(frozen=True, slots=True)
class SequenceContext:
    """What the sequences of one check know and use.

    Attributes:
        ways: to the model, with requests whose answers are known; REST first.
        bad: mistakes that are refused quickly.
        metadata: the model's, as first read.
        other: another model under test that takes requests.
    """

    probe: Probe
    model: ModelUnderTest
    ways: Sequence[tuple[PacedRoute, Sequence[BaselineAnswer]]]
    bad: Sequence[Mutation]
    metadata: object
    other: ModelUnderTest | None

    def infer(self, number: int, way: int = 0, *, fresh: bool = False) -> StepFailure | None:
        """A known request, with an id that was there before or none: its answer is known."""
        paced, ones = self.ways[way]
        one = ones[number % len(ones)]
        request = replace(one.request, id=IDS[number % len(IDS)] or one.request.id)
        return self._judged(paced, one, paced.route.ask(request, fresh=fresh))

    def steps(self) -> list[Step]:
        """All that changes nothing: metadata, readiness, inferences, mistakes, and what is not there."""
        client, model = self.probe.client, self.model
        found = [
            Step("infer", self.infer),
            Step("infer on a new connection", lambda number: self.infer(number, fresh=True)),
            Step("metadata", lambda _: self._metadata()),
            Step("ready", lambda _: _sent(client.model_ready(model.name, model.address))),
            Step("server ready", lambda _: _sent(client.server_ready())),
            Step("large request", lambda _: self._large()),
            Step("unknown version", lambda _: _sent(client.infer(model.name, self._body(), UNKNOWN_VERSION))),
            Step("unknown model", lambda _: _sent(client.infer(UNKNOWN_MODEL, self._body()))),
        ]
        if self.bad:
            found.append(Step("mistake", self._mistake))
        if len(self.ways) > 1:
            found.append(Step("infer over gRPC", lambda number: self.infer(number, 1)))
        if self.other is not None:
            found.append(Step("another model", lambda _: self._another()))
        return found

    def _body(self) -> bytes:
        return self.ways[0][1][0].exchange.request_body

    def _metadata(self) -> StepFailure | None:
        exchange = self.probe.client.model_metadata(self.model.name, self.model.address)
        if self.metadata is None or not exchange.ok or object_or_none(exchange) == self.metadata:
            return None
        return StepFailure(SAME, "the same metadata", "other metadata than at first", exchange, "metadata-varies")

    def _large(self) -> None:
        self.probe.client.infer(self.model.name, BLANKS + self._body(), self.model.address)

    def _mistake(self, number: int) -> None:
        mutation = self.bad[number % len(self.bad)]
        self.probe.client.infer(self.model.name, mutation.body, self.model.address)

    def _another(self) -> None:
        if self.other is not None:
            self.other.rest.infer(self.other.rest.accepted().request)

    def _judged(self, way: PacedRoute, one: BaselineAnswer, exchange: Exchange) -> StepFailure | None:
        if not excused(exchange):
            found = one.differs(way.route.outputs(exchange))
            if found is None or noted_varying(self.probe, way, one, way.name, 4):
                return None
            return StepFailure(SAME, "the answer that the request got first", found, exchange, LEFT_BEHIND)
        if not_now(exchange):
            return None
        if is_ready(self.probe, self.model):
            again = way.route.ask(one.request, fresh=True)
            if excused(again) and not not_now(again):
                observed = f"ready, and inference: {status_of(exchange)}, then {status_of(again)}"
                return StepFailure(READY, "a model that is ready infers", observed, again, READY_ONLY)
        if exchange.error is not None:
            return None
        observed = f"a request that was answered before: {status_of(exchange)}"
        return StepFailure(SAME, "200, as at first", observed, exchange, REFUSED)


def ground(probe: Probe, count: int = 4) -> SequenceContext:
    """What is known of the model of this item; ends the check where nothing can be compared."""
    comparable(probe)
    ways = [(way, known(probe, way, count)) for way in paced_routes(probe)]
    bad = quick_mistakes(probe, ways[0][1][0].request)
    metadata = probe.client.model_metadata(probe.model.name, probe.model.address)
    others = (each for each in probe.endpoint.models if each is not probe.model and accepts(each))
    return SequenceContext(probe, probe.model, ways, bad, object_or_none(metadata), next(others, None))


def _sent(_: Exchange) -> None:
    """What matters is what comes after."""
