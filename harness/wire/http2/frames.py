"""Frames of HTTP/2 by their bytes (RFC 9113, section 4.1), and errors in words."""

from __future__ import annotations

import h2.errors

from harness.record.quoting import clip
from harness.wire.sockets import Call

FRAME_HEADER = 9
GOAWAY = 7


def is_farewell(frame: bytes) -> bool:
    """Whether a whole frame is GOAWAY."""
    return frame[3] == GOAWAY and FRAME_HEADER + 8 <= len(frame) == FRAME_HEADER + int.from_bytes(frame[:3])


def stream_of(frame: bytes) -> int:
    """The stream that a frame is of; 0 for the connection."""
    return int.from_bytes(frame[5:FRAME_HEADER]) & 0x7FFFFFFF


def error_name(code: int) -> str:
    """An error code in words."""
    try:
        return h2.errors.ErrorCodes(code).name
    except ValueError:
        return f"error code {code}"


def not_http2(call: Call, error: Exception) -> str:
    """Why what came is no HTTP/2, with how the connection began."""
    shown = clip(call.first.decode("latin-1"), 24).encode("unicode_escape").decode()
    return f"not HTTP/2: {clip(str(error), 200) or type(error).__name__}; the connection began with {shown}"
