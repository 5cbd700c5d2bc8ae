"""Loading and unloading in any order (Art. 15(1), 15(4)): what is loaded again answers as before; with permission."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.check import Untestable, check
from harness.criteria import Criterion
from harness.generate.stateful import BrokenJourney, Step, every_two, explore
from harness.judging.extensions import polled
from harness.judging.repository import (
    index,
    is_ready,
    load,
    loadable,
    named_by_index,
    unloaded,
    with_reserve,
)
from harness.judging.sequences import READY, REFUSED, SAME, SequenceContext, StepFailure, ground
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange

GONE = "REPO-08"
ROOT = "unloaded-model-still-answers"
# Loading may take its time; then there are fewer sequences.
SECONDS, WAIT_SECONDS, BACK_SECONDS = 6.0, 10.0, 25.0
JOURNEYS, LENGTH = 3, 8
UNLOADED = "an unloaded model still infers"


class _TimeIsUp(Exception):
    """Ends the sequences: what was seen so far is what there is."""


@check(
    "adversarial-load-sequences",
    clauses=[GONE],
    duties=["A15-1-d", "A15-4-d", "A15-4-j"],
    criteria=[Criterion.SAME_ANSWER, Criterion.READY_INFERS],
    criterion="after every two loads, unloads and failed ones, a loaded model answers as at first, an unloaded one not",
    kind="search",
    allow="repository",
    needs=["repository-load-loaded"],
    faults=["unloaded-answers-from-cache", "unload-of-unknown-stops-all"],
    fix="Let load and unload change one model and nothing else, and drop what was kept of it.",
)
def adversarial_load_sequences(probe: Probe) -> None:
    """Loads and unloads in any order change nothing but whether the model infers.

    For the last model under test that infers, where the index names it and a load was answered 200: an inference after
    every two of load, unload, load and unload of a model that does not exist, and the index; then drawn journeys with
    metadata and readiness in between; six seconds in all, and longer waits for loads. While the model is loaded, known
    requests get the answers they got first (floats within 0.1 %); while it is not, they get none, ten seconds after
    the unload at the latest. A refusal counts only while readiness says yes. The model is loaded at the end, whatever
    happens.
    """
    model = named_by_index(probe)
    moves = _Moves(ground(replace(probe, on_model=model)))
    loadable(probe, model, BACK_SECONDS)
    with unloaded(probe, model, BACK_SECONDS) as absence:
        moves.deadline = time.monotonic() + SECONDS
        with contextlib.suppress(_TimeIsUp, Untestable):
            for broken in _broken(moves, probe.endpoint.seed):
                if _report(probe, broken):
                    break
    if not absence.back:
        probe.untestable(f"model {model.name!r} was unloaded, and could NOT BE LOADED AGAIN: please load it")
    if not probe.outcome.violations:
        for clause in (GONE, SAME, READY):
            probe.holds(True, clause=clause, expected="loaded as before, unloaded not at all", observed="")
    probe.observe(f"{moves.loads} loads and {moves.unloads} unloads of model {model.name!r}")


def _broken(moves: _Moves, seed: int) -> Iterator[BrokenJourney]:
    infer = Step("infer", moves.infer)
    yield from every_two(moves.steps(), Step("infer", moves.infer_and_load))
    calm = [step for step in moves.ground.steps() if step.name in ("metadata", "ready")]
    found = explore([*moves.steps(), *calm, infer], examples=JOURNEYS, length=LENGTH, seed=seed)
    if found is not None:
        yield found


def _report(probe: Probe, broken: BrokenJourney) -> bool:
    """A case of what was found, unless it was a refusal by a model that is not ready; whether it was a finding."""
    wrong: StepFailure = broken.found
    if wrong.root == REFUSED:
        probe.observe(f"after {broken.words}: {wrong.observed}")
        return False
    observed = f"after {broken.words}: {wrong.observed}"
    probe.holds(False, clause=wrong.clause, expected=wrong.expected, observed=observed, exchange=wrong.exchange,
                root=wrong.root)  # fmt: skip
    return True


@dataclass(slots=True)
class _Moves:
    """Loads and unloads of one model, and whether it is loaded as far as readiness says."""

    ground: SequenceContext
    deadline: float = 0.0
    loaded: bool = False
    loads: int = 0
    unloads: int = 0

    def steps(self) -> list[Step]:
        return [
            Step("load", lambda _: self._load()),
            Step("unload", lambda _: self._unload()),
            Step("load an unknown model", lambda _: self._unknown("load")),
            Step("unload an unknown model", lambda _: self._unknown("unload")),
            Step("index", lambda _: self._index()),
        ]

    def infer(self, number: int) -> StepFailure | None:
        """A known request: answered as at first while the model is loaded, and not at all while it is not."""
        self._in_time()
        if self.loaded:
            return self.ground.infer(number)
        way, ones = self.ground.ways[0]
        request = ones[number % len(ones)].request
        last: Exchange | None = None
        for last in polled(self.ground.probe, lambda: way.route.ask(request), WAIT_SECONDS):
            if not last.ok or is_ready(self.ground.probe, self.ground.model):
                return None
        assert last is not None
        return StepFailure(GONE, "no inference", f"{UNLOADED}: {status_of(last)}, and readiness no", last, ROOT)

    def infer_and_load(self, number: int) -> StepFailure | None:
        """The same, and then the model is there for what comes next."""
        found = self.infer(number)
        if found is None and not self.loaded:
            self._load()
        return found

    def _load(self) -> None:
        self._in_time()
        self.loads += 1
        probe, model = self.ground.probe, self.ground.model
        if load(probe, model.name).ok:
            self.loaded = self._comes_to(ready=True)

    def _unload(self) -> None:
        self._in_time()
        # Nothing is sent beyond the budget, and the model has to come back.
        with_reserve(self.ground.probe)
        self.unloads += 1
        probe, model = self.ground.probe, self.ground.model
        if load(probe, model.name, "unload").ok:
            self.loaded = not self._comes_to(ready=False)

    def _comes_to(self, *, ready: bool) -> bool:
        """Whether readiness says so within the time: inference may be what is wrong."""
        probe, model = self.ground.probe, self.ground.model
        asked = polled(probe, lambda: probe.client.model_ready(model.name, model.address), WAIT_SECONDS)
        return any(is_ready(probe, model) is ready for _ in asked)

    def _unknown(self, verb: str) -> None:
        self._in_time()
        load(self.ground.probe, UNKNOWN_MODEL, verb)

    def _index(self) -> None:
        self._in_time()
        index(self.ground.probe)

    def _in_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise _TimeIsUp
