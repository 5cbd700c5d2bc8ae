"""Takes one layer of escapes off: percent, backslash (JSON, C, octal), HTML entities. In numpy: linear in the bytes.

Of each byte it is kept whether it stayed, so that what is found can be taken out where it stands.
"""

from __future__ import annotations

import html
import re

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Kept = NDArray[np.bool_]
# The text without escapes, and for each step which bytes of the text before it are still there.
Layer = tuple[bytes, list[Kept]]

_ENTITY = re.compile(rb"&(?:#[0-9]{2,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_QUOTED = re.compile(rb"=[0-9A-F]{2}|=\r?\n")
MOST_ENTITIES, MOST_ESCAPES = 100_000, 2_000_000


class TooManyEscapes(Exception):
    """More escapes than any text has that is meant to be read."""


_BLOCK = 1 << 16
_DIGIT = np.full(256, 255, np.uint8)
for _place, _code in enumerate(b"0123456789abcdef"):
    _DIGIT[_code] = _DIGIT[ord(chr(_code).upper())] = _place
_WORD = np.array([bytes([code]).isalnum() for code in range(256)])
_BLANK = np.zeros(256, np.uint8)
_BLANK[list(b"nrtbf")] = list(b"\n\r\t\b\f")


def unescaped(data: bytes) -> Layer | None:
    """The text without its outermost escapes of one kind; None if there are none.

    Raises:
        TooManyEscapes: see there.
    """
    if not any(mark in data for mark in (b"%", b"\\", b"&")):
        return None
    if max(data.count(b"%"), data.count(b"\\")) > MOST_ESCAPES:
        raise TooManyEscapes
    text = np.frombuffer(data, np.uint8)
    # One kind at a time: what stands between two steps may be the secret, as with %5C before another sign.
    for step in (_percent, _backslash, _entities):
        made = step(text)
        if made is not None and len(made[0]) < len(data):
            return made[0].tobytes(), [made[1]]
    return None


def hexadecimal(data: bytes) -> Layer | None:
    """The text with ``0x41`` as the byte that it is; None if there is none. In the middle of a word it is no mark."""
    if b"0x" not in data and b"0X" not in data:
        return None
    text = np.frombuffer(data, np.uint8)
    at = np.flatnonzero((text[:-1] == ord("0")) & ((text[1:] | 0x20) == ord("x")))
    made = _made(text, at[(at == 0) | ~_WORD[text[at - 1]]], 2)
    return None if made is None else (made[0].tobytes(), [made[1]])


# Signs that no text has, and nearly everything that is compressed.
_CONTROL = bytes({*range(32), *range(127, 160)} - {*b"\t\n\r"})


def narrowed(data: bytes) -> Layer | None:
    """Bytes that were taken for Latin-1 and written as UTF-8, as they were; None if it is a text, or ASCII."""
    if b"\xc2" not in data and b"\xc3" not in data:
        return None
    text = np.frombuffer(data, np.uint8).copy()
    at = np.flatnonzero((text[:-1] & 0xFE == 0xC2) & (text[1:] & 0xC0 == 0x80))
    if not len(at):
        return None
    keep = np.ones(len(text), bool)
    text[at + 1] |= (text[at] & 1) << 6
    keep[at] = False
    made = text[keep].tobytes()
    return (made, [keep]) if len(made) > len(made.translate(None, _CONTROL)) else None


def place_before(steps: list[Kept], place: int) -> int:
    """Where a byte of the text without escapes stood before."""
    for kept in reversed(steps):
        blocks = range(0, len(kept), _BLOCK)
        for begin in blocks:
            block = kept[begin : begin + _BLOCK]
            there = int(np.count_nonzero(block))
            if place < there:
                place = begin + int(np.flatnonzero(block)[place])
                break
            place -= there
        else:
            place = len(kept)
    return place


def unquoted(data: bytes) -> Layer | None:
    """The text without the escapes of quoted-printable; None if there are none."""
    if _QUOTED.search(data) is None:
        return None
    if data.count(b"=") > MOST_ESCAPES:
        raise TooManyEscapes
    text = np.frombuffer(data, np.uint8).copy()
    keep = np.ones(len(text), bool)
    _pairs(text, keep, np.flatnonzero(text == ord("=")), 1)
    ends = np.flatnonzero(text[:-1] == ord("="))
    soft = ends[np.isin(text[ends + 1], (10, 13)) & keep[ends]]
    keep[soft] = False
    return text[keep].tobytes(), [keep]


def _pairs(text: Bytes, keep: Kept, at: NDArray[np.intp], skip: int) -> None:
    """Writes the byte of the two hex digits that follow each mark of ``skip`` bytes in the mark's place."""
    at = at[at < len(text) - skip - 1]
    high, low = _DIGIT[text[at + skip]], _DIGIT[text[at + skip + 1]]
    good = (high < 16) & (low < 16)
    at = at[good]
    text[at] = high[good] * 16 + low[good]
    for more in range(1, skip + 2):
        keep[at + more] = False


def _percent(text: Bytes) -> tuple[Bytes, Kept] | None:
    at = np.flatnonzero(text == ord("%"))
    return _made(text, at, 1)


def _made(text: Bytes, at: NDArray[np.intp], skip: int) -> tuple[Bytes, Kept] | None:
    if not len(at):
        return None
    text, keep = text.copy(), np.ones(len(text), bool)
    _pairs(text, keep, at, skip)
    return text[keep], keep


def _backslash(text: Bytes) -> tuple[Bytes, Kept] | None:
    at = np.flatnonzero(text == ord("\\"))
    if not len(at):
        return None
    # Of a row of backslashes every second one is what the one before escapes.
    numbers = np.arange(len(at))
    began = np.maximum.accumulate(np.where(np.diff(at, prepend=-2) != 1, numbers, 0))
    at = at[(numbers - began) % 2 == 0]
    at = at[at < len(text) - 1]
    before, text, keep = text, text.copy(), np.ones(len(text), bool)
    follows = before[at + 1]
    _units(before, text, keep, at[(follows | 0x20) == ord("u")])
    _pairs(text, keep, at[follows == ord("x")], 2)
    _octal(before, text, keep, at[(follows >= ord("0")) & (follows <= ord("3"))])
    blanks = at[_BLANK[follows] != 0]
    text[blanks], keep[blanks + 1] = _BLANK[before[blanks + 1]], False
    keep[at[np.isin(follows, (ord("\\"), ord('"'), ord("/"), ord("'")))]] = False
    return text[keep], keep


def _units(before: Bytes, text: Bytes, keep: Kept, at: NDArray[np.intp]) -> None:
    r"""``\u00e9``, as UTF-8 in the room that it leaves."""
    at = at[at < len(text) - 5]
    digits = [_DIGIT[before[at + 2 + place]].astype(np.uint32) for place in range(4)]
    good = np.logical_and.reduce([each < 16 for each in digits])
    at, digits = at[good], [each[good] for each in digits]
    code = digits[0] << 12 | digits[1] << 8 | digits[2] << 4 | digits[3]
    length = 1 + (code > 0x7F) + (code > 0x7FF)
    lead = np.select([length == 1, length == 2], [code, 0xC0 | code >> 6], 0xE0 | code >> 12)
    second = np.where(length == 2, 0x80 | code & 0x3F, 0x80 | code >> 6 & 0x3F)
    text[at], text[at + 1], text[at + 2] = lead, second, 0x80 | code & 0x3F
    keep[at + 1], keep[at + 2] = length > 1, length > 2
    for more in range(3, 6):
        keep[at + more] = False


def _octal(before: Bytes, text: Bytes, keep: Kept, at: NDArray[np.intp]) -> None:
    at = at[at < len(text) - 3]
    digits = [before[at + 1 + place].astype(np.uint16) - ord("0") for place in range(3)]
    good = np.logical_and.reduce([each < 8 for each in digits])
    at = at[good]
    text[at] = (digits[0][good] << 6 | digits[1][good] << 3 | digits[2][good]) & 0xFF
    for more in range(1, 4):
        keep[at + more] = False


def _entities(text: Bytes) -> tuple[Bytes, Kept] | None:
    data = text.tobytes()
    if b"&" not in data or _ENTITY.search(data) is None:
        return None
    made, keep = text.copy(), np.ones(len(text), bool)
    for number, match in enumerate(_ENTITY.finditer(data)):
        if number >= MOST_ENTITIES:
            raise TooManyEscapes
        start, end = match.span()
        plain = html.unescape(match.group().decode()).encode("utf-8", "replace")
        if len(plain) < end - start:
            made[start : start + len(plain)] = np.frombuffer(plain, np.uint8)
            keep[start + len(plain) : end] = False
    return made[keep], keep
