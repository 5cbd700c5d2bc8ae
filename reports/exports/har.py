"""``exchanges.har``: the exchanges that the page shows, as browsers' tools read them (HTTP Archive 1.2).

Source: http://www.softwareishard.com/blog/har-12-spec/. Names that begin with ``_`` are ours, as the format asks.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from harness.bundle.exchange import Body, ExchangeRecord, Pairs, decode, media_types
from harness.bundle.places import BODY, RECORD
from harness.bundle.store import Store
from reports.evidence import Evidence
from reports.exports import Export
from reports.text.ascii import ascii_json

# Bytes of a body that stand in it, and exchanges: it is a view for people, and all is in the pack.
LARGEST, MOST = 64 << 10, 1000


def _har(document: Evidence, store: Store) -> Iterator[bytes]:
    """The archive of a document's exchanges, each once, in the order of their first mention."""
    checks: dict[str, list[str]] = {}
    for digest, check in _mentioned(document):
        checks.setdefault(digest, []).append(check)
    entries = []
    for digest, names in list(checks.items())[:MOST]:
        try:
            record = decode(store.get(digest, RECORD))
        except (OSError, ValueError):
            continue  # what is missing is told by the document, and by whoever verifies
        entries.append(_entry(record, digest, names, store))
    log = {
        "version": "1.2",
        "creator": {"name": document.tester.name, "version": document.tester.version},
        "comment": f"{len(entries)} of {document.run.requests} exchanges of run {document.run.id}",
        "entries": entries,
    }
    yield ascii_json({"log": log})


def _mentioned(document: Evidence) -> Iterator[tuple[str, str]]:
    for check in document.checks:
        for case in check.counterexamples:
            if case.exchange is not None:
                yield case.exchange, check.id
        if check.exemplar is not None:
            yield check.exemplar.exchange, check.id


def _entry(record: ExchangeRecord, digest: str, checks: list[str], store: Store) -> dict[str, Any]:
    wait, receive = _phases(record)
    return {
        "startedDateTime": record.timing.started if record.timing is not None else "1970-01-01T00:00:00Z",
        "time": wait + receive,
        "request": _request(record, store),
        "response": _response(record, store),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": receive},
        "_exchange": digest,
        "_checks": sorted(set(checks)),
    }


def _phases(record: ExchangeRecord) -> tuple[float, float]:
    """Milliseconds to the head of the answer, and from there to its end."""
    timing = record.timing
    if timing is None:
        return 0.0, 0.0
    head = timing.headers_ns if timing.headers_ns is not None else timing.end_ns
    return max(0.0, (head - timing.start_ns) / 1e6), max(0.0, (timing.end_ns - head) / 1e6)


def _request(record: ExchangeRecord, store: Store) -> dict[str, Any]:
    side = record.request
    made: dict[str, Any] = {
        "method": record.method,
        "url": record.url,
        "httpVersion": record.http_version,
        "cookies": [],
        "headers": _named(side.headers),
        "queryString": [],
        "headersSize": -1,
        "bodySize": side.body.bytes if side.body is not None else 0,
    }
    if side.body is not None and side.body.bytes:
        made["postData"] = {"mimeType": _media_type(side.headers), **_text(side.body, store)}
    return made


def _response(record: ExchangeRecord, store: Store) -> dict[str, Any]:
    """The response; without any, status 0, as browsers write it, and the reason."""
    side = record.response
    why = {"_error": f"{record.error.kind}: {record.error.message}"} if record.error is not None else {}
    rpc = {"_grpc": {"code": record.rpc.code, "name": record.rpc.name}} if record.rpc is not None else {}
    headers = side.headers if side is not None else []
    body = side.body if side is not None else None
    size = body.bytes if body is not None else 0
    content: dict[str, Any] = {"size": size, "mimeType": _media_type(headers)}
    if body is not None and body.bytes:
        content |= _text(body, store)
    return {
        "status": side.status or 0 if side is not None else 0,
        "statusText": side.reason if side is not None else "",
        "httpVersion": (side.http_version or "") if side is not None else "",
        "cookies": [],
        "headers": _named(headers),
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": size,
        **why,
        **rpc,
    }


def _named(headers: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _media_type(headers: Pairs) -> str:
    return next(iter(media_types(headers)), "")


def _text(body: Body, store: Store) -> dict[str, str]:
    """The content where it is short: as text, or else in base64."""
    named = {"_sha256": body.sha256}
    if body.bytes > LARGEST or body.clipped is not None:
        return {"text": "", "comment": f"{body.bytes} bytes are in the pack", **named}
    try:
        data = store.get(body.sha256, BODY)
    except (OSError, ValueError):
        return {"text": "", "comment": "not in the pack", **named}
    try:
        return {"text": data.decode(), **named}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(data).decode("ascii"), "encoding": "base64", **named}


EXPORT = Export(
    form="har",
    name="exchanges.har",
    title="archive of exchanges",
    about="The exchanges that this page shows, for browsers' tools and proxies (HTTP Archive 1.2)",
    make=_har,
)
