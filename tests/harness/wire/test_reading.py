"""What one answer may cost in memory is a limit with words and a setting, in JSON and protobuf, decoded or not."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from harness.endpoint.bounds import NOTHING
from harness.wire import protobuf, strictjson
from harness.wire.raw import from_raw
from harness.wire.reading import MEMORY, MORE, TooMuch, allow, body_of, holdable, readable
from harness.wire.rest import json_of

GZIPPED = replace(
    NOTHING,
    status=200,
    error=None,
    response_headers=(("Content-Encoding", "gzip"),),
    response_body=gzip.compress(b'"' + b" " * (17 << 20) + b'"'),
)
LARGE: dict[str, Callable[[], object]] = {
    "values of JSON": lambda: strictjson.parse(b"[" + b"0," * 1_500_000 + b"0]"),
    "fields of a message": lambda: protobuf.parsed("RepositoryIndex", b"\x0a\x00" * 140_000),
    "numbers of a tensor": lambda: from_raw("FP32", _different(1_600_000)),
    "packed numbers": lambda: protobuf.parsed("ModelInfer", _packed(1_600_000)),
    "bytes of a body": lambda: body_of(GZIPPED),
    "bytes of JSON": lambda: json_of(GZIPPED),
}


def _different(count: int) -> bytes:
    """So many numbers of which no two are the same."""
    return np.arange(count, dtype="<f4").tobytes()


def _packed(count: int) -> bytes:
    """An answer with one output of so many typed numbers."""
    inner = _different(count)
    # fp32_contents within contents within outputs
    for tag in (b"\x32", b"\x2a", b"\x2a"):
        inner = tag + _varint(len(inner)) + inner
    return inner


def _varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


@pytest.fixture
def memory() -> Iterator[Callable[[int], None]]:
    yield allow
    allow(MEMORY)


@pytest.mark.parametrize("what", LARGE)
def test_an_answer_beyond_the_limit_is_not_read_and_the_setting_lets_it_in(
    what: str, memory: Callable[[int], None]
) -> None:
    with pytest.raises(TooMuch) as refused:
        LARGE[what]()
    assert str(refused.value).endswith(MORE)
    assert len(str(refused.value)) < 200
    memory(4 * MEMORY)
    LARGE[what]()


def test_a_lower_limit_is_kept_as_well(memory: Callable[[int], None]) -> None:
    body = b"[" + b"0," * 100_000 + b"0]"
    assert len(strictjson.parse(body).value) == 100_001
    memory(1 << 20)
    with pytest.raises(TooMuch, match="which would take 4 MiB of memory; 1 are allowed"):
        strictjson.parse(body)


def test_of_large_answers_fewer_are_held_and_too_few_are_untestable(memory: Callable[[int], None]) -> None:
    none, small, large = (replace(NOTHING, response_body=bytes(size)) for size in (0, 1000, 10_000_000))
    assert holdable(1024, 16, none) == holdable(1024, 16, small) == 1024
    assert holdable(1024, 8, large) == 10
    assert readable(1024, 16, small) == 1024
    with pytest.raises(TooMuch, match="1 answers of 10000000 bytes, with their requests, read, are more"):
        readable(1024, 1, large)
    with pytest.raises(TooMuch, match="16 answers of 10000000 bytes, with their requests, are more than is held"):
        holdable(1024, 16, large)
    memory(4 * MEMORY)
    assert holdable(1024, 16, large) == 40
