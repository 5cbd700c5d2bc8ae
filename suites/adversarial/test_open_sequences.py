"""Sequences that are begun and never ended take nothing from others, however many there are (Art. 15(4), 15(5))."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from harness.check import check
from harness.criteria import Criterion
from harness.generate.distinct import distinct
from harness.judging.extensions import offered
from harness.judging.still_serves import serving_before
from harness.oracles.equality import Outputs, difference
from harness.probing.baseline import PacedRoute, declared_alike, excused, paced_route
from harness.probing.probe import Probe
from harness.record.exchange import Exchange, Transport
from harness.wire.messages import InferRequest
from harness.wire.varied import vary, without_parameters

LEAK, SAME = Criterion.NO_LEAK.clause, Criterion.SAME_ANSWER.clause
TAKEN_OVER, LOST = "open-sequence-taken-over", "open-sequence-state-lost"
NO_SEQUENCES = "the model takes no sequences"
STEPS = 3
# Sequences that are open at a time, rung by rung; the last ones in the deepest profile only.
RUNGS, DEEP_RUNGS, DEEP = (1, 4, 8, 16, 32), (64, 128, 256), 100
FIRST_ID = 715_000


@dataclass(slots=True)
class _Sequences:
    """Sequences of one model over one route; each has an id of its own.

    Attributes:
        begun: ids of those that were begun and not ended, and how many steps each has taken.
    """

    way: PacedRoute
    begun: dict[int, int]
    latest: int = FIRST_ID

    def new_id(self) -> int:
        """An id that no sequence had."""
        self.latest += 1
        return self.latest

    def step(self, request: InferRequest, sequence: int, *, start: bool = False, end: bool = False) -> Exchange:
        """One step of a sequence."""
        parameters = {"sequence_id": sequence, "sequence_start": start, "sequence_end": end}
        return self.way.route.ask(vary(request, parameters=parameters))

    def whole(self, request: InferRequest, steps: int = STEPS) -> list[Exchange]:
        """A whole sequence of a few steps, ended in any case."""
        sequence = self.new_id()
        return [self.step(request, sequence, start=step == 0, end=step == steps - 1) for step in range(steps)]

    def end_all(self, request: InferRequest) -> None:
        """End what is open."""
        for sequence in self.begun:
            self.step(request, sequence, end=True)
        self.begun.clear()


@dataclass(frozen=True, slots=True)
class _Known:
    """Two requests with different values, and the answers to a sequence of each alone."""

    new: InferRequest
    due_new: list[Outputs]
    old: InferRequest
    due_old: list[Outputs]


@dataclass(frozen=True, slots=True)
class _Stray:
    """An answer that is not that of its sequence alone: what that breaks, its root cause, and how it differs."""

    clause: str
    root: str
    words: str
    exchange: Exchange


@check(
    "adversarial-open-sequences-apart",
    duties=["A15-4-d", "A15-5-b", "A15-5-h"],
    criteria=[Criterion.NO_LEAK, Criterion.SAME_ANSWER],
    criterion="with up to 32 sequences begun and never ended, a new one and the open ones get their own answers",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=["sequence-slots-reused", "oldest-sequence-forgotten"],
    fix="Clear the state of a slot where a sequence starts, and refuse a start where every slot is taken.",
)
def adversarial_open_sequences_apart(probe: Probe) -> None:
    """Sequences that are never ended do not change others.

    On a model whose answers within a sequence differ, the same way twice. One, 4, 8, 16 and 32 sequences are begun and
    left open; after each of these numbers a new sequence with other values, and a further step of the oldest open one,
    get the answers that they get alone. Refusals are what a server with a number of slots may give. A difference counts
    if it comes again with as many open, and not with one.
    """
    _open(probe, "rest")


@check(
    "adversarial-grpc-open-sequences-apart",
    duties=["A15-4-d", "A15-5-b", "A15-5-h"],
    criteria=[Criterion.NO_LEAK, Criterion.SAME_ANSWER],
    criterion="with up to 32 sequences begun and never ended, a new one and the open ones get their own answers",
    per="model",
    kind="search",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["sequence-slots-reused"],
    fix="Clear the state of a slot where a sequence starts, and refuse a start where every slot is taken.",
)
def adversarial_grpc_open_sequences_apart(probe: Probe) -> None:
    """Sequences that are never ended do not change others, over gRPC.

    As over REST, with calls of ModelInfer.
    """
    _open(probe, "grpc")


def _open(probe: Probe, transport: Transport) -> None:
    declared_alike(probe)
    offered(probe, "sequence")
    serving_before(probe)
    way = paced_route(probe, transport)
    sequences = _Sequences(way, {})
    rungs = RUNGS + (DEEP_RUNGS if probe.endpoint.examples >= DEEP else ())
    new, old = _two(probe, way)
    known = _Known(new, _alone(probe, sequences, new, STEPS), old, _alone(probe, sequences, old, len(rungs) + 1))
    most = way.affordable(3 * rungs[-1])
    try:
        for rung in rungs:
            if 3 * rung > most or not _fill(sequences, old, rung):
                probe.observe(f"{len(sequences.begun)} sequences open at most: no further one was begun")
                break
            if (found := _strayed(sequences, known)) is not None:
                _confirm(probe, sequences, known, rung, found)
                break
    finally:
        sequences.end_all(old)
    if not probe.outcome.violations:
        for clause in (LEAK, SAME):
            probe.holds(True, clause=clause, expected="the answers of each sequence alone", observed="")


def _two(probe: Probe, way: PacedRoute) -> tuple[InferRequest, InferRequest]:
    """Two requests with different values and nothing of a sequence."""
    base = way.route.accepted().request
    # The last of a few: large ones are not held together.
    last = reduce(lambda _, each: each, distinct(base, 4))
    if last == base:
        probe.not_applicable("the model takes no two different values")
    return without_parameters(base, "sequence_"), without_parameters(last, "sequence_")


def _alone(probe: Probe, sequences: _Sequences, request: InferRequest, steps: int) -> list[Outputs]:
    """The answers to a sequence alone; ends the check on a model without a state, and on one that varies."""
    first = _outputs(sequences, sequences.whole(request, steps))
    if first is None:
        probe.not_applicable(NO_SEQUENCES)
    if all(difference(each, first[0], exact=False) is None for each in first[1:]):
        probe.not_applicable("the model was not seen to have a state: every answer of a sequence is the same")
    second = _outputs(sequences, sequences.whole(request, steps))
    if second is None:
        probe.not_applicable(NO_SEQUENCES)
    if _differ(first, second) is not None:
        probe.untestable("a sequence is answered differently twice: comparing answers decides nothing")
    return first


def _fill(sequences: _Sequences, request: InferRequest, count: int) -> bool:
    """Begin sequences until so many are open; whether they could be."""
    while len(sequences.begun) < count:
        sequence = sequences.new_id()
        if excused(sequences.step(request, sequence, start=True)):
            return False
        sequences.begun[sequence] = 1
    return True


def _strayed(sequences: _Sequences, known: _Known) -> _Stray | None:
    """Whether a step of the oldest open sequence, or a new sequence, is answered otherwise than alone."""
    oldest, steps = next(iter(sequences.begun.items()))
    exchange = sequences.step(known.old, oldest)
    sequences.begun[oldest] = steps + 1
    if not excused(exchange):
        outputs = sequences.way.route.outputs(exchange)
        found = difference(outputs, known.due_old[steps], exact=False)
        if found is not None:
            restarted = difference(outputs, known.due_old[0], exact=False) is None
            clause, root = (SAME, LOST) if restarted else (LEAK, TAKEN_OVER)
            return _Stray(clause, root, f"step {steps} of the oldest: {found}", exchange)
    exchanges = sequences.whole(known.new)
    answers = _outputs(sequences, exchanges)
    found = None if answers is None else _differ(answers, known.due_new)
    return None if found is None else _Stray(LEAK, TAKEN_OVER, f"a new one: {found}", exchanges[0])


def _confirm(probe: Probe, sequences: _Sequences, known: _Known, count: int, found: _Stray) -> None:
    """Report a difference that comes again with as many sequences open, and not with one."""
    again = None
    for rung in (count, 1):
        sequences.end_all(known.old)
        if not _fill(sequences, known.old, rung):
            break
        again, before = _strayed(sequences, known), again
    else:
        if before is not None and (again is None or count == 1):
            observed = f"with {count} sequences begun and not ended, {found.words}; again, and not with one"
            expected = "the answers of that sequence alone, or a refusal"
            probe.holds(False, clause=found.clause, expected=expected, observed=observed, exchange=found.exchange,
                        root=found.root)  # fmt: skip
            return
    probe.observe(f"with {count} sequences begun and not ended, {found.words}, which did not come again")


def _outputs(sequences: _Sequences, exchanges: Sequence[Exchange]) -> list[Outputs] | None:
    """The answers to a sequence; None where one is missing or a refusal."""
    if any(excused(each) for each in exchanges):
        return None
    return [sequences.way.route.outputs(each) for each in exchanges]


def _differ(found: Sequence[Outputs], due: Sequence[Outputs]) -> str | None:
    for step, (one, other) in enumerate(zip(found, due, strict=True)):
        words = difference(one, other, exact=False)
        if words is not None:
            return f"step {step}: {words}"
    return None
