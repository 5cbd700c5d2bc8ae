"""What varies by itself, and what something has changed for good."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from harness.generate.distinct import distinct
from harness.probing.baseline import SILENCES, BaselineAnswer, PacedRoute, answered, repeats, varies_alone
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.pace import Pace
from harness.wire.tensor import Tensor

BASE = InferRequest((Tensor("x", "FP32", (1, 2), (1.0, 2.0)),))


def exchange(n: int, status: int | None) -> Exchange:
    values: dict[str, Any] = dict.fromkeys(Exchange.__dataclass_fields__)
    values |= {"n": n, "status": status, "start_ns": 0, "end_ns": 1000, "response_body": b"", "ref": ""}
    return Exchange(**values)


class Scripted:
    """A route that answers with these values one after the other, and then from the beginning; None is silence."""

    def __init__(self, answers: Sequence[float | None]) -> None:
        self.script = itertools.cycle(answers)
        self.seen: list[float | None] = []
        self.client = SimpleNamespace(pace=Pace())

    def ask(self, _: InferRequest) -> Exchange:
        self.seen.append(next(self.script))
        return exchange(len(self.seen), None if self.seen[-1] is None else 200)

    def outputs(self, each: Exchange) -> dict[str, Tensor]:
        return {"y": Tensor("y", "FP32", (1,), (self.seen[each.n - 1],))}


def way_with(answers: Sequence[float | None]) -> PacedRoute:
    scripted: Any = Scripted(answers)
    return PacedRoute(scripted, "scripted", BASE)


def known_as(value: float) -> BaselineAnswer:
    return BaselineAnswer(BASE, {"y": Tensor("y", "FP32", (1,), (value,))}, exchange(0, 200))


@pytest.mark.parametrize(
    ("answers", "varies"), [([1.0], False), ([2.0], False), ([1.0, 2.0], True), ([1.0, 1.0, 1.0, 2.0], True)]
)
def test_what_is_changed_for_good_does_not_vary(answers: list[float | None], *, varies: bool) -> None:
    assert (varies_alone(way_with(answers), known_as(1.0)) is not None) is varies


def test_repeats() -> None:
    assert repeats(way_with([1.0]), known_as(1.0))
    assert not repeats(way_with([2.0]), known_as(1.0))


def test_requests_that_are_answered_differently_come_first() -> None:
    found = answered(way_with([1.0, 1.0, 3.0]), distinct(BASE, 3), 3)
    assert [one.outputs["y"].elements for one in found] == [(1.0,), (3.0,), (1.0,)]


def test_an_endpoint_that_is_silent_is_not_asked_for_long() -> None:
    silent: Any = Scripted([None])
    assert answered(PacedRoute(silent, "silent", BASE), distinct(BASE, 12), 12) == []
    assert len(silent.seen) == SILENCES


def test_a_slow_or_limited_endpoint_is_asked_less() -> None:
    way = way_with([1.0])
    assert way.affordable(100) == 100
    way.route.client.pace.slow_down()
    limited = way.affordable(1000)
    assert limited < 1000
    way.seconds = 0.15
    assert way.affordable(1000) < limited


def test_the_seconds_of_a_way_are_the_median_of_its_answers() -> None:
    way = way_with([1.0])
    ones = [replace(known_as(1.0), exchange=replace(exchange(0, 200), end_ns=end * 10**9)) for end in (9, 1, 3, 2)]
    way.time_by(ones)
    assert way.seconds == 3.0
    way.time_by(ones[:1])
    assert way.seconds == 9.0
    way.time_by([])
    assert way.seconds == 0.0
