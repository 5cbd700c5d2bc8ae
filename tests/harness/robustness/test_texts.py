"""Each change of texts against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.robustness.texts import changed_text, confusables

TEXT = "The quick brown fox jumps over the lazy dog"


def of(kind: str, text: str, share: float, seed: int = 0) -> str:
    return changed_text(kind, text, share, np.random.default_rng(seed))


@given(st.text(), st.integers(0, 100), st.sampled_from(["typos", "case", "whitespace", "confusables"]))
def test_any_text_may_be_changed_and_a_share_of_nothing_changes_nothing(text: str, seed: int, kind: str) -> None:
    assert of(kind, text, 0.0, seed) == text
    assert of(kind, text, 0.5, seed) == of(kind, text, 0.5, seed)


def test_case_alone_changes() -> None:
    assert of("case", TEXT, 1.0) == TEXT.swapcase()
    assert of("case", "straße", 1.0) == "STRAßE"
    assert of("case", TEXT, 0.2).lower() == TEXT.lower()


def test_white_space_alone_changes() -> None:
    made = of("whitespace", TEXT, 1.0)
    assert made.split() == TEXT.split()
    assert len(made) > len(TEXT)


def test_what_looks_alike_stands_in_its_place() -> None:
    known = confusables()
    assert of("confusables", TEXT, 1.0) == "".join(known.get(each, each) for each in TEXT)
    assert all(len(other) == 1 and other != letter and not other.isascii() for letter, other in known.items())
    back = {other: letter for letter, other in known.items()}
    assert "".join(back.get(each, each) for each in of("confusables", TEXT, 0.3)) == TEXT


@pytest.mark.parametrize("seed", range(5))
def test_a_mistake_is_left_out_doubled_or_swapped(seed: int) -> None:
    made = of("typos", "abcdef", 0.01, seed)
    assert made != "abcdef"
    assert len(made) in (5, 6, 7)
    assert set(made) <= set("abcdef")
