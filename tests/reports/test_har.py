"""``exchanges.har``: what the page shows, as HTTP Archive 1.2, and held against the document."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.store import store_of
from reports.bundle import finish
from reports.document.build import build
from reports.evidence import decode
from reports.exports.har import EXPORT, LARGEST
from reports.verification.verify import verify
from tests.reports import factory

# Members that the specification asks for: http://www.softwareishard.com/blog/har-12-spec/.
HAR = EXPORT.name
ENTRY = {"startedDateTime", "time", "request", "response", "cache", "timings"}
REQUEST = {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}
RESPONSE = {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize"}


def archive(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(b"".join(EXPORT.make(build(folder), store_of(folder))))["log"]["entries"]
    return found


def test_every_member_that_the_format_asks_for_is_there(sealed: Path) -> None:
    log = json.loads((sealed / HAR).read_bytes())["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "art15")
    assert log["entries"]
    for entry in log["entries"]:
        assert entry.keys() >= ENTRY
        assert entry["request"].keys() >= REQUEST
        assert entry["response"].keys() >= RESPONSE | {"bodySize"}
        assert entry["response"]["content"].keys() >= {"size", "mimeType"}
        assert entry["time"] == pytest.approx(entry["timings"]["wait"] + entry["timings"]["receive"])


def test_it_holds_what_the_document_shows_once_each(sealed: Path) -> None:
    document = decode((sealed / "evidence.json").read_bytes())
    shown = {case.exchange for check in document.checks for case in check.counterexamples if case.request is not None}
    shown |= {check.exemplar.exchange for check in document.checks if check.exemplar is not None}
    digests = [entry["_exchange"] for entry in json.loads((sealed / HAR).read_bytes())["log"]["entries"]]
    assert sorted(digests) == sorted(filter(None, shown))


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        (b"caf\xc3\xa9", "café", None),
        (b"\xff\0", base64.b64encode(b"\xff\0").decode(), "base64"),
        (b"x" * (LARGEST + 1), "", None),
    ],
    ids=["text", "bytes", "large"],
)
def test_bodies_of_every_kind(tmp_path: Path, content: bytes, text: str, encoding: str | None) -> None:
    bundle = factory.start(tmp_path)
    digest = bundle.exchange(content, content)
    bad = [factory.counterexample("r", ["REST-HTTP-01"], digest)]
    bundle.journal.append("check", factory.check("rest-a-holds", "fail", counterexamples=bad))
    (entry,) = archive(tmp_path)
    for side in (entry["request"]["postData"], entry["response"]["content"]):
        assert (side["text"], side.get("encoding")) == (text, encoding)


def test_nothing_came_back_is_status_0_with_the_reason(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    bad = [factory.counterexample("r", ["REST-HTTP-01"], bundle.exchange(b"{}", status=None))]
    bundle.journal.append("check", factory.check("rest-a-holds", "fail", counterexamples=bad))
    (entry,) = archive(tmp_path)
    assert entry["response"]["status"] == 0
    assert entry["response"]["_error"] == "timeout: no complete response within 10 s"


def test_another_archive_is_told(copied: Path) -> None:
    data = (copied / HAR).read_bytes()
    assert verify(copied).problems == []
    (copied / HAR).write_bytes(data.replace(b'"status": 200', b'"status": 201'))
    assert HAR in {problem.file for problem in verify(copied).problems}
    (copied / HAR).unlink()
    assert HAR in {problem.file for problem in verify(copied).problems}
    finish(copied)
    assert (copied / HAR).read_bytes() == data
