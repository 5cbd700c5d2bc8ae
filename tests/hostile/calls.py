"""gRPC: messages and statuses, framed well."""

from __future__ import annotations

import functools
import itertools
import random
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from tests.harness.endpoint.scripted import Scripted, message
from tests.harness.wire.grpc_peer import BEGIN, DATA, END_HEADERS, HEADERS, GrpcPeer, data, frame, head, reply
from tests.harness.wire.grpc_server import NO_LIMITS
from tests.harness.wire.hostile_grpc import HostileGrpc

from .answers import TOKEN
from .listings import BIDI, ESCAPES, SCRIPT
from .scenario import Scenario, rpc

Make = Callable[[bytes], bytes]


def _tensor(name: str = "x", shape: Any = (-1, 4), datatype: str = "FP32") -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape)}


def _metadata(**more: Any) -> bytes:
    return message("ModelMetadata", **{"name": "m", "inputs": [_tensor()], "outputs": [_tensor("y")], **more})


@functools.cache
def right() -> dict[str, bytes]:
    """The messages of a service that does well."""
    output = {**_tensor("y", (1, 4)), "contents": {"fp32_contents": [1.0, 2.0, 3.0, 4.0]}}
    return {
        "ServerLive": b"\x08\x01",
        "ServerReady": b"\x08\x01",
        "ModelReady": b"\x08\x01",
        "ServerMetadata": message("ServerMetadata", name="hostile", version="1"),
        "RepositoryIndex": message("RepositoryIndex", models=[{"name": "m", "state": "READY"}]),
        "ModelMetadata": _metadata(),
        "ModelInfer": message("ModelInfer", model_name="m", outputs=[output]),
    }


def messages(**parts: bytes | Make) -> Scenario:
    """A service with messages of some methods replaced."""

    def answers(method: str, asked: bytes) -> bytes:
        part = parts.get(method, right().get(method, b""))
        return part if isinstance(part, bytes) else part(asked)

    return rpc(lambda: Scripted(answers))


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    def __init__(self, parts: dict[str, Make]) -> None:
        self._parts = parts

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method.rpartition("/")[2]

        def behave(asked: bytes, _: Any) -> bytes:
            return self._parts[method](asked) if method in self._parts else right().get(method, b"")

        return grpc.unary_unary_rpc_method_handler(behave)


def large(*, mute: bool = False, **parts: Make) -> Scenario:
    """The same with messages that need windows: served by Google's own library."""

    @contextmanager
    def serving() -> Iterator[str]:
        server = grpc.server(ThreadPoolExecutor(8), handlers=(_Handler(parts),), options=NO_LIMITS)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop(None).wait(5)

    return rpc(serving, mute=mute)


def late(make: Callable[[], bytes]) -> Make:
    """A message that is made when it is first asked for."""
    made = functools.cache(make)
    return lambda _: made()


def _names(*names: str) -> bytes:
    return message("RepositoryIndex", models=[{"name": name, "state": "READY"} for name in names])


def _output(raw: bytes = b"", **more: Any) -> bytes:
    made = {**_tensor("y", (1, 4)), **more}
    return message("ModelInfer", model_name="m", outputs=[made], raw_output_contents=[raw] if raw else [])


def _everywhere(text: str) -> Scenario:
    return messages(
        ServerMetadata=message("ServerMetadata", name=text, version=text, extensions=[text]),
        RepositoryIndex=message("RepositoryIndex", models=[{"name": text, "version": text, "state": text}]),
        ModelMetadata=_metadata(
            name=text, platform=text, versions=[text], inputs=[_tensor(text)], outputs=[_tensor(text, datatype=text)]
        ),
        ModelInfer=message("ModelInfer", model_name=text, id=text, outputs=[_tensor(text, datatype=text)]),
    )


def _deep(levels: int) -> bytes:
    """An unknown field, in which stands an unknown field, and so on."""
    inner = b""
    for _ in range(levels):
        size, length = len(inner), b""
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        inner = b"\xa2\x06" + length + bytes([size]) + inner
    return inner


def _random() -> Make:
    drawn = random.Random(15)
    return lambda _: drawn.randbytes(drawn.randrange(10_000))


def _growing() -> Make:
    count = itertools.count(1)
    return lambda _: _output(b"\0" * (65536 * next(count)))


def refusing(say: Callable[[GrpcPeer], list[tuple[str, str]]]) -> Scenario:
    """Inference is refused with these trailers."""

    def behave(peer: GrpcPeer) -> None:
        peer.settings()
        while not peer.stopping.is_set():
            stream, _ = peer.call()
            method = dict(peer.headers)[":path"].rpartition("/")[2]
            if method == "ModelInfer":
                peer.send(head(stream, [*BEGIN, *say(peer)], end=True))
            else:
                peer.send(reply(stream, right().get(method, b"")))

    return rpc(lambda: HostileGrpc(behave))


def _tells(peer: GrpcPeer) -> list[tuple[str, str]]:
    token = dict(peer.headers).get("authorization", "")
    return [("grpc-status", "16"), ("grpc-message", f"not valid: {token}"), ("x-seen", token[::-1]), ("x-also", token)]


def _secret() -> Scenario:
    made = refusing(_tells)
    return Scenario(made.start, made.options, {"ART15_TOKEN": TOKEN})


def _small_frames(peer: GrpcPeer) -> None:
    """Right answers, a byte in each frame."""
    peer.settings()
    while not peer.stopping.is_set():
        stream, _ = peer.call()
        method = dict(peer.headers)[":path"].rpartition("/")[2]
        whole = data(stream, right().get(method, b""))[9:]
        pieces = b"".join(frame(DATA, 0, stream, whole[at : at + 1]) for at in range(len(whole)))
        peer.send(head(stream) + pieces + head(stream, [("grpc-status", "0")], end=True))


def _indexed(peer: GrpcPeer) -> None:
    """A header of 4,000 bytes that is put into HPACK's table once, and named 16,000 times with a byte each."""
    peer.settings()
    while not peer.stopping.is_set():
        stream, _ = peer.call()
        method = dict(peer.headers)[":path"].rpartition("/")[2]
        if method != "ModelInfer":
            peer.send(reply(stream, right().get(method, b"")))
            continue
        # Literal with incremental indexing, a new name (RFC 7541, section 6.2.1); then index 62 again and again.
        bomb = b"\x88\x40\x01x\x7f" + b"\xa1\x1e" + b"x" * 4000 + b"\xbe" * 12_000
        peer.send(frame(HEADERS, END_HEADERS, stream, bomb) + data(stream, right()["ModelInfer"]))
        peer.send(head(stream, [("grpc-status", "0")], end=True))


_GROUPS = b"\xa3\x06" * 100_000 + b"\xa4\x06" * 100_000

SCENARIOS: dict[str, Scenario] = {
    # Where the listing takes longer than a request may, there is none.
    "grpc-names-300000": large(
        mute=True, RepositoryIndex=late(lambda: _names(*(f"model-{n}" for n in range(300_000))))
    ),
    "grpc-name-of-200-kb": large(RepositoryIndex=late(lambda: _names("n" * 200_000))),
    "grpc-name-nul": messages(RepositoryIndex=_names("a\0b", "a\r\nb", "../..", " ")),
    "grpc-inputs-100000": large(
        ModelMetadata=late(lambda: _metadata(inputs=[_tensor(f"x{n}") for n in range(100_000)]))
    ),
    "grpc-inputs-60-of-4000000": messages(
        ModelMetadata=_metadata(inputs=[_tensor(f"x{n}", (4_000_000,), "FP64") for n in range(60)])
    ),
    "grpc-rank-10000": messages(ModelMetadata=_metadata(inputs=[_tensor("x", (1,) * 10_000)])),
    "grpc-dimension-huge": messages(ModelMetadata=_metadata(inputs=[_tensor("x", (2**63 - 1, -(2**63)))])),
    "grpc-platform-of-10-mb": large(ModelMetadata=late(lambda: _metadata(platform="p" * 10_000_000))),
    "grpc-answer-of-16-mb-of-fields": large(ModelInfer=late(lambda: b"\x2a\x00" * (8 << 20))),
    "grpc-answer-of-floats": large(
        ModelInfer=late(lambda: _output(shape=[3_900_000], contents={"fp32_contents": [0.5] * 3_900_000}))
    ),
    "grpc-answer-raw-lies": messages(ModelInfer=_output(b"\0" * 7, shape=[2**62, 2**62])),
    "grpc-answer-raw-text": messages(ModelInfer=_output(struct.pack("<I", 2**32 - 1) + b"abc", datatype="BYTES")),
    "grpc-answer-raw-and-typed": messages(ModelInfer=_output(b"\0" * 16, contents={"fp32_contents": [1.0] * 4})),
    "grpc-answer-unknown-fields": large(ModelInfer=late(lambda: b"\xa0\x06\x01" * 1_000_000)),
    "grpc-answer-groups": large(ModelInfer=lambda _: _GROUPS),
    "grpc-answer-varint": large(ModelInfer=lambda _: b"\xff" * 1_000_000),
    "grpc-answer-random": messages(ModelInfer=_random()),
    "grpc-answer-grows": large(ModelInfer=_growing()),
    "grpc-answer-empty": messages(ModelInfer=b""),
    "grpc-refuses-everything": rpc(lambda: Scripted(lambda *_: 12), mute=True),
    "grpc-header-named-12000-times": rpc(lambda: HostileGrpc(_indexed)),
    "grpc-status-of-digits": refusing(lambda _: [("grpc-status", "9" * 5000)]),
    "grpc-status-signed": refusing(lambda _: [("grpc-status", "-1"), ("grpc-status", "+0"), ("grpc-status", "٣")]),
    "grpc-pushback-odd": refusing(lambda _: [("grpc-status", "14"), ("grpc-retry-pushback-ms", "9" * 4000)]),
    "grpc-details-of-base64": refusing(lambda _: [("grpc-status", "3"), ("grpc-status-details-bin", "A" * 7001)]),
    "grpc-names-of-nothing": messages(RepositoryIndex=_names("", " ", "m[a]", "::", "m:1", "e\u0301", "\u00e9")),
    "grpc-metadata-deep": messages(ModelMetadata=_metadata() + _deep(10_000)),
    "grpc-answer-deep": messages(ModelInfer=_deep(10_000)),
    "grpc-status-odd": refusing(lambda _: [("grpc-status", "77"), ("grpc-status-details-bin", "!" * 5000)]),
    "grpc-words-of-escapes": refusing(
        lambda _: [("grpc-status", "3"), ("grpc-message", "%1B]0;OWNED%07%1B[2J%E2%80%AE")]
    ),
    "grpc-words-of-percent": refusing(lambda _: [("grpc-status", "3"), ("grpc-message", "%" * 8000)]),
    "grpc-secret-in-errors": _secret(),
    "grpc-small-frames": rpc(lambda: HostileGrpc(_small_frames)),
    "grpc-escapes-everywhere": _everywhere(ESCAPES),
    "grpc-bidi-everywhere": _everywhere(BIDI),
    "grpc-script-everywhere": _everywhere(SCRIPT),
}
