"""Sequences of calls in any order: what each one gives may not depend on those before (Art. 15(4), 15(1))."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.stateful import rule

from harness.check import check
from harness.generate.mutations import Mutation, mutations
from harness.generate.stateful import Journey, explore
from harness.record.exchange import Exchange
from harness.target.concurrent import Known, Lane, comparable, excused, known, lane, varies_alone
from harness.target.models import ModelUnderTest
from harness.target.probe import UNKNOWN_MODEL, Probe
from harness.target.replies import object_or_none, status_of
from harness.target.repository import accepts, is_ready

SAME, READY = "policy:same-answer", "policy:ready-infers"
STEPS = 20
NUMBERS = st.integers(0, 63)
REFUSED = "error-left-behind"
UNKNOWN_VERSION = "987654321"
QUICK_SECONDS = 1.0
NOT_NOW = (408, 429, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What a step found: a criterion, what was expected, what was seen."""

    clause: str
    expected: str
    observed: str
    exchange: Exchange
    root: str


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the journeys of one check know and use."""

    probe: Probe
    model: ModelUnderTest
    way: Lane
    ones: Sequence[Known]
    bad: Sequence[Mutation]
    metadata: object
    others: Sequence[ModelUnderTest]


@check(
    "adversarial-sequences",
    duties=["A15-1-d", "A15-4-d", "A15-4-j"],
    criteria=["same-answer", "ready-infers"],
    criterion="in drawn sequences of metadata, readiness, inferences and mistakes, each call is answered as at first",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=[],
    fix="Keep nothing of a call for the next; answer readiness from the same state that inference uses.",
)
def adversarial_sequences(probe: Probe) -> None:
    """Calls in any order are each answered as at first.

    Journeys of up to twenty drawn steps: metadata, readiness, inference of known requests with and without an id, on
    kept and new connections, invalid requests, unknown models and versions, another model. Metadata says the same,
    known requests get the same outputs (floats within 0.1 %), and a model that says it is ready infers. A refusal
    counts only if the journey was broken more than once. A broken journey is shrunk to few steps.
    """
    comparable(probe)
    ground = _ground(probe)
    examples = max(4, probe.target.examples // 2)
    _explore(probe, _journey(ground), examples, STEPS)


def _ground(probe: Probe) -> _Ground:
    way = lane(probe, "rest")
    ones = known(probe, way, 4)
    bad = [each for each in mutations(ones[0].request) if _quick(probe.model.mistake(probe.client, each))]
    metadata = probe.client.model_metadata(probe.model.name, probe.model.address)
    others = [each for each in probe.target.models if each is not probe.model and accepts(probe, each)][:1]
    return _Ground(probe, probe.model, way, ones, bad, object_or_none(metadata), others)


def _explore(probe: Probe, journey: type[Journey], examples: int, steps: int) -> None:
    broken = explore(journey, examples=examples, steps=steps, seed=probe.target.seed)
    if broken is None:
        for clause in (SAME, READY):
            probe.holds(True, clause=clause, expected="every call answered as at first", observed="")
        probe.observe(f"{examples} journeys of up to {steps} steps")
        return
    wrong: _Wrong = broken.found
    if wrong.root == REFUSED and broken.times < 2:
        probe.observe(f"once, after {' > '.join(broken.steps)}: {wrong.observed}")
        return
    observed = f"after {' > '.join(broken.steps)}: {wrong.observed}"
    probe.holds(False, clause=wrong.clause, expected=wrong.expected, observed=observed, exchange=wrong.exchange,
                root=wrong.root)  # fmt: skip


def _journey(ground: _Ground) -> type[Journey]:
    return type("CallsOnGround", (Calls,), {"ground": ground})


class Calls(Journey):
    """Calls that change nothing, in any order."""

    ground: _Ground

    @rule(number=NUMBERS, fresh=st.booleans(), name=st.sampled_from((None, "a", "bb")))
    def infer(self, number: int, fresh: bool, name: str | None) -> None:
        """A known request; ids come again with other values."""
        one = self.ground.ones[number % len(self.ground.ones)]
        where = " on a new connection" if fresh else ""
        self.step(f"infer {number % len(self.ground.ones)}{f' as {name!r}' if name else ''}{where}")
        exchange = self.ground.way.send(replace(one.request, id=name), fresh)
        self.judge(_wrong_answer(self.ground.way, one, exchange))

    @rule()
    def metadata(self) -> None:
        """Metadata says what it said."""
        ground = self.ground
        self.step("metadata")
        exchange = ground.probe.client.model_metadata(ground.model.name, ground.model.address)
        if ground.metadata is not None and exchange.ok and object_or_none(exchange) != ground.metadata:
            observed = "other metadata than at first"
            self.broke(_Wrong(SAME, "the same metadata", observed, exchange, "metadata-varies"))

    @rule()
    def ready(self) -> None:
        """A model that is ready infers."""
        self.step("ready")
        if is_ready(self.ground.probe, self.ground.model):
            self.judge(_not_inferring(self.ground.way, self.ground.ones[0]))

    @rule(version=st.booleans())
    def unknown(self, version: bool) -> None:
        """An unknown version, or an unknown model."""
        client, model, request = self.ground.probe.client, self.ground.model, self.ground.ones[0].request
        self.step(f"infer on an unknown {'version' if version else 'model'}")
        if version:
            client.infer(model.name, request, UNKNOWN_VERSION)
        else:
            client.infer(UNKNOWN_MODEL, request)

    @rule()
    def other_model(self) -> None:
        """Another model, where there is one."""
        for other in self.ground.others:
            self.step("infer on another model")
            other.infer(self.ground.probe.client, other.accepted(self.ground.probe.client).request)

    @rule(number=NUMBERS)
    def mistake(self, number: int) -> None:
        """An invalid request."""
        if self.ground.bad:
            mutation = self.ground.bad[number % len(self.ground.bad)]
            self.step(f"mistake {mutation.name}")
            self.ground.probe.client.infer(self.ground.model.name, mutation.body, self.ground.model.address)

    def judge(self, wrong: _Wrong | None) -> None:
        """End the journey if something is wrong."""
        if wrong is not None:
            self.broke(wrong)


def _wrong_answer(way: Lane, one: Known, exchange: Exchange) -> _Wrong | None:
    if not excused(exchange):
        found = one.differs(way.outputs(exchange))
        if found is None or varies_alone(way, one, 4):
            return None
        return _Wrong(SAME, "the answer that the request got first", found, exchange, "state-left-behind")
    if exchange.error is not None or exchange.status in NOT_NOW:
        return None
    observed = f"a request that was answered before: {status_of(exchange)}"
    return _Wrong(SAME, "200, as at first", observed, exchange, REFUSED)


def _not_inferring(way: Lane, one: Known) -> _Wrong | None:
    """What a model that says it is ready answers, unless it is asked twice and infers the second time."""
    for _ in range(2):
        exchange = way.send(one.request, False)
        if exchange.ok or exchange.error is not None or exchange.status in NOT_NOW[:2]:
            return None
    observed = f"ready, and inference: {status_of(exchange)}"
    return _Wrong(READY, "a model that is ready infers", observed, exchange, "ready-and-does-not-infer")


def _quick(exchange: Exchange) -> bool:
    return exchange.answered and exchange.error is None and exchange.elapsed_s < QUICK_SECONDS
