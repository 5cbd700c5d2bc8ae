"""Every reader of foreign bytes, each with the exceptions that it documents, and seeds that lead deep into it.

Shared by the drawn tests, the test of growth and ``python -m tests.harness.fuzz``.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.bundle import journal as chain
from harness.bundle.exchange import ExchangeRecord
from harness.bundle.manifest import Manifest
from harness.drills.executions import NoExecutions, read_executions
from harness.drills.faults.chaos import read_chaos_journal
from harness.drills.faults.fault import FaultError
from harness.drills.proxy.passage import READ_BYTES
from harness.drills.proxy.requests import Requests
from harness.oracles.disclosure import EVERYTHING, disclosures, words_of
from harness.oracles.outside import from_outside
from harness.policy import PolicyError, load_policy
from harness.record.coding import Undecodable, decode
from harness.record.exchange import Exchange, Headers
from harness.run.accepting.baseline import load_baseline
from harness.run.accepting.requirements import load_set
from harness.tables import TableError
from harness.wire import protobuf
from harness.wire.binary import LENGTH_HEADER, NotBinary, read_binary_reply
from harness.wire.events import parse_events
from harness.wire.messages import read_model_metadata, read_outputs
from harness.wire.raw import from_raw
from harness.wire.reading import TooMuch
from harness.wire.strictjson import NotJson, parse
from harness.wire.tensor import nesting_matches, product


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader; ``seeds`` are bytes that it takes, or nearly takes."""

    read: Callable[[bytes], object]
    raises: tuple[type[Exception], ...] = ()
    seeds: tuple[bytes, ...] = ()


def exchange_of(body: bytes, headers: Headers = ()) -> Exchange:
    """An answer with this body."""
    return Exchange(
        n=1, method="POST", url="http://h/v2/models/m/infer", http_version="HTTP/1.1", request_headers=(),
        request_body=b"", status=200, reason="OK", response_http_version="HTTP/1.1", response_headers=headers,
        response_body=body, truncated=False, error=None, started="", start_ns=0, headers_ns=0, end_ns=0,
        connection=None,
    )  # fmt: skip


def _messages(data: bytes) -> None:
    value = parse(data).value
    read_model_metadata(value)
    for tensor in read_outputs(value).values():
        product(tensor.shape)
        nesting_matches(list(tensor.elements), tensor.shape)
        for element in tensor.elements:
            if isinstance(element, int | float):
                float(element)
    words_of(value)
    repr(value)


def _binary(data: bytes) -> None:
    read_binary_reply(exchange_of(data[1:], ((LENGTH_HEADER, str(data[0]) if data else "0"),)))


def _raw(data: bytes) -> None:
    from_raw(("BOOL", "UINT8", "INT64", "FP16", "BF16", "FP64", "BYTES")[data[0] % 7] if data else "BYTES", data[1:])


def _grpc(data: bytes) -> None:
    protobuf.rendered("ModelInfer", "Response", data)
    protobuf.read_infer_outputs(protobuf.parsed("ModelInfer", data))


def _grpc_metadata(data: bytes) -> None:
    protobuf.read_model_metadata(protobuf.parsed("ModelMetadata", data))


def _journal(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(data)
        file.flush()
        chain.read(Path(file.name))


def _through_proxy(data: bytes) -> None:
    requests = Requests()
    for at in range(0, len(data), READ_BYTES):
        list(requests.feed(data[at : at + READ_BYTES]))


def _given(read: Callable[[Path], object]) -> Callable[[bytes], None]:
    """A reader of a file of TOML that is named on the command line."""

    def reader(data: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=".toml") as file:
            file.write(data)
            file.flush()
            read(Path(file.name))

    return reader


def _looked_at(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    disclosures(text, EVERYTHING)
    from_outside(text, "name", "harmless")


_OUTPUT = {"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [1.5, -0.0]}
_ANSWER = json.dumps({"model_name": "m", "outputs": [_OUTPUT], "error": None}).encode()
_MESSAGE = b"\x0a\x01m\x2a\x16\x0a\x01y\x12\x04FP32\x1a\x02\x01\x02\x2a\x07\x32\x05\0\0\0\0\0"

READERS: dict[str, Reader] = {
    "strict JSON": Reader(_messages, (NotJson, TooMuch), (_ANSWER, b'{"a":[1e999,NaN,"\\ud800",-0]}', b"[[[1]],[]]")),
    "binary reply": Reader(_binary, (NotBinary, TooMuch), (b"\x57" + _ANSWER, b"\x02{}\0\0\0\0")),
    "binary tensor": Reader(_raw, (ValueError, TooMuch), (b"\x06\x01\0\0\0a", b"\x05" + bytes(16))),
    "protobuf": Reader(_grpc, (protobuf.NotAMessage, TooMuch), (_MESSAGE, b"\x32\x04\0\0\0\0")),
    "protobuf metadata": Reader(
        _grpc_metadata, (protobuf.NotAMessage, TooMuch), (b"\x0a\x01m\x32\x06\x0a\x01k\x12\x01v",)),
    "gzip": Reader(lambda data: decode(data, ["gzip"]), (Undecodable,), (gzip.compress(b"abc") * 2,)),
    "deflate": Reader(lambda data: decode(data, ["deflate", "deflate"]), (Undecodable,), (zlib.compress(b"abc"),)),
    "events": Reader(parse_events, (), (b"data: a\r\n\r\nid: 1\ndata: b\n\n:c\n",)),
    "words of an answer": Reader(_looked_at, (), (b'Traceback (most recent call last):\n  File "/a.py"',)),
    "exchange record": Reader(
        lambda data: msgspec.json.decode(data, type=ExchangeRecord),
        (msgspec.DecodeError, UnicodeDecodeError, RecursionError), (b'{"schema":"art15-exchange/1","n":1}',)),
    "manifest": Reader(
        lambda data: msgspec.json.decode(data, type=Manifest),
        (msgspec.DecodeError, UnicodeDecodeError, RecursionError), (b'{"schema":"x","files":[]}',)),
    "journal": Reader(_journal, (), (b'{"n":0,"at":"","kind":"open","plan":"","prev":"","data":{}}\n',)),
    "baseline": Reader(
        _given(load_baseline), (TableError,),
        (b"version = 1\n[[findings]]\ncause = 'a'\nclause = 'b'\ncheck = 'c'\n", b"version = 1\nallow = ['x']")),
    "requirement set": Reader(
        _given(load_set), (TableError,),
        (b"name = 'a'\n[clauses]\nA = 'must'\n[checks]\nb = 'c'\n", b"name = 'a'\nedition = 1")),
    "policy": Reader(
        _given(load_policy), (PolicyError,),
        (b"[budget]\ntime = 1.5\n[[waivers]]\nowner = 'a'\n", b"a = [[1]]",
         b"[[drills]]\nname = 'a'\nfault = {kind = 'stop', process = {pid = 9}}\n")),
    "journal of Chaos Toolkit": Reader(
        _given(read_chaos_journal), (FaultError,),
        (b'{"status":"completed","run":[{"activity":{"name":"a","type":"action"},"status":"succeeded","output":3}]}',)),
    "executions": Reader(_given(lambda path: read_executions(str(path))), (NoExecutions,), (b'a r1\n{"id":"b"}\n',)),
    "requests through a proxy": Reader(
        _through_proxy, (),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",)),
}  # fmt: skip


def take(reader: Reader, data: bytes) -> None:
    """Let a reader have some bytes; only what it documents may be raised."""
    try:
        reader.read(data)
    except reader.raises:
        return
