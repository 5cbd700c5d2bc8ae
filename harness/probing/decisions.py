"""What a model decides of rows that are made: one request a row, or batches where these are seen to say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.data.declared import SampledTable
from harness.data.features import FeatureTable
from harness.endpoint.route import AnyRoute
from harness.generate.distinct import joined
from harness.oracles.rows import row
from harness.probing.labelled import Said, what_is_said
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.varied import vary

Floats = npt.NDArray[np.float64]
# Rows of one batch, and as many as are asked both ways before batches are believed.
BATCH, COMPARED = 32, 8
# A matrix product over a batch rounds otherwise than one over a row.
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Decided:
    """What the model says of one row, and the exchange in which it says so, alone or among others."""

    said: Said
    exchange: Exchange

    @property
    def decision(self) -> str:
        """The class, or the number, in one word."""
        return self.said.prediction

    @property
    def scores(self) -> tuple[float, ...]:
        """One for each class; empty where none are declared."""
        return self.said.scores

    def same(self, other: Decided, within: float = _CLOSE) -> bool:
        """Whether decisions are the same, or close where they are numbers; and whether scores are close."""
        if self.said.numeric and other.said.numeric:
            same = bool(np.isclose(float(self.decision), float(other.decision), rtol=within, atol=within))
        else:
            same = self.decision == other.decision
        return same and len(self.scores) == len(other.scores) and np.allclose(self.scores, other.scores, within, within)


class Decider:
    """Asks a model for its decisions, and counts the rows it asks about.

    Attributes:
        features: that a row of floats is made of.
        queries: rows that were asked about so far, each as often as it was.
        batched: whether rows go out in batches; None until it is known.
    """

    def __init__(self, route: AnyRoute, table: SampledTable, features: FeatureTable) -> None:
        self._route, self._table = route, table
        self.features = features
        self.queries = 0
        self.batched: bool | None = None

    def of(self, base: InferRequest, rows: Floats) -> list[Decided | None]:
        """Decisions about rows of features (n, features), all else as in one request.

        Raises:
            BudgetExhausted: it does not reach for all of them.
        """
        return self.of_requests([self.request(base, each) for each in rows])

    def of_each(self, bases: Sequence[InferRequest], rows: Floats) -> list[Decided | None]:
        """As :meth:`of`, with a request of its own for each row."""
        return self.of_requests([self.request(base, each) for base, each in zip(bases, rows, strict=True)])

    def request(self, base: InferRequest, values: Floats) -> InferRequest:
        """A request with other features."""
        return vary(base, inputs=self.features.tensors(base, values.tolist()))

    def of_requests(self, requests: Sequence[InferRequest]) -> list[Decided | None]:
        """Decisions about requests of one row each, in their order; None where an answer says none.

        Raises:
            BudgetExhausted: it does not reach for all of them.
        """
        if self.batched is None:
            self._try_batches(requests)
        if not self.batched:
            return [self.alone(each) for each in requests]
        starts = range(0, len(requests), BATCH)
        return [found for start in starts for found in self._together(requests[start : start + BATCH])]

    def alone(self, request: InferRequest) -> Decided | None:
        """The decision about one request, sent alone.

        Raises:
            BudgetExhausted: nothing more may be sent.
        """
        exchange, said = self.answer(request)
        return None if said is None else Decided(said, exchange)

    def answer(self, request: InferRequest) -> tuple[Exchange, Said | None]:
        """What comes of one request, sent alone, and what is said in it, if anything.

        Raises:
            BudgetExhausted: nothing more may be sent.
        """
        self.queries += 1
        exchange = self._route.ask(request)
        return exchange, what_is_said(self._table, self._route.outputs(exchange)) if exchange.ok else None

    def _try_batches(self, requests: Sequence[InferRequest]) -> None:
        """Believe batches if the metadata have them and the first one says what its rows alone say."""
        metadata = self._route.metadata
        inputs = metadata.inputs if metadata else ()
        alike = len({_form(each) for each in requests[:COMPARED]}) == 1
        if len(requests) < 2 or not alike or not inputs or any(each.shape[:1] != (-1,) for each in inputs):
            return
        few = requests[:COMPARED]
        together = self._answers(few)
        single = [self.alone(each) for each in few]
        agree = [a is not None and b is not None and a.same(b) for a, b in zip(together, single, strict=True)]
        self.batched = all(agree)

    def _together(self, requests: Sequence[InferRequest]) -> list[Decided | None]:
        found = self._answers(requests) if len({_form(each) for each in requests}) == 1 else [None] * len(requests)
        # What has no answer in company may have one alone.
        return [said or self.alone(each) for said, each in zip(found, requests, strict=True)]

    def _answers(self, requests: Sequence[InferRequest]) -> list[Decided | None]:
        """One batch of requests of one form; None for each where it has no answer of as many rows."""
        count = len(requests)
        nothing: list[Decided | None] = [None] * count
        batch = joined(list(requests))
        if sum(len(each.elements) for each in batch.inputs) > self._route.elements:
            return nothing
        self.queries += count
        exchange = self._route.ask(batch)
        outputs = self._route.outputs(exchange) if exchange.ok else {}
        if not outputs or any(each.shape[:1] != (count,) for each in outputs.values()):
            return nothing
        rows = ({name: row(tensor, place) for name, tensor in outputs.items()} for place in range(count))
        said = [what_is_said(self._table, each) for each in rows]
        return [None if each is None else Decided(each, exchange) for each in said]


def _form(request: InferRequest) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Names and shapes of the inputs of one row; no two rows of one form differ in the length of a batch."""
    return tuple((each.name, each.shape) for each in request.inputs)
