"""CloudEvents in three modes, joined to entries; deliveries that are none, and senders that are not to be trusted."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from harness.provenance import sink as sinks
from harness.provenance.declared import LogTable
from harness.provenance.events import BATCH, STRUCTURED, EventLog, NoEvent, digest_of, digest_of_json, events_in
from harness.provenance.log import gathered
from harness.provenance.sink import Sink, listening

KIND = "org.kubeflow.serving.inference."
ASKED, SAID = b'{"id": "a", "inputs": [1.0]}', b'{"id":"a","model_name":"iris","model_version":"2","outputs":[]}'


def attributes(side: str, identity: str = "e1") -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "s",
        "type": KIND + side,
        "inferenceservicename": "iris%20x",
    }


def headers(side: str, identity: str = "e1") -> dict[str, str]:
    return {"content-type": "application/json"} | {f"ce-{k}": v for k, v in attributes(side, identity).items()}


def rows(*deliveries: tuple[Mapping[str, str], bytes]) -> list[dict[str, str]]:
    log = EventLog()
    for head, body in deliveries:
        for event in events_in(head, body):
            log.add(event)
    return list(log.rows())


def test_binary_mode_joins_request_and_response() -> None:
    (row,) = rows((headers("response"), SAID), (headers("request"), ASKED), (headers("request"), ASKED))
    assert (row["id"], row["event_id"], row["model_version"], row["inferenceservicename"]) == ("a", "e1", "2", "iris x")
    assert (row["request_sha256"], row["response_sha256"]) == (digest_of(ASKED), digest_of(SAID))


def test_structured_mode_and_batches() -> None:
    one = {**attributes("request"), "data": {"inputs": [1], "id": "a"}}
    other = {**attributes("response"), "data_base64": base64.b64encode(SAID).decode()}
    (row,) = rows(({"content-type": f"{STRUCTURED}; charset=UTF-8"}, json.dumps(one).encode()),
                  ({"content-type": BATCH}, json.dumps([other, other]).encode()))  # fmt: skip
    assert row["request_sha256"] == digest_of_json(ASKED)
    assert (row["response_sha256"], row["model_version"]) == (digest_of(SAID), "2")


def test_several_of_one_id_and_events_without_a_partner() -> None:
    found = rows((headers("request"), ASKED), (headers("request"), ASKED + b" "), (headers("response", "e2"), SAID),
                 (headers("request", "e3"), b"\x00 no JSON"), ({**headers("x"), "ce-type": "other"}, b""))  # fmt: skip
    assert sorted((each["event_id"], each["id"]) for each in found) == [
        ("e1", "a"), ("e1", "a"), ("e2", "a"), ("e3", "e3"),
    ]  # fmt: skip
    assert gathered(found, LogTable(cloudevents="127.0.0.1:9"), ["a"])["a"].count == 3


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ({}, b""), ({"content-type": STRUCTURED}, b"[]"), ({"content-type": STRUCTURED}, b"{"),
        ({"content-type": BATCH}, b"{}"), ({"content-type": BATCH}, b"[1]"), ({"content-type": BATCH}, b"[" * 100_000),
        ({"content-type": STRUCTURED}, json.dumps({**attributes("request"), "data_base64": "?"}).encode()),
        ({"content-type": STRUCTURED}, json.dumps({**attributes("request"), "id": 7}).encode()),
        ({**headers("request"), "ce-id": ""}, ASKED),
    ],
)  # fmt: skip
def test_deliveries_that_are_none(head: dict[str, str], body: bytes) -> None:
    with pytest.raises(NoEvent):
        list(events_in(head, body))


def test_json_that_is_written_anew_has_the_same_digest() -> None:
    assert digest_of_json(b'{"a": 1.0, "b": [true, null, 1e2]}') == digest_of_json(b'{"b":[true,null,100],"a":1}')
    assert digest_of_json(b'{"a": 1}') != digest_of_json(b'{"a": true}')
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    assert digest_of_json(deep) == digest_of(deep)


def post(sink: Sink, head: dict[str, str], body: Any, **more: Any) -> int:
    connection = http.client.HTTPConnection(*sink.address, timeout=10)
    try:
        connection.request("POST", "/", body, head, **more)
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_sink_takes_events_and_counts_what_it_turns_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "BODY", 1000)
    with listening("127.0.0.1", 0) as sink:
        assert post(sink, headers("request"), ASKED) == 200
        assert post(sink, headers("response"), iter([SAID[:9], SAID[9:]]), encode_chunked=True) == 200
        assert post(sink, {}, b"x") == 400
        assert post(sink, headers("request"), b"x" * 1001) == 413
        assert post(sink, headers("request"), iter([b"x" * 600, b"x" * 600]), encode_chunked=True) == 408
        (row,) = sink.rows()
        assert row["response_sha256"] == digest_of(SAID)
        assert sum(sink.turned_away.values()) == 3
        assert "larger than" in sink.lost()
        connection = http.client.HTTPConnection(*sink.address, timeout=10)
        connection.request("OPTIONS", "/", headers={"WebHook-Request-Origin": "x"})
        assert connection.getresponse().getheader("WebHook-Allowed-Origin") == "*"
        connection.close()
    with pytest.raises(OSError):  # noqa: PT011 -- refused or reset
        post(sink, headers("request"), ASKED)


def test_senders_that_say_nothing_and_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "CONNECTIONS", 2)
    monkeypatch.setattr(sinks, "SECONDS", 1.0)
    before = set(threading.enumerate())
    with listening("127.0.0.1", 0) as sink:
        held = [socket.create_connection(sink.address, timeout=10) for _ in range(3)]
        assert held[2].recv(1) == b""
        held[2].close()
        assert sink.lost() == "too many connections at once (1)"
        for each in held[:2]:
            each.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx")
            while each.recv(1000):
                pass
            each.close()
        assert "cut short" in sink.lost()
    # Those of a connection may take a moment more to end.
    assert len(set(threading.enumerate()) - before) <= 2


def test_events_beyond_the_most_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "EVENTS", 1)
    with listening("127.0.0.1", 0) as sink:
        assert [post(sink, headers("request", each), ASKED) for each in "ab"] == [200, 400]


@pytest.mark.parametrize(
    "wrong", ["8090", "host:", ":80", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:x", "h:99999999999999"]
)
def test_addresses_that_cannot_be_listened_at(wrong: str) -> None:
    with pytest.raises(ValueError, match="no address to listen at"):
        LogTable(cloudevents=wrong)


def test_an_address() -> None:
    assert LogTable(cloudevents="[::1]:8090").listen_at == ("::1", 8090)
