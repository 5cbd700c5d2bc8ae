"""Looks for secrets in whatever was left, by means of its own: nothing here is shared with what takes them out.

Of every text its readings are looked at: without escapes, decoded, decompressed, each inside each, in letters and
figures of one case. What counts is a piece of a secret of 16 letters and figures, or the whole of a shorter one.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import contextlib
import html
import itertools
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from tests.packs import read

PIECE = 16
DEPTH = 5
# Of a larger text layers are taken off in one order only: it is made of smaller ones, which are looked at themselves.
LARGE = 1 << 17
MOST_READINGS = 400
# So many bytes of a stream are read one by one.
_SLOWLY = 4096
_NO_LETTER = bytes(code for code in range(256) if not (chr(code).isalnum() and code < 128))
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}[\s:,]?){8,}|(?:(?:0x|\\x)[0-9A-Fa-f]{2}[\s,]*){8,}")
# Signs of hex, so many of them that one of the above may be among them: looked for first, as that is quick.
# Where in a text a bare stream may begin: at a word that soon has a sign that is no text.
_NO_WORD = re.compile(rb"(?:(?<=[\"'\s=:>])|^)(?=[^\"'\s]{0,6}[\x00-\x08\x80-\xff])")
_MOST_WORDS = 2000
_NEAR_HEX = re.compile(rb"[0-9A-Fa-fx\\\s:,]{16,}+")
_STREAM = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|BZh[1-9]")
_VALUES = re.compile(rb"\d{1,3}+(?:,\s*+\d{1,3}+){7,}+")
_ESCAPE = re.compile(rb"\\(u00[0-9A-Fa-f]{2}|x[0-9A-Fa-f]{2}|[0-3][0-7]{2}|.)", re.DOTALL)


def squeezed(data: bytes) -> bytes:
    """Letters and figures, in lower case."""
    return data.lower().translate(None, _NO_LETTER)


def pieces(secrets: Iterable[str]) -> dict[bytes, str]:
    """What is looked for, each with what it is."""
    found: dict[bytes, str] = {}
    for secret in secrets:
        for name, text in (("", secret), ("backwards ", secret[::-1]), ("rot13 ", codecs.encode(secret, "rot13"))):
            bare = squeezed(text.encode())
            for at in range(max(1, len(bare) - PIECE + 1)):
                found[bare[at : at + PIECE]] = f"{name}{secret}"
    return found


def told(data: bytes, wanted: dict[bytes, str]) -> list[str]:
    """Secrets that are in the data, with the piece that was seen."""
    found = set()
    inner = _inside(wanted)
    for reading in readings(data):
        bare = squeezed(reading)
        if any(each in bare for each in inner):
            found |= {f"{name}: {piece.decode()}" for piece, name in wanted.items() if piece in bare}
    return sorted(found)


def _inside(wanted: dict[bytes, str]) -> set[bytes]:
    """Of the windows of each text every eighth, in halves: few, and every window has one of them inside."""
    windows: dict[str, list[bytes]] = {}
    for piece, name in wanted.items():
        windows.setdefault(name, []).append(piece)
    half = PIECE // 2
    some = [piece for each in windows.values() for piece in (*each[::half], each[-1])]
    return {piece[at : at + half] for piece in some for at in (0, len(piece) - half)} if some else set()


def readings(data: bytes) -> Iterator[bytes]:
    """The data, and what it may stand for."""
    seen, left = {data}, [(data, 0, 0)]
    while left and len(seen) < MOST_READINGS:
        text, depth, first = left.pop(0)
        yield text
        if depth < DEPTH:
            for number, way in enumerate(_WAYS[first:], first):
                made = way(text)
                if len(made) >= PIECE // 2 and made not in seen:
                    seen.add(made)
                    left.append((made, depth + 1, number if len(made) > LARGE else 0))


def files(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, names included."""
    there = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: name.encode() + b"\n" + read(path) for name, path in there.items()}


def _each(pattern: re.Pattern[bytes], read: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def all_of(text: bytes) -> bytes:
        made = []
        for match in pattern.finditer(text):
            with contextlib.suppress(binascii.Error, ValueError):
                made.append(read(match.group()))
        return b"\n".join(made)

    return all_of


_hex = _each(_HEX, lambda run: bytes.fromhex(re.sub(rb"0x|\\x|[^0-9A-Fa-f]", b"", run).decode()))


def _base64(run: bytes) -> bytes:
    run = run.translate(bytes.maketrans(b"-_", b"+/"))
    run = run[: len(run) - (len(run) % 4 == 1)]
    return base64.b64decode(run + b"=" * (-len(run) % 4))


def _unescaped(text: bytes) -> bytes:
    return _ESCAPE.sub(_meant, text)


def _meant(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    if escape[:1] in b"ux" and len(escape) > 1:
        return bytes([int(escape[-2:], 16)])
    if escape.isdigit() and len(escape) == len("000"):
        return bytes([int(escape, 8)])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(escape, escape)


def _narrow(text: bytes) -> bytes:
    # What stands for bytes in JSON, one sign of Latin-1 for each.
    try:
        return text.decode().encode("latin-1", "replace")
    except UnicodeDecodeError:
        return b""


def _values(run: bytes) -> bytes:
    return bytes(int(each) for each in run.split(b",") if int(each) < 256)


def _inflated(text: bytes) -> bytes:
    """Every stream that begins somewhere: gzip, zlib, bzip2; bare deflate where a body or a message may begin."""
    made = [_first(text[match.start() :]) for match in _STREAM.finditer(text)]
    made += [_raw(text[start:]) for start in (0, 5)]
    words = itertools.islice(_NO_WORD.finditer(text), _MOST_WORDS)
    made += [_raw(text[match.start() :][:_SLOWLY]) for match in words]
    return b"\n".join(filter(None, made))


def _first(text: bytes) -> bytes:
    if text.startswith(b"BZh"):
        with contextlib.suppress(OSError, ValueError, EOFError):
            return bz2.BZ2Decompressor().decompress(text, 1 << 24)
        return b""
    return _raw(text, 31 if text[0] == 0x1F else 15)


def _raw(text: bytes, wbits: int = -15) -> bytes:
    """What comes before a fault, and before a checksum that is wrong."""
    decoder, made = zlib.decompressobj(wbits), b""
    with contextlib.suppress(zlib.error):
        for at in range(min(len(text), _SLOWLY)):
            made += decoder.decompress(text[at : at + 1])
        made += decoder.decompress(text[_SLOWLY:], 1 << 24)
    return made


_WAYS: tuple[Callable[[bytes], bytes], ...] = (
    _unescaped,
    unquote_to_bytes,
    lambda text: html.unescape(text.decode("latin-1")).encode("latin-1", "replace") if b"&" in text else text,
    _narrow,
    _inflated,
    _each(_BASE64, _base64),
    lambda text: b"\n".join(map(_hex, _NEAR_HEX.findall(text))),
    _each(_VALUES, _values),
    lambda text: re.sub(rb"=([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), text.replace(b"=\r\n", b"")),
)
