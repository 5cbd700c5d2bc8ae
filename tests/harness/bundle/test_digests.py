"""Very many digests in little memory: what a set of texts says, they say."""

from __future__ import annotations

import hashlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bundle.digests import Digests

SOME = st.integers(0, 3000).map(lambda number: hashlib.sha256(str(number).encode()).hexdigest())


@given(st.lists(SOME, max_size=2000), st.lists(SOME, max_size=20))
def test_as_a_set_in_the_order_in_which_they_came(taken: list[str], asked: list[str]) -> None:
    digests, known = Digests(taken), dict.fromkeys(taken)
    assert list(digests) == list(known)
    assert len(digests) == len(known)
    assert [each in digests for each in asked] == [each in known for each in asked]
    assert [digests.number(each) for each in known] == list(range(len(known)))


@pytest.mark.parametrize("text", ["", "x", "A" * 64, "0" * 62, " " + "0" * 64, "ab " * 32])
def test_what_is_no_digest_is_not_among_them(text: str) -> None:
    digests = Digests(["0" * 64, "a" * 64, "ab" * 32])
    assert text not in digests
    assert digests.number(text) is None


def test_what_is_no_digest_is_not_taken_in() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        Digests(["abcdef"])


def test_a_digest_takes_less_than_a_hundred_bytes() -> None:
    tracemalloc.start()
    try:
        digests = Digests()
        for number in range(50_000):
            digests.put(hashlib.sha256(number.to_bytes(4)).digest())
        assert tracemalloc.get_traced_memory()[1] / len(digests) < 100
    finally:
        tracemalloc.stop()
