"""The samples of a ``[[robustness]]`` table as rows of numbers, and what the model decides of them unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.bundle.robustness import RobustnessRecord, WorstSeen
from harness.check import TesterFailed
from harness.data.features import FeatureTable, NoFeature, features_of
from harness.data.labelled import LabelledData
from harness.probing.decisions import Decided, Decider
from harness.probing.labelled import described, labelled, row_of
from harness.probing.probe import Probe
from harness.robustness.declared import RobustnessTable
from harness.robustness.domain import Domain, domain_of
from harness.statistics.bootstrap import Indices
from harness.statistics.clusters import indices
from harness.wire.messages import InferRequest

Floats = npt.NDArray[np.float64]
NOT_DECLARED = "the policy gives no samples of this model for this ([[robustness]])"


@dataclass(frozen=True, slots=True)
class Bench:
    """Samples, and a model to ask about them.

    Attributes:
        data: the samples.
        requests: one for each of them.
        rows: their features, (samples, features).
        features: which these are.
        domain: the valid rows.
        decider: asks.
        base: what the model says of each sample as it is; None where it says nothing, or not the same again.
        unsteady: samples of which it does not say the same again.
    """

    table: RobustnessTable
    data: LabelledData
    requests: tuple[InferRequest, ...]
    rows: Floats
    features: FeatureTable
    domain: Domain
    decider: Decider
    base: list[Decided | None]
    unsteady: int
    seed: int

    @property
    def usable(self) -> list[int]:
        """Samples that are valid rows."""
        return (
            np.flatnonzero(self.domain.valid(self.rows)).tolist()
            if self.features.features
            else [*range(len(self.rows))]
        )

    def same(self, one: Decided, other: Decided) -> bool:
        """Whether two decisions are the same."""
        if one.said.numeric and other.said.numeric:
            return abs(float(one.decision) - float(other.decision)) <= self.table.same_within
        return one.decision == other.decision

    def clusters(self, places: Sequence[int]) -> list[Indices] | None:
        """Which of the samples at these places belong together; None where each stands alone."""
        if self.table.cluster is None:
            return None
        return indices([self.data.rows[place].cluster for place in places])

    def worst(self, place: int, before: Decided | None, after: Decided | None, words: str = "") -> WorstSeen:
        """A sample and what it was changed into, with what was said of each, alone."""
        return WorstSeen(
            row=self.data.rows[place].place + 1,
            before=_words(before),
            after=_words(after) if after is not None or not words else words,
            source=None if before is None else before.exchange.ref or None,
            exchange=None if after is None else after.exchange.ref or None,
        )

    def record(self, probe: Probe, family: int = 0) -> RobustnessRecord:
        """What is on record whatever was asked."""
        return RobustnessRecord(
            model=probe.model.id,
            transport=self.table.transport,
            data=described(probe, self.table, self.data),
            domain=domain_words(self.table),
            asked=len(self.requests),
            unsteady=self.unsteady,
            batched=bool(self.decider.batched),
            queries=self.decider.queries,
            confidence=self.table.confidence,
            family=family,
        )


def tables_of(probe: Probe) -> list[RobustnessTable]:
    """The tables of the policy about the model under test."""
    return [table for table in probe.endpoint.policy.robustness if table.model == probe.model.name]


def bench(probe: Probe, table: RobustnessTable) -> Bench:
    """Read the samples of a table and ask the model about each of them, twice.

    Raises:
        TesterFailed: they cannot be read, or the policy names a feature that they have not.
        BudgetExhausted: it does not reach for the samples.
    """
    data = labelled(probe, table)
    if not data.rows:
        raise TesterFailed(f"robustness of {table.model}: {data.path.name} has no rows")
    route = probe.model.over(table.transport)
    requests = tuple(row_of(route, data, row) for row in data.rows)
    features = features_of(data, requests[0])
    try:
        domain = domain_of(table.domain, features)
    except NoFeature as error:
        raise TesterFailed(f"robustness of {table.model}: {error}") from None
    decider = Decider(route, table, features)
    first, again = decider.of_requests(requests), decider.of_requests(requests)
    steady = [a is not None and b is not None and a.same(b) for a, b in zip(first, again, strict=True)]
    base = [said if same else None for said, same in zip(first, steady, strict=True)]
    unsteady = sum(a is not None and not same for a, same in zip(first, steady, strict=True))
    rows = np.array([features.values(request) for request in requests])
    return Bench(table, data, requests, rows, features, domain, decider, base, unsteady, probe.endpoint.seed)


def domain_words(table: RobustnessTable) -> list[str]:
    """What the policy says of valid rows, a sentence each; none where it says nothing."""
    domain = table.domain
    found = [f"{name}: {low:g} to {high:g}" for name, (low, high) in domain.range.items()]
    found += [f"{name} cannot be changed" for name in domain.immutable]
    found += [f"{name} is a whole number" for name in domain.integer]
    found += domain.relations
    if (image := domain.image) is not None:
        height, width = image.shape
        found.append(f"an image of {height} by {width} pixels, from {image.range[0]:g} to {image.range[1]:g}")
    return found


def _words(decided: Decided | None) -> str:
    if decided is None:
        return "no answer"
    return f"{decided.decision} (score {max(decided.scores):.6g})" if decided.scores else decided.decision
