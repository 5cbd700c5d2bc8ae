"""Replicas that take turns are seen; what changes for good, or all the time, is no replica."""

from __future__ import annotations

import pytest

from harness.oracles.taking_turns import counted, odd, takes_turns


@pytest.mark.parametrize("seen", ["abcabcabc", "aabaabaab", "abab", "abba", "aabbaa", "abcadab"])
def test_what_comes_again_takes_turns(seen: str) -> None:
    assert takes_turns(seen)
    assert not odd(seen)


@pytest.mark.parametrize("seen", ["", "aaaa", "aabb", "aaabbb", "aabbcc", "abcdefgh", "aaabaaa", "abacada"])
def test_what_does_not_come_again_is_a_change_or_a_clock(seen: str) -> None:
    assert not takes_turns(seen)
    assert odd(seen) == (len(set(seen)) > 1)


def test_what_was_not_seen_counts_for_nothing() -> None:
    assert not takes_turns(["a", None, "a", None, "a"])
    assert not odd(["a", None, "a"])
    assert takes_turns(["a", None, "b", "a", "b"])
    assert counted(["b", None, "a", "b"]) == [("b", 2), ("a", 1)]
