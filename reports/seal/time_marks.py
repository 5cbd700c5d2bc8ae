"""Marks of time by others (RFC 3161): over what they are, and when they were made; nobody's signature is looked at."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

_SEQUENCE, _OID, _OCTETS, _TIME = 0x30, 0x06, 0x04, 0x18
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_HASHES = {bytes.fromhex(f"60864801650304020{n}"): name for n, name in enumerate(("sha256", "sha384", "sha512"), 1)}
_GENERALIZED = re.compile(rb"(\d{14})(\.\d{1,9})?Z")


@dataclass(frozen=True, slots=True)
class TimeMark:
    """What a token says: the digest that it is over, by which hash (as :mod:`hashlib` names it), and when."""

    hash: str
    digest: str
    at: datetime.datetime


def time_mark(data: bytes) -> TimeMark | None:
    """The token in an answer of a time-stamping authority, or a token alone; None where it is neither."""
    try:
        return _token(data)
    except (IndexError, ValueError):
        return None


def _token(data: bytes) -> TimeMark | None:
    (outer,) = _values(data, _SEQUENCE)
    parts = [*_parts(outer)]
    if parts[0][0] == _SEQUENCE:
        # The status of the answer stands first, and then the token.
        parts = [*_parts(parts[1][1])]
    if parts[0] != (_OID, _SIGNED_DATA):
        return None
    (signed,) = _values(parts[1][1], _SEQUENCE)
    _version, _algorithms, (_, content), *_ = _parts(signed)
    kind, (_, wrapped) = _parts(content)
    if kind != (_OID, _TST_INFO):
        return None
    (info,) = _values(wrapped, _OCTETS)
    (info,) = _values(info, _SEQUENCE)
    _version, _policy, (_, imprint), _serial, (tag, time), *_ = _parts(info)
    (_, algorithm), (_, digest) = _parts(imprint)
    (_, identifier), *_ = _parts(algorithm)
    name, said = _HASHES.get(identifier), _GENERALIZED.fullmatch(time)
    if name is None or said is None or tag != _TIME:
        return None
    at = datetime.datetime.strptime(said[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=datetime.UTC)
    return TimeMark(name, digest.hex(), at)


def _values(data: bytes, tag: int) -> list[bytes]:
    """The contents of values of one tag.

    Raises:
        ValueError: one has another.
    """
    parts = [*_parts(data)]
    if any(found != tag for found, _ in parts):
        raise ValueError("another tag")
    return [content for _, content in parts]


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each value of DER, one after the other.

    Raises:
        IndexError, ValueError: it is not in this form.
    """
    position = 0
    while position < len(data):
        tag, size = data[position], data[position + 1]
        position += 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4:
                raise ValueError("no length of DER")
            size = int.from_bytes(data[position : position + count])
            position += count
        if position + size > len(data):
            raise ValueError("longer than it is")
        yield tag, data[position : position + size]
        position += size
