"""Chunked requests that are put together wrongly; only seen over real connections."""

from __future__ import annotations

import re

from harness.reference.faults.adversarial_framing import BEGIN, CHANGE, CHUNKED, LENGTH, wire
from harness.reference.faults.registry import fault
from harness.reference.http.wires import Wire

_MOST = 2**20
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
