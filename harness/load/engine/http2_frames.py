"""Frames and header blocks of HTTP/2, as far as a gRPC client needs them. Source: RFC 9113, RFC 7541."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hpack import Decoder, Encoder

from harness.load.plan.load_plan import ID_WIDTH, LoadCase, LoadPlan
from harness.load.records.rows import Flag

DATA, HEADERS, _PRIORITY_FRAME, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(
    10
)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 32
WINDOW = 1 << 24
"""Bytes of answer that may be under way on a stream; half of it read gives it back."""

_HEAD = struct.Struct(">HBBBI")
_SETTING = struct.Struct(">HI")
_NUMBER = struct.Struct(">I").pack
_KEPT_BLOCKS = 512


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A whole frame."""
    size = len(payload)
    return _HEAD.pack(size >> 8, size & 0xFF, kind, flags, stream) + payload


PREFACE = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    # No dynamic table, no push, room for large answers.
    + frame(SETTINGS, 0, 0, _SETTING.pack(1, 0) + _SETTING.pack(2, 0) + _SETTING.pack(4, WINDOW))
    + frame(WINDOW_UPDATE, 0, 0, _NUMBER((1 << 30) - 65535))
)


@dataclass(frozen=True, slots=True)
class PreparedGrpc:
    """A case as frames. One request: ``head``, number, ``block``, number, ``before``, id, ``after``.

    Attributes:
        head: frame head of HEADERS up to the stream's number.
        block: header block and the frame head of DATA up to the number; the first ``headers`` bytes are the block.
        size: of the message with its prefix.
    """

    head: bytes
    block: bytes
    headers: int
    before: bytes
    after: bytes
    has_id: bool
    size: int

    def message(self, mark: bytes) -> bytes:
        """The message with its prefix."""
        return self.before + mark + self.after


def prepare(plan: LoadPlan, case: LoadCase) -> PreparedGrpc:
    """The frames of a case, but for stream number and id."""
    headers = [
        (":method", "POST"),
        (":scheme", "https" if plan.tls else "http"),
        (":path", case.path),
        (":authority", plan.host_header),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *((name.lower(), value) for name, value in (*plan.headers, *case.headers)),
    ]
    # As "never indexed": a literal that no table keeps, so that the bytes mean the same on every connection.
    block = Encoder().encode([(name, value, True) for name, value in headers], huffman=False)
    size = len(case.before) + (ID_WIDTH + len(case.after) if case.has_id else 0)
    before = b"\0" + _NUMBER(size) + case.before
    data = _HEAD.pack((size + 5) >> 8, (size + 5) & 0xFF, DATA, END_STREAM, 0)[:5] if size + 5 < 1 << 24 else b"\0" * 5
    return PreparedGrpc(
        head=_HEAD.pack(len(block) >> 8, len(block) & 0xFF, HEADERS, END_HEADERS, 0)[:5],
        block=block + data,
        headers=len(block),
        before=before,
        after=case.after if case.has_id else b"",
        has_id=case.has_id,
        size=size + 5,
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """What the endpoint asks for; -1 and 0: it does not say."""

    streams: int
    window: int
    frame_size: int


def read_settings(payload: bytes) -> Settings:
    """Read a SETTINGS frame.

    Raises:
        struct.error: it is cut.
    """
    if len(payload) % 6:
        raise struct.error("SETTINGS are cut")
    found = dict(_SETTING.iter_unpack(payload))
    return Settings(found.get(3, -1), found.get(4, -1), found.get(5, 0))


def without_padding(payload: bytes) -> bytes:
    """A payload without its padding.

    Raises:
        IndexError: the padding is longer than the payload.
    """
    if payload[0] >= len(payload):
        raise IndexError("more padding than payload")
    return payload[1 : len(payload) - payload[0]]


class Blocks:
    """Header blocks of answers: (HTTP status or -1, gRPC status or -1, flags); an HTTP status that is none is 0."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._seen: dict[bytes, tuple[int, int, int]] = {}

    def read(self, block: bytes) -> tuple[int, int, int]:
        """Read one block; they must come in order.

        Raises:
            hpack.HPACKError: it cannot be decoded.
        """
        table = self._decoder.header_table.dynamic_entries
        if not table:
            seen = self._seen.get(block)
            if seen is not None:
                return seen
        found = _meaning(self._decoder.decode(block, raw=True))
        # A block met and left an empty table only if it says the same every time.
        if not table and not self._decoder.header_table.dynamic_entries:
            if len(self._seen) >= _KEPT_BLOCKS:
                self._seen.clear()
            self._seen[block] = found
        return found


def _meaning(headers: object) -> tuple[int, int, int]:
    code = status = -1
    flags = 0
    for name, value in headers:  # type: ignore[attr-defined]  # hpack's own iterable of tuples
        if name == b":status":
            code = int(value) if len(value) == 3 and value.isdigit() else 0
        elif name == b"grpc-status":
            status = int(value) if len(value) <= 4 and value.isdigit() else -1
        elif name == b"grpc-retry-pushback-ms":
            flags |= Flag.RETRY_AFTER
    return code, status, int(flags)
