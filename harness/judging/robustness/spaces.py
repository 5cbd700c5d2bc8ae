"""The samples of a table as attacks see them: where each may go, and a model that answers rows of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from harness.attacks.search import Answers
from harness.attacks.space import Floats, Space
from harness.check import TesterFailed
from harness.data.features import is_numeric
from harness.judging.robustness.bench import Bench
from harness.judging.robustness.follow_ups import mutable, scale_of
from harness.probing.decisions import Decided
from harness.probing.replies import status_of
from harness.robustness.declared import EVERY, Unit
from harness.wire.messages import InferRequest

_NARROW = {"FP16": np.float16, "FP32": np.float32, "BF16": np.float32}


class SpaceMaker:
    """Makes the space around each sample.

    Raises:
        TesterFailed: the policy names a feature or a unit that there is not, or the samples have no numbers.
    """

    def __init__(self, bench: Bench, features: Sequence[str], unit: Unit) -> None:
        if not bench.features.features:
            raise TesterFailed(f"robustness of {bench.table.model}: attacks are on numbers, and no input has any")
        self._bench = bench
        at = mutable(bench, features or [EVERY])
        scale = scale_of(bench, unit, at)
        self._unit = np.ones(bench.rows.shape[1])
        # What never varies in the samples has no standard deviation to be measured in.
        self._unit[at] = np.where(scale > 0, scale, 1.0)
        self._free = np.zeros(bench.rows.shape[1], dtype=np.bool_)
        self._free[at] = scale > 0
        self._dtype = _narrowest(bench)

    def around(self, place: int) -> Space:
        """The space around the sample at a place."""
        domain = self._bench.domain
        return Space(
            start=self._bench.rows[place].astype(self._dtype).astype(np.float64),
            lower=domain.lower,
            upper=domain.upper,
            unit=self._unit,
            free=self._free,
            whole=domain.whole,
            dtype=self._dtype,
            holds=domain.related if domain.relations else None,
            shape=self._shape(),
        )

    def _shape(self) -> tuple[int, int, int] | None:
        image = self._bench.table.domain.image
        # Of channels that stand one after the other a square is no run of elements.
        if image is None or image.elements != len(self._free) or (image.layout == "chw" and image.channels > 1):
            return None
        return (*image.shape, image.channels)


def _narrowest(bench: Bench) -> npt.DTypeLike:
    """A type whose numbers every input holds."""
    types = [_NARROW.get(each.datatype, np.float64) for each in bench.requests[0].inputs if is_numeric(each)]
    return min(types, key=lambda each: np.dtype(each).itemsize)


@dataclass(slots=True)
class Noted:
    """What an attack is seen to meet.

    Attributes:
        times: of answers, in ms, in the order in which they came.
        refused: how often which status came instead of an answer, of rows that were sent alone.
    """

    times: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


class AskedAbout:
    """The model as an oracle about changes of one sample.

    Args:
        bench: whose sample it is.
        place: of the sample.
        noted: takes what is seen.
    """

    def __init__(self, bench: Bench, place: int, noted: Noted) -> None:
        self._bench, self._place, self._noted = bench, place, noted

    def __call__(self, rows: Floats) -> Answers:
        """What the model says of rows, (rows, features).

        Raises:
            BudgetExhausted: it does not reach for all of them.
        """
        decider, base = self._bench.decider, self._bench.requests[self._place]
        together = decider.batched and len(rows) > 1
        found = decider.of(base, rows) if together else [self._alone(decider.request(base, row)) for row in rows]
        exchanges = {each.exchange.n: each.exchange for each in found if each is not None}
        self._noted.times += [(each.end_ns - each.start_ns) / 1e6 for each in exchanges.values()]
        return Answers([self._label(each) for each in found], _scores(found))

    def _alone(self, request: InferRequest) -> Decided | None:
        exchange, said = self._bench.decider.answer(request)
        if said is None:
            self._noted.refused[status_of(exchange)] += 1
            return None
        return Decided(said, exchange)

    def _label(self, said: Decided | None) -> str | None:
        """The decision in one word; numbers that are the same decision as the sample's have its word."""
        own = self._bench.base[self._place]
        if said is None or own is None or not self._bench.same(own, said):
            return None if said is None else said.decision
        return own.decision


def _scores(found: Sequence[Decided | None]) -> Floats | None:
    """(rows, classes), NaN where there is no answer; None where no answer has any, or not always as many."""
    counts = {len(each.scores) for each in found if each is not None}
    if len(counts) != 1 or counts == {0}:
        return None
    classes = counts.pop()
    return np.array([(np.nan,) * classes if each is None else each.scores for each in found], dtype=np.float64)
