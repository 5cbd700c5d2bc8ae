"""A fingerprint holds what is answered exactly alike, and says what is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.bundle.fingerprints import Fingerprint, fingerprint_digest
from harness.probing import fingerprints
from harness.probing.fingerprints import DECLARED, ONCE, VARY, FingerprintReading, keep_none
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor


@pytest.fixture(autouse=True)
def version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "version_of", lambda exchange: exchange.version)


def tensor(*elements: float) -> Tensor:
    return Tensor("x", "FP32", (len(elements),), elements)


def taken(*answers: tuple[float, float | None], versions: tuple[str, ...] = ("1",)) -> Fingerprint:
    """Of answers to requests, both named by a number; None is a refusal."""
    reading = FingerprintReading("rest", "start")
    for number, (request, answer) in enumerate(answers):
        exchange: Any = SimpleNamespace(ref=f"e{number}", version=versions[number % len(versions)])
        reading.add(InferRequest((tensor(request),)), {} if answer is None else {"x": tensor(answer)}, exchange)
    return kept(reading.keep)[0]


def kept(keep: Any) -> list[Fingerprint]:
    series: list[Any] = []
    keep(
        SimpleNamespace(model=SimpleNamespace(id="m", routes=("rest", "grpc")), outcome=SimpleNamespace(series=series))
    )
    return [each.fingerprint for each in series]


def test_the_same_answers_have_the_same_fingerprint_in_any_order() -> None:
    one, other = taken((1, 5), (1, 5), (2, 6), (2, 6)), taken((2, 6), (1, 5), (2, 6), (1, 5))
    assert one.sha256 == other.sha256 == fingerprint_digest(one.answers)
    assert [each.exchange for each in one.answers] == ["e0", "e2"]
    assert one.sha256 != taken((1, 5), (1, 5), (2, 7), (2, 7)).sha256


def test_what_varies_or_was_answered_once_is_no_part_of_it() -> None:
    stable = taken((1, 5), (1, 5))
    found = taken((1, 5), (1, 5), (2, 6), (2, 6.5), (3, 7), (4, None), (4, None))
    assert found.sha256 == stable.sha256
    assert [each.answer is None for each in found.answers] == [False, True]


def test_where_there_is_none_it_says_why() -> None:
    assert (taken((1, 5)).sha256, taken((1, 5)).reason) == (None, ONCE)
    assert (taken((1, 5), (1, 6)).sha256, taken((1, 5), (1, 6)).reason) == (None, VARY)
    assert [(each.transport, each.reason) for each in kept(keep_none)] == [("rest", DECLARED), ("grpc", DECLARED)]


def test_the_version_is_named_where_all_answers_name_one() -> None:
    assert taken((1, 5), (1, 5)).version == "1"
    assert taken((1, 5), (1, 5), versions=("1", "2")).version is None
