"""Which version has given an answer."""

from __future__ import annotations

import json

import pytest

from harness.load.plan.answers import Given
from harness.load.plan.full_check import same_outputs
from harness.load.plan.versions import version_named, version_of
from harness.load.records.rows import Status

MARK = "0123456789abcdef"


def answer(value: float, version: str | None, identity: str = MARK) -> bytes:
    output = {"name": "y", "datatype": "FP32", "shape": [1], "data": [value]}
    named = {} if version is None else {"model_version": version}
    return json.dumps({"id": identity, **named, "outputs": [output]}).encode()


def judged(body: bytes, *references: bytes) -> tuple[int, Status | None]:
    place, fault = version_of(Given(0, 0, MARK.encode(), body, references[0]), references, same_outputs)
    return place, fault.status if fault is not None else None


BOTH = (answer(1.0, "1"), answer(2.0, "2"))


def test_each_version_is_known_by_its_answer() -> None:
    assert judged(answer(1.0, "1"), *BOTH) == (0, None)
    # Kernels differ in the last digits.
    assert judged(answer(2.00001, "2"), *BOTH) == (1, None)
    assert judged(answer(3.0, "2"), *BOTH) == (0, Status.WRONG_ANSWER)
    assert judged(answer(2.0, "2", "f" * 16), *BOTH)[1] is Status.WRONG_ID


def test_an_answer_is_of_the_version_that_it_names() -> None:
    assert judged(answer(2.0, "1"), *BOTH) == (1, Status.WRONG_ANSWER)
    assert judged(answer(1.0, "3"), *BOTH) == (0, Status.WRONG_ANSWER)


def test_who_names_none_is_known_by_the_answer_alone() -> None:
    assert judged(answer(2.0, None), *BOTH) == (1, None)
    assert judged(answer(2.0, "7"), answer(1.0, None), answer(2.0, None)) == (1, None)


def test_like_answers_are_told_apart_by_what_they_name() -> None:
    assert judged(answer(1.0, "2"), answer(1.0, "1"), answer(1.0, "2")) == (1, None)


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"model_version": 1}', b'{"model_version": ""}'])
def test_what_names_no_version(body: bytes) -> None:
    assert version_named(body) is None


def test_a_name_before_binary_data() -> None:
    assert version_named(b'{"model_version": "2"}\x00\xff') == "2"
