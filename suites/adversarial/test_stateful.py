"""Sequences of calls in any order: what each one gives may not depend on those before (Art. 15(4), 15(1))."""

from __future__ import annotations

import time
from collections.abc import Iterator

from harness.check import check
from harness.criteria import Criterion
from harness.generate.stateful import BrokenJourney, Step, every_two, explore, walk
from harness.judging.sequences import READY, REFUSED, SAME, SequenceContext, StepFailure, ground
from harness.probing.probe import Probe

LENGTH = 20
REPLAYS, REPLAY_SECONDS = 3, 5.0
REPORTED = 3


@check(
    "adversarial-sequences",
    duties=["A15-1-d", "A15-4-d", "A15-4-j"],
    criteria=[Criterion.SAME_ANSWER, Criterion.READY_INFERS],
    criterion="after every two calls, and in drawn sequences of metadata, readiness, inferences and mistakes, each "
    "call is answered as at first",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "wrong-after-ready-then-metadata",
        "wrong-after-large-request",
        "broken-by-large-body",
        "wrong-second-row-after-refusal",
        "wrong-after-unknown-version",
        "answer-depends-on-previous-id",
    ],
    fix="Keep nothing of a call for the next; answer readiness from the same state that inference uses.",
)
def adversarial_sequences(probe: Probe) -> None:
    """Calls in any order are each answered as at first.

    An inference after every two of: metadata, readiness, inference of known requests with ids that come again, on kept
    and new connections and over gRPC, a body of 96 KiB, a mistake, an unknown model or version, another model. Then
    drawn journeys of up to twenty of them. Metadata says the same, known requests get the same outputs (floats within
    0.1 %), and a model that says it is ready infers. A refusal counts only if it comes again when the steps are taken
    again. A broken journey is shrunk to few steps. Of a slow model fewer pairs and journeys are taken.
    """
    reported = 0
    for broken in _broken(probe, ground(probe)):
        reported += _report(probe, broken)
        if reported >= REPORTED or (reported and broken.found.clause == READY):
            return
    if not reported:
        for clause in (SAME, READY):
            probe.holds(True, clause=clause, expected="every call answered as at first", observed="")


def _broken(probe: Probe, known: SequenceContext) -> Iterator[BrokenJourney]:
    """What breaks after every two steps; and, if nothing does, in drawn journeys."""
    steps, seed, way = known.steps(), probe.endpoint.seed, known.ways[0][0]
    pairs = way.affordable(3 * len(steps) ** 2, least=3 * LENGTH) // 3
    found = False
    for broken in every_two(steps, Step("infer", known.infer), most=pairs, seed=seed):
        found = True
        yield broken
    if found:
        return
    wanted = max(4, probe.endpoint.examples // 3)
    examples = way.affordable(wanted * LENGTH, least=LENGTH) // LENGTH
    probe.observe(f"{pairs} pairs of {len(steps)} calls, {examples} journeys of up to {LENGTH}")
    drawn = explore(steps, examples=examples, length=LENGTH, seed=seed)
    if drawn is not None:
        yield drawn


def _report(probe: Probe, broken: BrokenJourney) -> bool:
    """A case, unless a refusal does not come again; whether it was a finding."""
    wrong: StepFailure = broken.found
    again, replays = _replayed(broken)
    words = f"after {broken.words}: {wrong.observed}; came again {again} of {replays} times"
    if wrong.root == REFUSED and not again:
        probe.observe(words)
        return False
    probe.holds(False, clause=wrong.clause, expected=wrong.expected, observed=words, exchange=wrong.exchange,
                root=wrong.root)  # fmt: skip
    return True


def _replayed(broken: BrokenJourney) -> tuple[int, int]:
    """How often the same steps break again, and how often they were taken; one that hangs is taken once."""
    end = time.monotonic() + REPLAY_SECONDS
    again = replays = 0
    while replays < REPLAYS and time.monotonic() < end:
        again += walk(broken.taken) is not None
        replays += 1
    return again, replays
