"""The search finds what it is to find; or a run that leaves nothing would say nothing."""

from __future__ import annotations

import json

import pytest

from tests.harness.record.spellings import SPELLINGS

from .searching import pieces, told

SECRET = "sk-Ab3dEf6hIj9lMn2pQrStUv5xYz"
NOT_READ = {"zstd", "xz", "zip", "base32", "gzip nine times", "cipher in a text"}


@pytest.mark.parametrize("spelling", [spelling for spelling in SPELLINGS if spelling not in NOT_READ])
def test_it_finds(spelling: str) -> None:
    spelled = SPELLINGS[spelling](SECRET * 2)
    assert told(b"before " + spelled, pieces([SECRET])) or told(spelled, pieces([SECRET]))


def test_it_finds_what_stands_for_bytes_in_a_text() -> None:
    packed = SPELLINGS["gzip"](SECRET * 2).decode("latin-1")
    assert told(json.dumps({"body": packed}, ensure_ascii=False).encode(), pieces([SECRET]))
    assert told(json.dumps({"body": packed}).encode(), pieces([SECRET]))


def test_it_finds_nothing_where_there_is_nothing() -> None:
    assert told(json.dumps({"body": SECRET[:10] + "x" + SECRET[12:]}).encode(), pieces([SECRET[:14]])) == []
