"""Whether a request that names a version is answered by that version, whatever the answer says of itself.

That a model answers now this and now that is no excuse where each of the answers is that of another version. But a
model may be nondeterministic, whatever its versions: so answers must differ in several elements between the versions,
whole answers are compared, and which one comes must depend on the version that was named, beyond chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.generate.distinct import distinct
from harness.oracles.equality import difference
from harness.oracles.isolation import Outputs
from harness.probing.baseline import PacedRoute
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest

# Requests to see what each version answers most of the time, and to count.
FEW, MANY = 5, 64
# Elements in which the answers of two versions have to differ; a rounded class or a flag falls together by chance.
APART = 3
CHANCE = 0.001


@dataclass(frozen=True, slots=True)
class Mix:
    """Two versions that answered for each other.

    Attributes:
        words: how often, for people.
        exchange: one answer that is that of the other version.
    """

    words: str
    exchange: Exchange


def mixed(ways: Sequence[PacedRoute]) -> tuple[Mix | None, int]:
    """The first two versions seen to answer for each other, and how many pairs of versions could be told apart."""
    told = 0
    for number, one in enumerate(ways):
        for other in ways[number + 1 :]:
            request = next((each for each in distinct(one.base, 3) if _differ(one, other, each)), None)
            if request is None:
                continue
            told += 1
            found = _count(one, other, request)
            if found is not None:
                return found, told
    return None, told


def _differ(one: PacedRoute, other: PacedRoute, request: InferRequest) -> bool:
    """Whether the two mostly answer the request differently, in several elements."""
    first, second = (_usual(way, request) for way in (one, other))
    return first is not None and second is not None and _apart(first, second) >= APART


def _usual(way: PacedRoute, request: InferRequest) -> Outputs | None:
    """What most of a few answers are; None where nothing is answered."""
    groups: list[list[Outputs]] = []
    for _ in range(FEW):
        exchange = way.route.ask(request)
        outputs = way.route.outputs(exchange) if exchange.ok else {}
        if outputs:
            same = next((group for group in groups if _same(group[0], outputs)), None)
            groups.append([outputs]) if same is None else same.append(outputs)
    return max(groups, key=len)[0] if groups else None


def _count(one: PacedRoute, other: PacedRoute, request: InferRequest) -> Mix | None:
    usual = [_usual(way, request) for way in (one, other)]
    if usual[0] is None or usual[1] is None or _apart(usual[0], usual[1]) < APART:
        return None
    counts: list[Counter[int]] = [Counter(), Counter()]
    strayed: Exchange | None = None
    for _ in range(min(way.affordable(MANY) for way in (one, other))):
        for own, way in enumerate((one, other)):
            exchange = way.route.ask(request)
            outputs = way.route.outputs(exchange) if exchange.ok else {}
            whose = next((which for which in (0, 1) if outputs and _same(outputs, usual[which])), None)
            if whose is not None:
                counts[own][whose] += 1
                strayed = exchange if whose != own else strayed
    if strayed is None:
        return None
    from scipy.stats import fisher_exact  # noqa: PLC0415 -- takes a second to import, and most runs need none of it

    if fisher_exact(np.array([[row[0], row[1]] for row in counts])).pvalue > CHANCE:
        return None
    words = "; ".join(
        f"{row[1 - own]} of {row.total()} requests that name {way.name.rpartition(' ')[2]} got the answer of the other"
        for own, (way, row) in enumerate(zip((one, other), counts, strict=True))
    )
    return Mix(words, strayed)


def _same(one: Outputs, other: Outputs | None) -> bool:
    return other is not None and difference(one, other, exact=False) is None


def _apart(one: Outputs, other: Outputs) -> int:
    """In how many elements two answers differ."""
    return sum(
        first != second
        for name in set(one) & set(other)
        for first, second in zip(one[name].elements, other[name].elements, strict=False)
    )
