"""Decisions about rows: batches are believed where they say what single rows say, and never otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.data.declared import SampledTable
from harness.data.features import Feature, FeatureTable
from harness.probing.decisions import BATCH, COMPARED, Decider
from harness.wire.messages import InferRequest, ModelMetadata, TensorMetadata
from harness.wire.tensor import Tensor

TABLE = SampledTable(model="m", data="rows.csv", output="label")
FEATURES = FeatureTable((Feature("a", "x", whole=False), Feature("b", "x", whole=False)))
BASE = InferRequest((Tensor("x", "FP32", (1, 2), (0.0, 0.0)),))
Answer = Callable[[np.ndarray[Any, Any]], list[int] | None]


@dataclass
class FakeRoute:
    """A model that answers the rows of a request at once."""

    answer: Answer
    leading: int = -1
    elements: int = 1000
    sent: list[int] = field(default_factory=list)

    @property
    def metadata(self) -> ModelMetadata:
        inputs = (TensorMetadata("x", "FP32", (self.leading, 2)),)
        return ModelMetadata(name="m", versions=(), platform="", inputs=inputs, outputs=(), properties={})

    def ask(self, request: InferRequest) -> SimpleNamespace:
        (tensor,) = request.inputs
        self.sent.append(tensor.shape[0])
        labels = self.answer(np.array(tensor.elements).reshape(tensor.shape))
        return SimpleNamespace(ok=labels is not None, labels=labels, ref="")

    def outputs(self, exchange: SimpleNamespace) -> dict[str, Tensor]:
        labels = tuple(exchange.labels)
        return {"label": Tensor("label", "INT64", (len(labels),), labels)}


def decided(route: FakeRoute, count: int) -> tuple[Decider, list[str | None]]:
    decider = Decider(route, TABLE, FEATURES)  # type: ignore[arg-type]
    rows = np.stack([np.arange(count), np.zeros(count)], axis=1).astype(np.float64)
    return decider, [None if each is None else each.decision for each in decider.of(BASE, rows)]


def parity(rows: np.ndarray[Any, Any]) -> list[int]:
    return [int(each) % 2 for each in rows[:, 0]]


def test_batches_that_agree_are_sent() -> None:
    route = FakeRoute(parity)
    decider, found = decided(route, 70)
    assert found == [str(each % 2) for each in range(70)]
    assert decider.batched
    assert max(route.sent) == BATCH
    assert len(route.sent) < 20
    assert decider.queries == 2 * COMPARED + 70


def test_a_batch_that_says_otherwise_is_never_believed() -> None:
    route = FakeRoute(lambda rows: parity(rows) if len(rows) == 1 else [0] * len(rows))
    decider, found = decided(route, 20)
    assert found == [str(each % 2) for each in range(20)]
    assert decider.batched is False


def test_a_batch_without_a_row_for_each_is_none() -> None:
    route = FakeRoute(lambda rows: parity(rows)[:1])
    decider, found = decided(route, 20)
    assert found == [str(each % 2) for each in range(20)]
    assert not decider.batched


def test_a_model_without_a_batch_is_asked_row_by_row() -> None:
    route = FakeRoute(parity, leading=1)
    decided(route, 20)
    assert set(route.sent) == {1}


def test_a_row_without_an_answer_in_company_is_asked_alone() -> None:
    route = FakeRoute(lambda rows: None if len(rows) == BATCH else parity(rows))
    _, found = decided(route, 40)
    assert found == [str(each % 2) for each in range(40)]


def test_what_is_never_answered_is_missing() -> None:
    _, found = decided(FakeRoute(lambda rows: None if 3.0 in rows[:, 0] else parity(rows)), 6)
    assert found == ["0", "1", "0", None, "0", "1"]


@pytest.mark.parametrize("elements", [10, 100])
def test_no_batch_is_larger_than_a_request_may_be(elements: int) -> None:
    route = FakeRoute(parity, elements=elements)
    decided(route, 60)
    assert max(route.sent) * 2 <= elements
