"""The engine against gRPC servers made of raw frames: limits, flow control, resets, goodbyes and errors."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hpack
import pytest

from harness.load.plan.load_plan import Connections, LoadCase
from harness.load.records.rows import Flag
from harness.wire import protobuf
from tests.harness.load.engines import plan_for, run
from tests.harness.load.hostile_server import reset, serving

ID = b"\x1a\x10"
CASE = LoadCase(name="g", path="/inference.GRPCInferenceService/ModelInfer", before=b"\x0a\x01m" + ID, after=b"")
DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
ACK = 1
# SETTINGS_MAX_CONCURRENT_STREAMS.
ONE_STREAM, FIVE_STREAMS = struct.pack(">HI", 3, 1), struct.pack(">HI", 3, 5)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Peer:
    """The server's end of one connection; ``answer`` is called for each whole request."""

    def __init__(
        self, connection: socket.socket, *, settings: bytes = b"", windows: bool = True, pause_s: float = 0
    ) -> None:
        self.connection, self.settings, self.windows, self.pause_s = connection, settings, windows, pause_s
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.messages: dict[int, bytes] = {}
        self.most = self.taken = self.frames = 0

    def send(self, *frames: bytes) -> None:
        self.connection.sendall(b"".join(frames))

    def headers(self, stream: int, *pairs: tuple[str, str], end: bool = False, plain: bool = True) -> bytes:
        block = self.encoder.encode([(*each, True) if plain else each for each in pairs])
        return frame(HEADERS, 5 if end else 4, stream, block)

    def good(self, stream: int, message: bytes | None = None) -> bytes:
        body = self.messages[stream][5:] if message is None else message
        whole = b"\0" + struct.pack(">I", len(body)) + body
        parts = [whole[place : place + 16384] for place in range(0, len(whole), 16384)]
        return b"".join(
            [
                self.headers(stream, (":status", "200"), ("content-type", "application/grpc")),
                *(frame(DATA, 0, stream, part) for part in parts),
                self.headers(stream, ("grpc-status", "0"), end=True),
            ]
        )

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.connection.recv(size - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def read_frame(self) -> tuple[int, int, int, bytes]:
        """Kind, flags, stream and payload."""
        head = self.read(9)
        return head[3], head[4], int.from_bytes(head[5:], "big"), self.read(int.from_bytes(head[:3], "big"))

    def serve(self, answer: Callable[[Peer, int], Any]) -> None:
        self.read(24)
        self.send(frame(SETTINGS, 0, 0, self.settings))
        if self.pause_s:
            self.send(frame(WINDOW, 0, 0, struct.pack(">I", 1 << 29)))
            while self.read_frame()[:2] != (SETTINGS, ACK):
                pass
            # The connection stands; the pause begins with the request.
            self.connection.recv(1, socket.MSG_PEEK)
            time.sleep(self.pause_s)
        while True:
            kind, flags, stream, payload = self.read_frame()
            if kind == HEADERS:
                self.decoder.decode(payload)
                self.messages[stream] = b""
                self.most = max(self.most, len(self.messages))
            elif kind == DATA and stream in self.messages:
                self.messages[stream] += payload
                self.frames += 1
                if self.windows and payload:
                    self.send(
                        frame(WINDOW, 0, 0, struct.pack(">I", len(payload))),
                        frame(WINDOW, 0, stream, struct.pack(">I", len(payload))),
                    )
                if flags & 1:
                    self.taken += 1
                    if answer(self, stream) is False:
                        return
                    self.messages.pop(stream, None)


def grpc(answer: Callable[[Peer, int], Any], **options: Any) -> Callable[[socket.socket], None]:
    return lambda connection: Peer(connection, **options).serve(answer)


def good(peer: Peer, stream: int) -> None:
    peer.send(peer.good(stream))


def trailers_only(peer: Peer, stream: int) -> None:
    peer.send(
        peer.headers(stream, (":status", "200"), ("grpc-status", "14"), ("grpc-retry-pushback-ms", "5"), end=True)
    )


def http_error(peer: Peer, stream: int) -> None:
    peer.send(peer.headers(stream, (":status", "503"), end=True))


def no_trailers(peer: Peer, stream: int) -> None:
    peer.send(peer.headers(stream, (":status", "200")), frame(DATA, 1, stream, b"\0\0\0\0\0"))


def rst(peer: Peer, stream: int) -> None:
    peer.send(frame(RST, 0, stream, struct.pack(">I", 7)))


def resets(peer: Peer, stream: int) -> bool:
    reset(peer.connection)
    return False


def silent(peer: Peer, stream: int) -> None:
    """Never an answer."""


def cut(peer: Peer, stream: int) -> bool:
    peer.send(peer.good(stream)[:-12])
    return False


def short_message(peer: Peer, stream: int) -> None:
    peer.send(
        peer.headers(stream, (":status", "200")),
        frame(DATA, 0, stream, b"\0\0\0\0\x09" + b"abc"),
        peer.headers(stream, ("grpc-status", "0"), end=True),
    )


def two_messages(peer: Peer, stream: int) -> None:
    peer.send(
        peer.headers(stream, (":status", "200")),
        frame(DATA, 0, stream, peer.messages[stream] * 2),
        peer.headers(stream, ("grpc-status", "0"), end=True),
    )


def other_id(peer: Peer, stream: int) -> None:
    peer.send(peer.good(stream, b"\x0a\x01m" + ID + b"f" * 16))


def unknown_frames(peer: Peer, stream: int) -> None:
    peer.send(frame(0x55, 3, stream, b"?"), frame(PING, 0, 0, b"12345678"), peer.good(stream), rst_ok(stream))


def rst_ok(stream: int) -> bytes:
    """After a whole answer a server may say that it wants no more of the request."""
    return frame(RST, 0, stream, bytes(4))


def dynamic(peer: Peer, stream: int) -> None:
    """Blocks that use the dynamic table mean another thing each time."""
    message = peer.messages[stream]
    peer.send(
        peer.headers(stream, (":status", "200"), ("x-n", str(stream % 7)), plain=False),
        frame(DATA, 0, stream, message),
        peer.headers(stream, ("grpc-status", "0"), ("x-n", str(stream % 5)), end=True, plain=False),
    )


def goes_away(peer: Peer, stream: int) -> Any:
    peer.send(peer.good(stream))
    if peer.taken == 5:
        peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream, 0)))
        return False
    return None


def takes_up_nothing(peer: Peer, stream: int) -> None:
    peer.send(frame(GOAWAY, 0, 0, bytes(8)))


SIMPLE = [
    ("good", good, "OK"),
    ("unknown frames", unknown_frames, "OK"),
    ("dynamic table", dynamic, "OK"),
    ("trailers only", trailers_only, "GRPC_ERROR"),
    ("http error", http_error, "HTTP_ERROR"),
    ("no trailers", no_trailers, "PROTOCOL"),
    ("rst", rst, "RESET"),
    ("reset", resets, "RESET"),
    ("silent", silent, "TIMEOUT"),
    ("cut", cut, "TRUNCATED"),
    ("short message", short_message, "TRUNCATED"),
    ("two messages", two_messages, "PROTOCOL"),
    ("other id", other_id, "WRONG_ID"),
]


@pytest.mark.parametrize(("answer", "expected"), [each[1:] for each in SIMPLE], ids=[each[0] for each in SIMPLE])
def test_every_request_ends_in_one_record(answer: Callable[..., Any], expected: str, tmp_path: Path) -> None:
    # Each request on a connection that ends has one of its own, however many are sent in one burst.
    with serving(grpc(answer, settings=ONE_STREAM if answer in {resets, cut} else b"")) as port:
        patience = 0.4 if answer is silent else 20.0
        plan = plan_for(port, rate=400, seconds=0.125, transport="grpc", cases=(CASE,), timeout_s=patience)
        ran = run(plan, tmp_path)
    assert ran.statuses == {expected: 50}, ran


@pytest.mark.parametrize("status", ["70000", "99", "099", "2OO", "", "9" * 5000])
def test_a_status_that_is_none_breaks_the_protocol(status: str, tmp_path: Path) -> None:
    def answer(peer: Peer, stream: int) -> None:
        peer.send(peer.headers(stream, (":status", status), end=True))

    with serving(grpc(answer)) as port:
        ran = run(plan_for(port, rate=40, transport="grpc", cases=(CASE,)), tmp_path)
    assert ran.statuses == {"PROTOCOL": 10}


@pytest.mark.parametrize("status", ["70000", "9" * 5000])
def test_a_grpc_status_that_is_none_breaks_the_protocol(status: str, tmp_path: Path) -> None:
    def answer(peer: Peer, stream: int) -> None:
        peer.send(peer.headers(stream, (":status", "200"), ("grpc-status", status), end=True))

    with serving(grpc(answer)) as port:
        ran = run(plan_for(port, rate=40, transport="grpc", cases=(CASE,)), tmp_path)
    assert ran.statuses == {"PROTOCOL": 10}


@pytest.mark.parametrize("size", [1, 1 << 24])
def test_a_frame_size_that_is_not_allowed_breaks_the_protocol(size: int, tmp_path: Path) -> None:
    with serving(grpc(good, settings=struct.pack(">HI", 5, size))) as port:
        ran = run(plan_for(port, rate=40, transport="grpc", cases=(CASE,)), tmp_path)
    assert ran.statuses == {"PROTOCOL": 10}


def test_an_endless_message_is_not_read_on(tmp_path: Path) -> None:
    def answer(peer: Peer, stream: int) -> None:
        peer.send(peer.headers(stream, (":status", "200")))
        for _ in range(100):
            peer.send(frame(DATA, 0, stream, b"\0" * 16384))

    with serving(grpc(answer)) as port:
        ran = run(plan_for(port, rate=20, transport="grpc", cases=(CASE,), body_bytes=300_000), tmp_path)
    assert set(ran.statuses) <= {"PROTOCOL", "RESET"}
    assert 300_000 < ran.merged.rows["bytes"].max() <= 300_000 + 16384


def test_an_endpoint_slow_to_read_is_not_the_testers_lag(tmp_path: Path) -> None:
    size = 8_000_000
    case = LoadCase(name="g", path=CASE.path, before=b"\x0a\x01m" + ID, after=b"\x2a" + _varint(size) + b"y" * size)
    wide = struct.pack(">HI", 4, 1 << 30)

    pause_s = 0.5
    with serving(grpc(good, settings=wide, pause_s=pause_s)) as port:
        plan = plan_for(port, rate=20, seconds=0.1, transport="grpc", cases=(case,))
        rows = run(plan, tmp_path).merged.rows
    assert rows["status"].tolist() == [1, 1]
    assert not (rows["flags"] & Flag.NEW_CONNECTION).any()
    assert (rows["sent"] - rows["taken"]).max() < pause_s * 1e9
    assert (rows["done"] - rows["sent"]).min() > pause_s / 2 * 1e9


def test_what_a_server_adds_beside_the_outputs_is_its_own_affair(tmp_path: Path) -> None:
    def timed(peer: Peer, stream: int) -> None:
        sent = peer.messages[stream][5:]
        reply = protobuf.message("ModelInfer", "Response")
        reply.model_name, reply.id = "m", sent[-16:].decode()
        reply.parameters["took"].int64_param = time.monotonic_ns()
        output = reply.outputs.add()
        output.name, output.datatype = "y", "INT64"
        output.shape.append(1)
        output.contents.int64_contents.append(2 if sent.endswith(b"00000007") else 1)
        peer.send(peer.good(stream, reply.SerializeToString()))

    with serving(grpc(timed)) as port:
        ran = run(plan_for(port, transport="grpc", cases=(CASE,)), tmp_path)
    assert ran.statuses == {"OK": 49, "WRONG_ANSWER": 1}


def test_errors_keep_their_code_and_pushback(tmp_path: Path) -> None:
    with serving(grpc(trailers_only)) as port:
        rows = run(plan_for(port, transport="grpc", cases=(CASE,)), tmp_path).merged.rows
    assert set(rows["code"].tolist()) == {14}
    assert (rows["flags"] & Flag.RETRY_AFTER).all()


def test_a_server_that_speaks_no_http2(tmp_path: Path) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with serving(serve) as port:
        ran = run(plan_for(port, transport="grpc", cases=(CASE,)), tmp_path)
    assert set(ran.statuses) <= {"PROTOCOL", "RESET", "CLOSED"}


def test_the_limit_of_streams_is_kept(tmp_path: Path) -> None:
    seen: list[int] = []

    def slow(peer: Peer, stream: int) -> None:
        time.sleep(0.01)
        seen.append(peer.most)
        good(peer, stream)

    limit = struct.pack(">HI", 3, 2)
    with serving(grpc(slow, settings=limit)) as port:
        connections = Connections(cap=1, preconnect=1)
        ran = run(plan_for(port, transport="grpc", cases=(CASE,), connections=connections, timeout_s=20.0), tmp_path)
    assert ran.statuses == {"OK": 50}
    assert max(seen) <= 2
    assert ran.facts["cap_hits"] > 0


def test_goaway_moves_to_a_new_connection(tmp_path: Path) -> None:
    with serving(grpc(goes_away, settings=FIVE_STREAMS)) as port:
        ran = run(plan_for(port, rate=100, transport="grpc", cases=(CASE,)), tmp_path)
    # A request may be on its way to a connection that is just being closed.
    assert ran.statuses["OK"] >= 15
    assert set(ran.statuses) <= {"OK", "CLOSED", "RESET"}
    assert ran.facts["opened"] >= 4


def test_what_a_draining_server_did_not_take_up_goes_to_another_connection(tmp_path: Path) -> None:
    draining: list[Peer] = []

    def drains(peer: Peer, stream: int) -> None:
        """On one connection the fifth stream, and those that are on their way behind it, are not taken up."""
        if stream >= 9 and not draining:
            draining.append(peer)
            peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", 7, 0)))
        if peer not in draining:
            peer.send(peer.good(stream))

    with serving(grpc(drains)) as port:
        ran = run(plan_for(port, rate=400, transport="grpc", cases=(CASE,), timeout_s=20.0), tmp_path)
    assert set(ran.statuses) == {"OK"}
    assert (ran.merged.rows["flags"] & Flag.MOVED).any()


def test_a_server_that_takes_up_nothing_is_asked_once_more_and_no_longer(tmp_path: Path) -> None:
    with serving(grpc(takes_up_nothing)) as port:
        ran = run(plan_for(port, rate=40, transport="grpc", cases=(CASE,), timeout_s=20.0), tmp_path)
    assert set(ran.statuses) <= {"CLOSED", "RESET"}
    assert ran.statuses["CLOSED"] > 0


@pytest.mark.parametrize("window", [65535, 1000])
def test_flow_control_of_large_messages_both_ways(window: int, tmp_path: Path) -> None:
    size = 200_000 if window == 1000 else 2_000_000
    padding = b"\x2a" + b"\x80" * 0 + _varint(size) + b"y" * size
    case = LoadCase(name="g", path=CASE.path, before=b"\x0a\x01m" + ID, after=padding)
    settings = struct.pack(">HI", 4, window)
    frames: list[int] = []

    def counted(peer: Peer, stream: int) -> None:
        frames.append(peer.frames)
        good(peer, stream)

    with serving(grpc(counted, settings=settings)) as port:
        plan = plan_for(port, rate=20, seconds=0.3, transport="grpc", cases=(case,), timeout_s=20.0)
        ran = run(plan, tmp_path)
    assert ran.statuses == {"OK": 6}
    assert ran.merged.rows["bytes"].min() > size
    # Windows that are opened bit by bit are not filled bit by bit.
    assert frames[-1] < 1.5 * 6 * size / min(4096, window // 2)


def test_a_window_that_never_opens_is_a_timeout(tmp_path: Path) -> None:
    case = LoadCase(name="g", path=CASE.path, before=b"\x0a\x01m" + ID, after=b"\x2a\xa0\x8d\x06" + b"y" * 100_000)
    with serving(grpc(good, windows=False)) as port:
        ran = run(plan_for(port, rate=20, transport="grpc", cases=(case,), timeout_s=0.4), tmp_path)
    assert ran.statuses == {"TIMEOUT": 5}


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def test_tls_needs_h2(tmp_path: Path, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    own: dict[str, Any] = {
        "tls": True,
        "ca_file": str(certificate),
        "cert_file": str(certificate),
        "key_file": str(certificate),
    }
    plan: dict[str, Any] = {"rate": 40, "transport": "grpc", "cases": (CASE,), "timeout_s": 20.0, **own}
    with serving(grpc(good), context) as port:
        assert run(plan_for(port, **plan), tmp_path).statuses == {"PROTOCOL": 10}
    context.set_alpn_protocols(["h2"])
    (tmp_path / "h2").mkdir()
    with serving(grpc(good), context) as port:
        assert run(plan_for(port, **plan), tmp_path / "h2").statuses == {"OK": 10}
