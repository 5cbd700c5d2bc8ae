"""No bytes make a reader raise what it does not document, and none cost more than their length."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.costs import cost
from tests.harness.readers import READERS, Reader, take

# What wears readers down, to any size: a beginning, what is repeated, an end.
WORST: dict[str, tuple[bytes, bytes, bytes]] = {
    "quotes in an open text": (b"[" * 401 + b'"', b'\\"', b""),
    "quotes in a shallow open text": (b'["', b'\\"', b""),
    "open texts": (b"[", b'"\\', b""),
    "backslashes": (b'["', b"\\", b'"]'),
    "lists": (b"[", b"[],", b"[]]"),
    "objects": (b"[", b'{"a":{}},', b"1]"),
    "open lists": (b"", b"[", b""),
    "open objects": (b"", b'{"a":', b""),
    "the same key": (b"{", b'"a":1,', b'"a":2}'),
    "digits": (b"", b"9", b""),
    "a fraction": (b"0.", b"9", b""),
    "an exponent": (b"1e", b"9", b""),
    "long integers": (b"[", b"9" * 4200 + b",", b"1]"),
    "integers of 308 digits": (b"[", b"9" * 308 + b",", b"1]"),
    "floats": (b"[", b"1.5,", b"1]"),
    "surrogates": (b'["', b"\\ud800", b'"]'),
    "control characters": (b'["', b"\x01", b'"]'),
    "blanks": (b"[", b" \n", b"]"),
    "tables": (b"", b"[a]\n", b""),
    "dotted keys": (b"a", b".a", b" = 1"),
    "keys": (b"", b"a = 1\n", b""),
    "empty messages": (b"", b"\x2a\x00", b""),
    "nested messages": (b"", b"\x2a\x7f", b""),
    "unknown fields": (b"", b"\x78\x01", b""),
    "open groups": (b"", b"\x7b", b""),
    "long varints": (b"", b"\xff", b""),
    "empty elements": (b"\x06", b"\0\0\0\0", b""),
    "packages": (b"", gzip.compress(b""), b""),
    "events": (b"", b"data: a\n\n", b""),
    "lines of data": (b"", b"data\n", b""),
    "carriage returns": (b"", b"\r", b""),
    "assignments": (b"", b"password=", b""),
    "variables": (b"", b'"PATH=', b""),
    "paths": (b"", b"+/usr/", b""),
    "hosts": (b"", b"ip-1-1-1-1.", b""),
    "zeros": (b"", b"\0", b""),
}
SMALL, MIDDLE, LARGE = 10_000, 100_000, 1_000_000
# Ten times the bytes may take so many times as long; a hundred is what a square would take. Costs below the floor are
# those of setting up.
MOST, FLOOR_S = 45, 2e-3


def _made(name: str, size: int) -> bytes:
    begin, unit, end = WORST[name]
    return begin + unit * (max(0, size - len(begin) - len(end)) // len(unit)) + end


def _cost(reader: Reader, data: bytes) -> float:
    # A new object each time, since readings are remembered.
    fresh = bytes(bytearray(data))
    return cost(lambda: take(reader, fresh))


def _grows(taken: Callable[[int], float], size: int) -> bool:
    """Whether ten times the size takes far more than ten times as long, five times running."""
    return all(taken(size) > MOST * max(taken(size // 10), FLOOR_S) for _ in range(5))


@pytest.mark.parametrize("size", [MIDDLE, pytest.param(LARGE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("reader", READERS)
def test_cost_per_byte_does_not_grow(reader: str, size: int) -> None:
    chosen = READERS[reader]
    grown = [name for name in WORST if _grows(lambda many: _cost(chosen, _made(name, many)), size)]  # noqa: B023
    assert not grown


def test_a_square_would_be_seen() -> None:
    def square(size: int) -> float:
        data = bytes(size)
        return cost(lambda: [data[start:].count(1) for start in range(0, size, 500)], tries=3)

    assert _grows(square, LARGE)


@pytest.mark.parametrize("reader", READERS)
def test_any_bytes_are_read_or_refused(reader: str) -> None:
    chosen = READERS[reader]
    seeds = chosen.seeds or (b"",)
    near = st.builds(
        lambda seed, place, cut, new: seed[: place % (len(seed) + 1)] + new + seed[place % (len(seed) + 1) + cut :],
        st.sampled_from(seeds), st.integers(0, 200), st.integers(0, 8), st.binary(max_size=12),
    )  # fmt: skip
    many = st.builds(_made, st.sampled_from(sorted(WORST)), st.integers(0, 3000))

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=300) | near | many)
    def tried(data: bytes) -> None:
        take(chosen, data)

    tried()
