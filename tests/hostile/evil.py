"""An endpoint that speaks the protocol over both transports, and whose every word is hostile.

What a protocol needs of a server is right, so that a run goes on to its end. Each word beside it carries script and
markup, formulas, what a terminal obeys, controls, and characters that reorder or hide.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.harness.endpoint.scripted import message
from tests.harness.wire.grpc_peer import BEGIN, GrpcPeer, Pairs, data, head
from tests.harness.wire.hostile import GoodServer
from tests.harness.wire.hostile_grpc import HostileGrpc

from .service import JSON, Request, dump, echo, said, service, tensor

# OSC and CSI of both kinds, what ends a CDATA section, a cell, a row, a fence, a comment; direction, tags, no glyphs.
EVIL = (
    "=cmd|' /C calc'!A1</title></script><script>document.title='OWNED'</script><img src=http://evil.test/ onerror=a()>"
    "\x1b]0;OWNED\x07\x1b[2J\x1b[31m\x9b1m\x9d0;OWNED\x9c]]>&amp;\"'`<!--\r\n\r\n# h\n```\n@everyone |\x08\x00\x7f"
    "[a](javascript:alert(1))\u202euser\u2066nimda\u200f\u2028\ufeff\U000e0041\ufffe\u05d0\u05d1 12"
    "\u0301\u0301\u0301\u0301\u0301\u0301{{7*7}}%s${IFS}\\\U0001f600"
)
# A command line holds no NUL, and what stands behind a colon is a version.
MODEL = EVIL.replace("\x00", "").replace(":", "")
# What may stand in a head: no line ends, latin-1 or UTF-8 as bytes, one that is neither.
IN_HEAD = EVIL.replace("\x00", "").replace("\r", "").replace("\n", "").encode() + b"\xff\xc3"
MEGABYTE = EVIL + "m" * (1 << 20)

_COUNTS = itertools.count(1 << 40, -1)


def _infer(request: Request) -> bytes:
    """Right inferences without their id, and refusals whose every part is hostile."""
    answered = echo(request)
    head, _, body = answered.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        return _refused(400, dump({"error": MEGABYTE}))
    right = json.loads(body)
    right["outputs"][0]["parameters"] = {f"{EVIL}\ud800": EVIL}
    told = {"model_name": MODEL, "model_version": EVIL, "outputs": right["outputs"], "parameters": {EVIL: EVIL}}
    return said(dump(told), b"X-Evil: " + IN_HEAD)


def _refused(status: int, body: bytes) -> bytes:
    """A refusal with words in its first line, in the name and the value of a header, and in the body."""
    first = b"HTTP/1.1 %d %s" % (status, IN_HEAD)
    return b"\r\n".join([first, b"Content-Length: %d" % len(body), JSON, b"X-!#$&'*`|~: " + IN_HEAD, b"", body])


def _other(request: Request) -> bytes:
    """Words that are no text, and a head that is none."""
    refused = _refused(404, b"\xff\xfe" + EVIL.encode())
    return refused.replace(b"X-!", b"X-\x01") if request.method == "GET" else refused


def _statistics(number: int) -> dict[str, Any]:
    spent = {"count": number, "ns": number}
    kinds = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss")
    batch = {"batch_size": 1, **dict.fromkeys(kinds[3:6], spent)}
    return {
        "name": MODEL, "version": EVIL, "last_inference": number, "inference_count": number, "execution_count": number,
        "inference_stats": dict.fromkeys(kinds, spent), "batch_stats": [batch],
    }  # fmt: skip


def _metadata(request: Request) -> bytes:
    """Metadata of the one model, and its statistics, whose counts go back."""
    if request.path.endswith("/stats"):
        return said(dump({"model_stats": [_statistics(next(_COUNTS))]}))
    return said(dump({
        "name": MODEL, "platform": MEGABYTE, "versions": [EVIL], "parameters": {EVIL: EVIL}, EVIL: EVIL,
        "inputs": [tensor(EVIL)], "outputs": [tensor("y")],
    }))  # fmt: skip


def _rest() -> GoodServer:
    words = dump({"name": EVIL, "version": MEGABYTE, "extensions": [EVIL, "model_repository", "statistics", EVIL * 2]})
    index = dump([{"name": MODEL, "version": EVIL, "state": EVIL, "reason": EVIL}])
    return GoodServer(
        service(
            server=words, index=index, metadata=_metadata, infer=_infer,
            other=_other,
        )
    )  # fmt: skip


def _messages() -> dict[str, bytes]:
    word = EVIL
    one = {"name": word, "datatype": "FP32", "shape": [-1, 4]}
    output = {"name": "y", "datatype": "FP32", "shape": [1, 4], "contents": {"fp32_contents": [1.0, 2.0, 3.0, 4.0]}}
    return {
        "ServerLive": b"\x08\x01",
        "ServerReady": b"\x08\x01",
        "ModelReady": b"\x08\x01",
        "ServerMetadata": message("ServerMetadata", name=word, version=word, extensions=[word]),
        "RepositoryIndex": message("RepositoryIndex", models=[{"name": MODEL, "version": word, "state": word}]),
        "ModelMetadata": message(
            "ModelMetadata", name=MODEL, platform=word, versions=[word], inputs=[one], outputs=[{**one, "name": "y"}]
        ),
        "ModelInfer": message("ModelInfer", model_name=MODEL, model_version=word, outputs=[output]),
    }


def _behave(peer: GrpcPeer) -> None:
    messages = _messages()
    details = quote(EVIL, safe="<>'\"=&;#|(){}[]`@ ")
    peer.settings()
    # Or a window that is granted holds up the answer behind it.
    peer.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while not peer.stopping.is_set():
        stream, asked = peer.call()
        method = dict(peer.headers)[":path"].rpartition("/")[2]
        if method in messages and (method != "ModelInfer" or (EVIL.encode() in asked and MODEL.encode() in asked)):
            begin: Pairs = [*BEGIN, ("x-evil", IN_HEAD)]
            done: Pairs = [("grpc-status", "0"), ("x-evil-trailer", IN_HEAD)]
            peer.send(head(stream, begin) + data(stream, messages[method]) + head(stream, done, end=True))
        else:
            told: Pairs = [*BEGIN, ("grpc-status", "3"), ("grpc-message", details), ("x-evil", IN_HEAD)]
            peer.send(head(stream, told, end=True))


@contextlib.contextmanager
def evil() -> Iterator[tuple[str, str]]:
    """The endpoint: its URL, and HOST:PORT for gRPC."""
    with _rest() as rest, HostileGrpc(_behave) as rpc:
        yield rest, rpc.removeprefix("http://")
