"""What may be packed inside bytes: runs of base64, hex or byte values, and compressed data with a label or without."""

from __future__ import annotations

import base64
import binascii
import importlib
import re
import string
import zlib
from collections.abc import Iterator
from itertools import islice
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.record.needles import Span

# A secret of 16 bytes has 24 signs of base64; shorter runs are found by their own form.
LEAST_RUN = 24
_VALUES = re.compile(rb"(?<![\d.])\d{1,3}+(?:\s{0,8}+,\s{0,8}+\d{1,3}+){7,}+")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_GZIP = b"\x1f\x8b\x08"
# How begins what is not read here; long enough not to stand in ordinary numbers.
_UNREAD = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"sNaPpY": "snappy",
}
# After the mark of bzip2 and one figure.
_BLOCK_OF_BZIP2 = b"1AY&SY"
_BASE64 = bytes(chr(code) in f"+/-_{string.ascii_letters}{string.digits}" for code in range(256))
_HEX = bytes(chr(code) in string.hexdigits for code in range(256))
# The two bytes that a zlib stream can begin with.
_ZLIB = np.array(
    [head % 31 == 0 and head >> 8 & 15 == 8 and head >> 12 < 8 and not head & 32 for head in range(1 << 16)]
)
_CMF = bytes(code & 143 == 8 for code in range(256))
# Where a whole body may be compressed without anything that says so: at once, or after the frame of gRPC.
_STARTS = (0, 5)
MOST_RUNS, MOST_MAGIC = 20_000, 20_000
# Less than this is what noise decodes to before it is noticed.
_LEAST = 6
_ZLIB_HEAD = 2
_FIRST, _STEP = 64, 1 << 16


class Opaque(Exception):
    """It cannot be looked into: too many runs, a coding that nobody here can read, or too large once decoded."""


def runs(data: bytes) -> Iterator[tuple[Span, bytes]]:
    """Runs of signs that spell bytes, and these.

    Raises:
        Opaque: more than anybody would look at.
    """
    count = 0
    for signs, read in ((_BASE64, _base64), (_HEX, _hex)):
        for place in _long(np.frombuffer(data.translate(signs), bool)):
            count += 1
            if count > MOST_RUNS:
                raise Opaque("it has too many runs that may be base64 or hex")
            yield place, read(data[slice(*place)])
    if b"," in data:
        for match in islice(_VALUES.finditer(data), MOST_RUNS):
            yield match.span(), _values(match.group())


def _long(signs: NDArray[np.bool_]) -> Iterator[Span]:
    """Where runs of such signs begin and end."""
    edges = np.flatnonzero(signs[1:] != signs[:-1]) + 1
    edges = np.concatenate(([0] * bool(signs[0]), edges, [len(signs)] * bool(signs[-1]))).astype(np.intp)
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= LEAST_RUN
    return zip(starts[long].tolist(), ends[long].tolist(), strict=True)


def _base64(text: bytes) -> bytes:
    rest = text.translate(_TO_STANDARD)
    rest = rest[:-1] if len(rest) % 4 == 1 else rest
    return base64.b64decode(rest + b"=" * (-len(rest) % 4))


def _hex(text: bytes) -> bytes:
    return binascii.unhexlify(text[: len(text) & ~1])


def _values(text: bytes) -> bytes:
    # As many figures as a tensor has: numbers of Python's would take forty bytes for each.
    return np.fromstring(text.decode(), np.int32, sep=",").astype(np.uint8).tobytes()


def inflated(data: bytes, limit: int) -> Iterator[tuple[Span, bytes, bool]]:
    """Whatever in the data can be decompressed, each with its place, and whether it is more than
    noise that reads as such; ``limit`` holds for each.

    Raises:
        Opaque: it is larger once decoded, or of a kind that cannot be read here.
    """
    if data.isascii():
        return  # what is compressed has bytes above 127
    _refuse_unread(data)
    reached = 0
    for start, skip in _starts(data):
        if start < reached:
            continue
        plain, used = _inflate(data, start + skip, limit)
        if len(plain) >= _LEAST:
            reached = start + skip + used
            yield (start, reached), plain, skip > _ZLIB_HEAD or _adler(plain) == data[reached : reached + 4]
    if reached:
        return
    for start, plain in bare(data, limit):
        yield (start, len(data)), plain, True


def bare(data: bytes, limit: int) -> Iterator[tuple[int, bytes]]:
    """Where a stream that says nothing of itself begins, deflate or brotli, and what it comes to.

    Only one that ends where the data end is taken for one.

    Raises:
        Opaque: see above.
    """
    for start in _STARTS:
        for read in (_inflate, _brotli):
            plain, used = read(data, start, limit)
            if len(plain) >= _LEAST and used == len(data) - start:
                yield start, plain


def _refuse_unread(data: bytes) -> None:
    for mark, name in _UNREAD.items():
        if mark in data and (name != "bzip2" or _BLOCK_OF_BZIP2 in data):
            raise Opaque(f"it holds {name}, which is not read here")


def _adler(plain: bytes) -> bytes:
    return zlib.adler32(plain).to_bytes(4)


def _starts(data: bytes) -> list[tuple[int, int]]:
    """Where a gzip or zlib stream may begin, and the length of its head; checksums are nobody's business here."""
    places = _zlib_heads(data)
    if len(places) > MOST_MAGIC:
        raise Opaque("it may hold too many compressed parts")
    found = [(place, _ZLIB_HEAD) for place in places.tolist()]
    place = data.find(_GZIP)
    while place >= 0:
        found.append((place, _gzip_head(data, place)))
        place = data.find(_GZIP, place + 1)
        if len(found) > MOST_MAGIC:
            raise Opaque("it may hold too many compressed parts")
    return sorted(found)


def _zlib_heads(data: bytes) -> NDArray[np.intp]:
    first = np.flatnonzero(np.frombuffer(data.translate(_CMF), bool)[:-1])
    heads = np.frombuffer(data, np.uint8)
    good: NDArray[np.bool_] = _ZLIB[heads[first].astype(np.intp) << 8 | heads[first + 1]]
    return first[good]


def _gzip_head(data: bytes, start: int) -> int:
    flags, at = data[start + 3 : start + 4], start + 10
    if flags and flags[0] & 4:
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    for flag in (8, 16):
        if flags and flags[0] & flag:
            at = data.find(b"\0", at) + 1 or len(data)
    return at + (2 if flags and flags[0] & 2 else 0) - start


def _inflate(data: bytes, start: int, limit: int) -> tuple[bytes, int]:
    """What can be decoded from a bare stream there, and how many bytes it took."""
    made = bytearray()
    decoder, at, step = zlib.decompressobj(-15), start, _FIRST
    while at < len(data) and not decoder.eof:
        before = decoder.copy() if step > _FIRST else None
        try:
            made += decoder.decompress(data[at : at + step], limit + 1 - len(made))
        except zlib.error:
            if before is None and step == 1:
                break
            # What came before the fault counts: byte by byte from here.
            decoder, step = before or zlib.decompressobj(-15), 1
            made = made if before is not None else bytearray()
            continue
        at += step
        if len(made) > limit:
            raise Opaque(f"it is more than {limit} bytes once decoded")
        step = step if step == 1 else _STEP
    return bytes(made), min(at, len(data)) - start - len(decoder.unused_data)


def brotli() -> ModuleType | None:
    """The reader of brotli, where one is installed that can be held to a limit."""
    try:
        found = importlib.import_module("brotli")
    except ImportError:
        return None
    return found if hasattr(found.Decompressor, "can_accept_more_data") else None


def _brotli(data: bytes, start: int, limit: int) -> tuple[bytes, int]:
    plain = unbrotli(data[start:], limit)
    return (b"", 0) if plain is None else (plain, len(data) - start)


def unbrotli(data: bytes, limit: int) -> bytes | None:
    """A whole brotli stream; None if it is none, or cannot be read here.

    Raises:
        Opaque: it is larger once decoded.
    """
    module = brotli()
    if module is None:
        return None
    decoder: Any = module.Decompressor()
    made = bytearray()
    try:
        made += decoder.process(data, output_buffer_limit=1 << 16)
        while not decoder.is_finished() and not decoder.can_accept_more_data():
            if len(made) > limit:
                raise Opaque(f"it is more than {limit} bytes once decoded")
            made += decoder.process(b"", output_buffer_limit=1 << 20)
    except module.error:
        return None
    return bytes(made) if decoder.is_finished() else None
