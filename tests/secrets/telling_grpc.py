"""The same over gRPC: in metadata, trailers, statuses and their details, messages, and frames that end a connection."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from harness.wire import protobuf
from tests.harness.endpoint.scripted import message
from tests.harness.record.spellings import SPELLINGS
from tests.harness.wire.grpc_peer import BEGIN, DATA, DONE, GrpcPeer, data, frame, head, reply
from tests.harness.wire.hostile_grpc import HostileGrpc

from .telling import LINES, WELL, Case, Turns, cases, credentials, fits, text

_GOAWAY = 7
# Stream and the right message -> frames, with what is told.
GrpcPlace = Callable[[int, bytes, bytes], bytes]


def _lowered(told: bytes) -> bytes:
    return told.lower()


def begun(name: bytes) -> GrpcPlace:
    """More of initial metadata; ``*`` stands for what is told."""
    return lambda stream, right, told: (
        head(stream, [*BEGIN, (name.replace(b"*", told.lower()), told)])
        + data(stream, right)
        + head(stream, DONE, end=True)
    )


def done(*pairs: tuple[str, Callable[[bytes], bytes]], status: str = "0", right: bool = True) -> GrpcPlace:
    """More of trailers, after the right message or alone."""

    def place(stream: int, message: bytes, told: bytes) -> bytes:
        trailers: list[tuple[str | bytes, str | bytes]] = [("grpc-status", status)]
        trailers += [(name, make(told)) for name, make in pairs]
        if right:
            return reply(stream, message, trailers)
        return head(stream, [*BEGIN, *trailers], end=True)

    return place


def _details(told: bytes) -> bytes:
    """A google.rpc.Status with a DebugInfo, as Google's libraries send it."""
    info = _field(2, told) + _field(1, b"frame of " + told)
    debug = _field(1, b"type.googleapis.com/google.rpc.DebugInfo") + _field(2, info)
    return base64.b64encode(b"\x08\x10" + _field(2, b"no: " + told) + _field(3, debug)).rstrip(b"=")


def _field(number: int, value: bytes) -> bytes:
    """A field of bytes."""
    size, length = b"", len(value)
    while length > 0x7F:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + value


def infers(**parts: Any) -> Callable[[bytes], bytes]:
    """A response of an inference; members may be made from what is told."""

    def make(told: bytes) -> bytes:
        output = {"name": "y", "datatype": "BYTES", "shape": [1], "contents": {"bytes_contents": [b"1"]}}
        made = {"model_name": "m", "outputs": [output]}
        return message(
            "ModelInfer", **made | {key: value(told) if callable(value) else value for key, value in parts.items()}
        )

    return make


def says(make: Callable[[bytes], bytes]) -> GrpcPlace:
    """A whole answer with this message."""
    return lambda stream, _, told: reply(stream, make(told))


def _output(**parts: Any) -> list[dict[str, Any]]:
    return [{"name": "y", "datatype": "BYTES", "shape": [1]} | parts]


def _packed(stream: int, _: bytes, told: bytes) -> bytes:
    packed = gzip.compress(infers(id=text)(told))
    return (
        head(stream, [*BEGIN, ("grpc-encoding", "gzip")]) + data(stream, packed, flag=1) + head(stream, DONE, end=True)
    )


def _http(stream: int, _: bytes, told: bytes) -> bytes:
    top = [(":status", "401"), ("content-type", "text/plain")]
    return head(stream, top) + frame(DATA, 1, stream, b"no: " + told)


def _parameters(told: bytes) -> bytes:
    made = protobuf.message("ModelInfer", "Response")
    made.model_name = "m"
    made.parameters[text(told)].string_param = text(told)
    return bytes(made.SerializeToString())


GENTLE: dict[str, GrpcPlace] = {
    "header": begun(b"x-told"),
    "unknown field": lambda stream, right, told: reply(stream, right + _field(12, told)),
    "trailer": done(("x-told", lambda told: told)),
    "header name": begun(b"x-*"),
    "message of OK": done(("grpc-message", lambda told: quote(told).encode())),
    "binary trailer": done(("x-told-bin", base64.b64encode)),
    "server": begun(b"server"),
    "two trailers": done(
        ("x-first", lambda told: told[: len(told) // 2]), ("x-second", lambda told: told[len(told) // 2 :])
    ),
}  # fmt: skip
ROUGH: dict[str, GrpcPlace] = {
    "message": done(("grpc-message", lambda told: quote(b"no: " + told).encode()), status="16", right=False),
    "raw message": done(("grpc-message", lambda told: b"no: " + told), status="7", right=False),
    "details": done(("grpc-status-details-bin", _details), ("grpc-message", lambda _: b"no"), status="16", right=False),
    "bytes of a tensor": says(infers(outputs=lambda told: _output(contents={"bytes_contents": [told]}))),
    "raw tensor": says(
        infers(outputs=_output(), raw_output_contents=lambda told: [len(told).to_bytes(4, "little") + told])
    ),
    "values of a tensor": says(
        infers(outputs=lambda told: _output(datatype="UINT8", contents={"uint_contents": list(told)}))
    ),
    "id": says(infers(id=text, model_version=text, model_name=text)),
    "name of an output": says(infers(outputs=lambda told: _output(name=text(told)))),
    "parameter": says(_parameters),
    "packed": _packed,
    "HTTP": _http,
    "name of a coding": lambda stream, right, told: (
        head(stream, [*BEGIN, ("grpc-encoding", told)]) + data(stream, right, flag=1) + head(stream, DONE, end=True)
    ),
    "media type": lambda stream, right, told: (
        head(stream, [(":status", "200"), ("content-type", b"application/grpc+" + told)], end=True)
    ),
    "no message": says(lambda told: told),
    "going away": lambda _, __, told: frame(_GOAWAY, 0, 0, bytes(4) + (11).to_bytes(4, "big") + told),
    "no frame": lambda _, __, told: b"HTTP/1.1 400 " + told + b"\r\n\r\n" + told,
}  # fmt: skip
LAST = {"going away", "no frame"}
LINES |= {"raw message", "name of a coding", "media type", "two trailers"}
_CASES = {"gentle": cases(GENTLE), "rough": cases(ROUGH)}
ALL = {*_CASES["gentle"], *_CASES["rough"]}


def _tensor(name: str) -> dict[str, Any]:
    return {"name": name, "datatype": "FP32", "shape": [-1, 4]}


class GrpcTeller(HostileGrpc):
    """Serves a model, and tells; see :class:`tests.secrets.telling.Teller`."""

    def __init__(self, secrets: Sequence[str], rough: int = 2) -> None:
        super().__init__(self._calls)
        self.told: set[Case] = set()
        self.given: list[str] = []
        self._secrets, self._rough = secrets, rough
        self._turns = Turns()

    def _calls(self, peer: GrpcPeer) -> None:
        peer.settings()
        while not peer.stopping.is_set():
            stream, _ = peer.call()
            frames, last = self.respond(stream, dict(peer.headers))
            peer.send(frames)
            if last:
                return

    def respond(self, stream: int, headers: dict[str, str]) -> tuple[bytes, bool]:
        """Frames, and whether the connection ends with them."""
        for name in ("authorization", "cookie", "x-api-key"):
            for value in credentials(headers.get(name, "")):
                if value in self._secrets and value not in self.given:
                    self.given.append(value)
        method = headers[":path"].rpartition("/")[2]
        right = self._right(method)
        turn = self._turns.next("infer") if method == "ModelInfer" else 0
        if not self.given:
            return reply(stream, right or b""), False
        gentle = right is not None and (turn < WELL or turn % self._rough != 0)
        kind, places = ("gentle", GENTLE) if gentle else ("rough", ROUGH)
        place, spelling = _CASES[kind][(number := self._turns.next(kind)) % len(_CASES[kind])]
        told = SPELLINGS[spelling](self.given[number // 7 % len(self.given)])
        if not fits(place, told):
            place = "unknown field" if gentle else "message"
        self.told.add((place, spelling))
        return places[place](stream, right or b"", told), place in LAST

    def _right(self, method: str) -> bytes | None:
        secret = self.given[-1] if self.given else "nothing"
        tensors = {"inputs": [_tensor("x")], "outputs": [_tensor("y")]}
        output = {**_tensor("y"), "shape": [1, 4], "contents": {"fp32_contents": [1.0, 2.0, 3.0, 4.0]}}
        made: dict[str, dict[str, Any]] = {
            "ServerMetadata": {"name": "teller", "version": secret, "extensions": [secret]},
            "RepositoryIndex": {"models": [{"name": "m", "state": "READY", "reason": secret}]},
            "ModelMetadata": {"name": "m", "platform": secret, "versions": [secret], **tensors},
            "ModelInfer": {"model_name": "m", "outputs": [output]},
        }
        if method in ("ServerLive", "ServerReady", "ModelReady"):
            return b"\x08\x01"
        return message(method, **made[method]) if method in made else None
