"""Values for requests: none twice, so that what a server keeps by its inputs is met only where that is meant."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from harness.generate.distinct import distinct, joined, pool_of_rows
from harness.wire.messages import InferRequest, ModelMetadata
from harness.wire.varied import vary

# Different single rows that batches are made of, and tries for one that was not there.
POOL, TRIES = 36, 50
MANY = 64


@dataclass(slots=True)
class Values:
    """Requests with values of their own, made from one that the model has accepted.

    Attributes:
        base: that request.
        pool: single rows, where every input has a leading variable dimension; else none.
        seed: of what is drawn.
    """

    base: InferRequest
    pool: list[InferRequest]
    seed: int
    _drawn: random.Random = field(init=False)
    _whole: Iterator[InferRequest] = field(init=False)
    _used: set[tuple[int, ...]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._drawn = random.Random(self.seed)  # noqa: S311 -- of no one's secrets
        # One after another: of a large model, all at once would not be held.
        self._whole = islice(distinct(self.base, MANY), 1, None)

    @classmethod
    def of(cls, base: InferRequest, metadata: ModelMetadata | None, seed: int) -> Values:
        """The values of a model; batches of any size where metadata allows them."""
        free = metadata is not None and all(each.shape and each.shape[0] == -1 for each in metadata.inputs)
        alike = len({tensor.shape[:1] for tensor in base.inputs}) == 1
        return cls(base, pool_of_rows(base, POOL) if free and alike else [], seed)

    @property
    def batches(self) -> bool:
        """Whether there are rows to make batches of."""
        return len(self.pool) > 1

    @property
    def rows(self) -> int:
        """The rows of the accepted request."""
        return self.base.inputs[0].shape[0] if self.batches else 1

    def fresh(self, rows: int) -> InferRequest:
        """A request of so many rows with values that were not there before, as long as there are any."""
        if not self.batches:
            return next(self._whole, self.base)
        for _ in range(TRIES):
            chosen = tuple(self._drawn.choices(range(len(self.pool)), k=rows))
            if rows <= len(self.pool):
                chosen = tuple(self._drawn.sample(range(len(self.pool)), rows))
            if chosen not in self._used:
                break
        self._used.add(chosen)
        return joined([self.pool[each] for each in chosen])

    def order(self, rows: int) -> tuple[int, ...]:
        """Another order of so many rows."""
        return tuple(self._drawn.sample(range(rows), rows))


def in_order(request: InferRequest, order: Sequence[int]) -> InferRequest:
    """The request with its rows in another order."""
    inputs = []
    for tensor in request.inputs:
        width = len(tensor.elements) // len(order)
        rows = [tensor.elements[place * width : (place + 1) * width] for place in order]
        inputs.append(replace(tensor, elements=tuple(element for row in rows for element in row)))
    return vary(request, inputs=inputs)
