"""Spellings in which a secret may come back."""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable
from urllib.parse import quote


def each(form: str) -> Callable[[str], bytes]:
    """A spelling of one byte after the other."""
    return lambda text: "".join(form.format(byte) for byte in text.encode()).encode()


def deflated(data: bytes) -> bytes:
    """A stream without head and checksum."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def zipped(text: str) -> bytes:
    """One file in an archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("token", text * 2)
    return made.getvalue()


b64 = base64.b64encode
SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "capitals": lambda text: text.upper().encode(),
    "small": lambda text: text.lower().encode(),
    "percent": each("%{:02X}"),
    "percent twice": lambda text: quote(quote(each("%{:02x}")(text).decode())).encode(),
    "json escapes": each("\\u{:04x}"),
    "json escapes twice": lambda text: json.dumps(each("\\u{:04X}")(text).decode()).encode(),
    "entities": each("&#{};"),
    "hex entities": each("&#x{:x};"),
    "c escapes": each("\\x{:02x}"),
    "octal escapes": each("\\{:03o}"),
    "0x": each("0x{:02x}, "),
    "quoted printable": each("={:02X}"),
    "percent of 0x": lambda text: quote(each("0x{:02x}, ")(text)).encode(),
    "base64 of 0x": lambda text: b64(each("0x{:02X} ")(text)),
    "json of quoted printable": lambda text: each("\\u{:04x}")(each("={:02X}")(text).decode()),
    "base64": lambda text: b64(text.encode()),
    "base64 twice": lambda text: b64(b64(text.encode())),
    "base64 three times": lambda text: b64(b64(b64(text.encode()))),
    "base64 in something": lambda text: b64(b"me:" + text.encode() + b":more"),
    "url base64": lambda text: base64.urlsafe_b64encode(b"\xff\xfe" + text.encode()),
    "percent of base64": lambda text: each("%{:02x}")(b64(text.encode()).decode()),
    "base32": lambda text: base64.b32encode(text.encode()),
    "hex": each("{:02x}"),
    "capital hex": each("{:02X}"),
    "hex with colons": each("{:02x}:"),
    "hex of base64": lambda text: b64(text.encode()).hex().encode(),
    "base64 of hex": lambda text: b64(text.encode().hex().encode()),
    "byte values": lambda text: json.dumps(list(text.encode())).encode(),
    "array of letters": lambda text: json.dumps(list(text)).encode(),
    "spaced": lambda text: " ".join(text).encode(),
    "lines": lambda text: "\r\n".join(text).encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-32": lambda text: text.encode("utf-32-be"),
    "backwards": lambda text: text[::-1].encode(),
    "rot13": lambda text: codecs.encode(text, "rot13").encode(),
    "first half": lambda text: text[: len(text) // 2].encode(),
    "second half": lambda text: text[len(text) // 2 :].encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "zlib": lambda text: zlib.compress(text.encode()),
    "zlib in something": lambda text: b"head" + zlib.compress(text.encode()) + b"tail",
    "deflate": lambda text: deflated(text.encode()),
    "gzip, wrong checksum": lambda text: gzip.compress(text.encode())[:-8] + b"12345678",
    "gzip, cut": lambda text: gzip.compress(text.encode())[:-6],
    "gzip five times": lambda text: _times(gzip.compress, text.encode(), 5),
    "gzip nine times": lambda text: _times(gzip.compress, text.encode(), 9),
    "grpc frame of gzip": lambda text: b"\x01\0\0\0\x40" + gzip.compress(text.encode()),
    "grpc frame of deflate": lambda text: b"\x01\0\0\0\x40" + deflated(text.encode()),
    "base64 of gzip": lambda text: b64(gzip.compress(text.encode())),
    "base64 of deflate": lambda text: b64(deflated(text.encode())),
    "byte values of deflate": lambda text: json.dumps([*deflated(text.encode())]).encode(),
    "byte values of a frame": lambda text: json.dumps([1, 0, 0, 0, 64, *deflated(text.encode())]).encode(),
    "hex of zlib": lambda text: zlib.compress(text.encode()).hex().encode(),
    "gzip of base64": lambda text: gzip.compress(b64(text.encode())),
    "gzip as a text": lambda text: json.dumps(gzip.compress(text.encode()).decode("latin-1")).encode(),
    "zlib as a text": lambda text: json.dumps(
        zlib.compress(text.encode()).decode("latin-1"), ensure_ascii=False
    ).encode(),
    "gzip as a text of a text": lambda text: json.dumps(
        json.dumps(gzip.compress(text.encode()).decode("latin-1"), ensure_ascii=False).encode().decode("latin-1")
    ).encode(),
    "deflate in a text": lambda text: json.dumps("by " + deflated(text.encode()).decode("latin-1") + " given").encode(),
    "deflate in a raw text": lambda text: json.dumps(
        "by " + deflated(text.encode()).decode("latin-1") + " given", ensure_ascii=False
    ).encode(),
    "cipher in a text": lambda text: json.dumps(bytes(each ^ 165 for each in text.encode()).decode("latin-1")).encode(),
    "bzip2": lambda text: bz2.compress(text.encode()),
    "xz": lambda text: lzma.compress(text.encode()),
    "zip": zipped,
    "zstd": lambda text: b"\x28\xb5\x2f\xfd\x20\x15" + text[::-2].encode() + b"\xff",
}  # fmt: skip


def _times(step: Callable[[bytes], bytes], data: bytes, count: int) -> bytes:
    for _ in range(count):
        data = step(data)
    return data
