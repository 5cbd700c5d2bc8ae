"""The store: named by content, whole or absent, shared by threads."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path

from harness.bundle.events import ExchangeSeen
from harness.bundle.exchange import decode, encode
from harness.bundle.places import PACK
from harness.bundle.store import store_of
from harness.bundle.unpack import PackReader
from harness.record.exchange import ConnectionFacts, Failure, RpcStatus, TlsFacts
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from reports.document.excerpt import ExchangeReader

from .test_redact import EXCHANGE


def files(root: Path) -> list[Path]:
    return [path for path in sorted(root.rglob("*")) if path.is_file()]


def test_everything_comes_back_by_its_digest(tmp_path: Path) -> None:
    recorder = Recorder(ExchangeStore(tmp_path), Redactor(), lambda _: None)
    recorded = recorder.record(replace(EXCHANGE, request_body=b"in", response_body=b"out"))
    store = store_of(tmp_path)
    found = list(store)
    assert len(found) == 3
    assert all(hashlib.sha256(store.get(digest, suffix)).hexdigest() == digest for digest, suffix in found)
    assert (recorded.ref, "json") in found
    assert [path.name for path in files(tmp_path)] == [PACK]
    assert recorded.response_body == b"out"


def test_the_record_has_the_published_form(tmp_path: Path) -> None:
    tls = TlsFacts("TLSv1.3", "AES")
    exchange = replace(
        EXCHANGE,
        connection=ConnectionFacts(1, 2, "a:1", "b:2", tls),
        error=Failure("body-too-large", "m"),
        truncated=True,
    )
    store = ExchangeStore(tmp_path)
    digest = store.write(exchange, [{"where": "url", "rule": "secret"}])
    data = store_of(tmp_path).get(digest, "json")
    record = json.loads(data)
    assert data == json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    assert record.keys() == {
        *("schema", "n", "method", "url", "http_version", "request", "response", "error", "timing", "connection"),
        *("redactions", "rpc"),
    }
    assert record["request"].keys() == {"headers", "body", "text"}
    assert record["response"].keys() == {
        *("status", "reason", "http_version", "headers", "trailers", "body", "text", "truncated"),
    }
    assert (record["rpc"], record["request"]["text"], record["response"]["trailers"]) == (None, None, [])
    assert record["connection"]["tls"] == {"version": "TLSv1.3", "cipher": "AES"}
    assert record["timing"] == {"started": EXCHANGE.started, "start_ns": 1, "headers_ns": 2, "end_ns": 3}
    assert record["response"]["truncated"] is True
    assert store_of(tmp_path).get(record["response"]["body"]["sha256"], "body") == b"{}"
    assert encode(decode(data)) == data
    assert ExchangeReader(store_of(tmp_path)).show(digest) is not None


def test_the_record_of_a_grpc_call(tmp_path: Path) -> None:
    call = replace(
        EXCHANGE,
        http_version="HTTP/2",
        rpc=RpcStatus(5, "NOT_FOUND", "größe"),
        response_trailers=(("x-last", "a"), ("x-last", "b")),
        request_text='name: "m"\n',
        response_text="ready: true\n",
    )
    events: list[ExchangeSeen] = []
    recorder = Recorder(ExchangeStore(tmp_path), Redactor(), events.append)
    recorder.current_check = "some-check"
    digest = recorder.record(call).ref
    record = json.loads(store_of(tmp_path).get(digest, "json"))
    assert record["rpc"] == {"code": 5, "name": "NOT_FOUND", "details": "größe"}
    assert record["response"]["trailers"] == [["x-last", "a"], ["x-last", "b"]]
    assert (record["request"]["text"], record["response"]["text"]) == ('name: "m"\n', "ready: true\n")
    assert (events[0].rpc, events[0].check, events[0].status) == ("NOT_FOUND", "some-check", 200)
    assert ExchangeReader(store_of(tmp_path)).show(digest) is not None


def test_the_running_check_is_that_of_the_thread(tmp_path: Path) -> None:
    recorder = Recorder(ExchangeStore(tmp_path), Redactor(), lambda _: None)
    recorder.current_check = "first"
    seen: list[str | None] = []

    def work() -> None:
        seen.append(recorder.current_check)
        recorder.current_check = "second"
        seen.append(recorder.current_check)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["first", "second"]
    assert recorder.current_check == "first"


def test_an_exchange_without_an_answer(tmp_path: Path) -> None:
    bare = replace(EXCHANGE, status=None, request_body=b"", error=Failure("timeout", "m"), headers_ns=None)
    digest = ExchangeStore(tmp_path).write(bare, [])
    record = json.loads(store_of(tmp_path).get(digest, "json"))
    assert record["response"] is None
    assert record["request"]["body"] is None
    assert record["error"] == {"kind": "timeout", "message": "m"}


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    events: list[ExchangeSeen] = []
    recorder = Recorder(ExchangeStore(tmp_path), Redactor(), events.append)

    def work() -> None:
        for _ in range(50):
            recorder.record(replace(EXCHANGE, n=recorder.next_number(), sent=2, received=3))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event.n for event in events) == list(range(1, 201))
    assert recorder.totals.requests == 200
    assert (recorder.totals.sent, recorder.totals.received) == (400, 600)
    assert recorder.totals.first == recorder.totals.last == EXCHANGE.started
    assert len(list(store_of(tmp_path))) == 201, "200 records, and one body that all of them share"
    assert not [each.wrong for each in PackReader(tmp_path).exchanges(compared=True) if each.wrong]
