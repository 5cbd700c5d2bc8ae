"""Evidence has a budget of bytes: what is large is kept in part, and said; what is left decides how large that is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.bundle.exchange import decode
from harness.bundle.store import store_of
from harness.probing.replaying import CannotReplay, Clients, send_again, unlike
from harness.record.exchange import Exchange
from harness.record.store import HEAD, TAIL, WHOLE, ExchangeStore
from harness.run.bundles.recordings import read_recording
from harness.run.events import shortened, storable
from reports.document.curl import command
from reports.document.excerpt import ExchangeReader

from .test_redact import EXCHANGE

ROOM = 128 << 20
LARGE = bytes(range(256)) * (3 << 13)


def stored(folder: Path, request: bytes, response: bytes) -> tuple[ExchangeStore, Exchange, str]:
    """An exchange in a store that has room for bodies of 1 MiB."""
    store = ExchangeStore(folder, ROOM)
    sent = replace(EXCHANGE, request_body=request, response_body=response)
    return store, sent, store.write(sent, [])


def test_a_large_body_is_kept_in_part_with_its_digest(tmp_path: Path) -> None:
    store, _, digest = stored(tmp_path, b"{}", LARGE)
    record = json.loads(store_of(tmp_path).get(digest, "json"))
    body = record["response"]["body"]
    assert body["clipped"] == {
        "sha256": hashlib.sha256(LARGE).hexdigest(), "bytes": len(LARGE), "head": HEAD, "tail": TAIL
    }  # fmt: skip
    assert store_of(tmp_path).get(body["sha256"], "body") == LARGE[:HEAD] + LARGE[-TAIL:]
    assert (store.clipped, store.left_out) == (1, len(LARGE) - HEAD - TAIL)
    assert "clipped" not in record["request"]["body"]


def test_what_is_left_decides_and_is_never_used_up_by_bodies_of_one_kind(tmp_path: Path) -> None:
    store = ExchangeStore(tmp_path, 16 << 20)
    for n in range(400):
        store.write(replace(EXCHANGE, response_body=b"%09d" % n * 100_000), [])
    assert store.clipped > 300
    assert store.written < (16 << 20) + 200 * WHOLE


def test_the_page_shows_the_head_and_the_size_of_the_whole(tmp_path: Path) -> None:
    text = b"x" * (2 << 20)
    shown = ExchangeReader(store_of(tmp_path)).show(stored(tmp_path, text, text)[2])
    assert shown is not None
    assert shown.response is not None
    for side in (shown.request, shown.response):
        assert (side.body_bytes, side.truncated, side.shown_as) == (len(text), True, "text")
        assert side.body_sha256 == hashlib.sha256(text).hexdigest()
    assert shown.curl is None


def test_a_request_that_is_kept_in_part_is_not_sent_again(tmp_path: Path) -> None:
    _, _, digest = stored(tmp_path, LARGE, b"{}")
    recording = read_recording(tmp_path, digest, "")
    with pytest.raises(CannotReplay, match="only a part is kept"):
        send_again(Clients(None, None), recording)


@pytest.mark.parametrize(("now", "same"), [(LARGE, True), (LARGE[:-1] + b"!", False)])
def test_an_answer_that_is_kept_in_part_is_compared_whole(now: bytes, same: bool, tmp_path: Path) -> None:
    _, sent, digest = stored(tmp_path, b"{}", LARGE)
    recording = read_recording(tmp_path, digest, "")
    assert (unlike(recording.exchange, recording.compared(replace(sent, response_body=now))) is None) is same


def test_curl_is_offered_for_what_is_whole(tmp_path: Path) -> None:
    for body, offered in ((b"{}", True), (LARGE, False)):
        (tmp_path / str(len(body))).mkdir()
        digest = stored(tmp_path / str(len(body)), body, b"")[2]
        data = store_of(tmp_path / str(len(body))).get(digest, "json")
        assert (command(decode(data)) is not None) is offered


def test_long_texts_are_cut_with_their_length_and_digest() -> None:
    text = "n" * 200_000
    cut = shortened(text, 100)
    assert cut.startswith("n" * 100 + "… (200000 characters, SHA-256 ")
    assert hashlib.sha256(text.encode()).hexdigest()[:16] in cut
    assert storable({text: [text, "short", 1]}, 100) == {cut: [cut, "short", 1]}
