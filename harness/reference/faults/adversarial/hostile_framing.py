"""Seeded faults that the checks of ``suites/adversarial/test_hostile_framing.py`` find."""

from __future__ import annotations

import re

from harness.reference.faults.kit.common import end, holds, is_rest, kills, stalls
from harness.reference.faults.kit.framing import BEGIN, CHUNKED, LENGTH, Heads, wire
from harness.reference.faults.registry import fault
from harness.reference.http.wires import Wire

CRASH = "policy:no-crash"
HANG = "policy:no-hang"
KNOWN_VERBS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
# Less than what the HTTP library takes: it would refuse before.
HEAD_BUFFER = 48 * 1024
_MOST = 2**20
CHANGE = "policy:no-silent-change"


fault("header-flood-ends-process", CRASH, text="more than 90 headers end the process", effect="crash")(
    kills(lambda call: is_rest(call) and len(call.headers) > 90)
)

fault("long-header-hangs", HANG, text="a header above 8000 bytes holds the server up", effect="hang")(
    stalls(lambda call: is_rest(call) and max(map(len, call.headers.values()), default=0) > 8000)
)

fault("odd-method-ends-process", CRASH, text="a method that nobody knows ends the process", effect="crash")(
    kills(lambda call: is_rest(call) and call.method not in KNOWN_VERBS)
)

fault("expect-continue-hangs", HANG, text="a request that expects 100-continue is never answered", effect="hang")(
    holds(lambda call: "expect" in call.headers)
)


class _NegativeLength(Heads):
    def head(self, head: bytes) -> bytes:
        if re.search(rb"\r\ncontent-length:[ \t]*[-+]", head, re.IGNORECASE):
            end()
        return head


fault("signed-length-ends-process", CRASH, text="a length with a sign ends the process", effect="connection")(
    wire(_NegativeLength)
)


class _HeadBuffer(Wire):
    """A buffer of fixed size for the head, and nobody who looks whether it fits."""

    def __init__(self) -> None:
        self._begun = 0

    def received(self, data: bytes) -> bytes:
        if self._begun or BEGIN.match(data):
            head, gap, _ = data.partition(b"\r\n\r\n")
            self._begun += len(head)
            if self._begun > HEAD_BUFFER:
                end()
            self._begun = 0 if gap else self._begun
        return data


fault("long-head-ends-process", CRASH, "TDATA-17", text="a head above 48 KiB ends the process", effect="connection")(
    wire(_HeadBuffer)
)

# The last chunk, and the trailers behind it.
_LAST_CHUNK = re.compile(rb"(?:^|\r\n)0+[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n$")


class _Chunks(Wire):
    """Unpacks chunked requests itself, wrongly; what is no chunked request goes through as it is."""

    base = 16
    extension_is_data = False
    last_lost = False

    def __init__(self) -> None:
        self._kept = b""

    def received(self, data: bytes) -> bytes:
        self._kept += data
        head, gap, body = self._kept.partition(b"\r\n\r\n")
        chunked = gap and CHUNKED.search(head + b"\r\n") and not LENGTH.search(head + b"\r\n")
        if not chunked and (gap or len(self._kept) > _MOST or not BEGIN.match(self._kept)):
            data, self._kept = self._kept, b""
            return data
        if not gap or (not _LAST_CHUNK.search(body) and len(body) < _MOST):
            return b""
        self._kept = b""
        plain = self.unpacked(body)
        return CHUNKED.sub(b"", head + b"\r\n") + b"content-length: %d\r\n\r\n" % len(plain) + plain

    def unpacked(self, body: bytes) -> bytes:
        """Data of the chunks."""
        chunks = []
        while body:
            line, _, body = body.partition(b"\r\n")
            digits, _, extension = line.partition(b";")
            try:
                size = int(digits, self.base)
            except ValueError:
                size = 0
            # Trailers, and all that stands behind the last chunk, are dropped.
            if size <= 0:
                break
            chunks.append((extension if self.extension_is_data else b"") + body[:size])
            body = body[size + 2 :]
        return b"".join(chunks[:-1] if self.last_lost and len(chunks) > 2 else chunks)


class _DecimalChunks(_Chunks):
    base = 10


class _ExtensionIsData(_Chunks):
    extension_is_data = True


class _LastChunkLost(_Chunks):
    last_lost = True


fault("chunk-sizes-decimal", CHANGE, text="sizes of chunks are read as decimal numbers", effect="connection")(
    wire(_DecimalChunks)
)

fault(
    "chunk-extension-is-data",
    CHANGE,
    text="what follows the size of a chunk becomes part of the body",
    effect="connection",
)(wire(_ExtensionIsData))

fault("last-of-many-chunks-lost", CHANGE, text="of more than two chunks the last is lost", effect="connection")(
    wire(_LastChunkLost)
)
