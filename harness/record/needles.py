"""Finds secrets in bytes in one pass, whatever their case and whatever signs stand between their letters.

Both sides are squeezed: lower case, letters and figures only. So one search finds a secret that was spelled in
capitals, spaced out, wrapped over lines, cut into array members, in UTF-16, or in either alphabet of base64. Places are
found by eight bytes at a time, in a table: the cost grows with the bytes searched, not with the number of secrets.
"""

from __future__ import annotations

import base64
import codecs
import re

import numpy as np
from numpy.typing import NDArray

# So many bytes are looked up at once; what is shorter once squeezed is looked for as it is written.
GRAM = 8
# Of a secret this long a piece is a secret too: half of it, but at least eight and no more than 16 signs.
MIN_WHOLE, MAX_PIECE = 16, 16
# Signs that may stand between two letters of a secret, on average.
SPREAD = 12
# More places than these in one text, and nobody needs the rest of it.
MOST = 20_000
# Below these many different signs a secret is a pattern of ordinary data.
MIN_KINDS = 5

Span = tuple[int, int]

# What is spread out like the numbers of a tensor has so many letters at least.
MIN_LETTERS = 4
_LETTER = bytes(bytes([code]).isalpha() or code >= 0x80 for code in range(256))
_KEPT = bytes(bytes([code]).isalnum() or code >= 0x80 for code in range(256))
_DELETED = bytes(code for code in range(256) if not _KEPT[code])
_LOWER = bytes(range(256)).lower()
_TABLE_BITS = 20
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
# A multiple of four.
_BLOCK = 1 << 20


class TooMany(Exception):
    """There are more places than anybody would take out one by one."""


def squeezed(data: bytes) -> bytes:
    """Letters and figures in lower case, and what is beyond ASCII."""
    return data.translate(_LOWER, _DELETED)


def base64_cores(secret: bytes) -> set[bytes]:
    """The part of its base64 text that a secret always has, for each of the three positions in a longer value."""
    cores = set()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret)
        cores.add(encoded[-(-shift * 8 // 6) : (shift + len(secret)) * 8 // 6])
    return cores


def _base32_cores(secret: bytes) -> set[bytes]:
    cores = set()
    for shift in range(5):
        encoded = base64.b32encode(b"\0" * shift + secret)
        cores.add(encoded[-(-shift * 8 // 5) : (shift + len(secret)) * 8 // 5])
    return cores


def _forms(secret: bytes) -> set[bytes]:
    """The secret in the codings that are searched for as they stand."""
    turned = codecs.encode(secret.decode("latin-1"), "rot13").encode("latin-1")
    return {secret.hex().encode(), secret[::-1], turned} | base64_cores(secret) | _base32_cores(secret)


class Needles:
    """What is searched for; it only grows."""

    def __init__(self) -> None:
        self._secrets: set[bytes] = set()
        self._needles: list[tuple[bytes, int]] = []
        self._grams: dict[bytes, list[tuple[int, int]]] = {}
        self._table = np.zeros(1 << _TABLE_BITS, bool)
        self._words = np.zeros(1 << _TABLE_BITS, bool)
        self._exact: set[bytes] = set()
        self._pattern: re.Pattern[bytes] | None = None

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def add(self, secret: bytes) -> None:
        """Look for a secret, and for each of its forms, from now on."""
        if secret in self._secrets:
            return
        self._secrets.add(secret)
        bare, forms = squeezed(secret), _forms(secret)
        exact = {form for form in (secret, *forms) if _like_numbers(form)}
        if len(bare) < GRAM or bare.isdigit() or len(set(bare)) < MIN_KINDS:
            exact |= {secret, secret.replace(b" ", b"+")}
        else:
            self._index(bare, len(secret))
        for form in forms:
            if len(text := squeezed(form)) >= GRAM and len(set(text)) >= MIN_KINDS:
                self._index(text, len(secret))
        if exact:
            self._exact |= exact
            self._pattern = re.compile(
                b"(?i:%s)" % b"|".join(map(_bounded, sorted(self._exact, key=len, reverse=True)))
            )

    def _index(self, text: bytes, length: int) -> None:
        least = len(text) if length < MIN_WHOLE else min(MAX_PIECE, max(GRAM, len(text) // 2 - 1))
        number = len(self._needles)
        self._needles.append((text, least))
        for place in range(len(text) - GRAM + 1):
            self._grams.setdefault(text[place : place + GRAM], []).append((number, place))
        self._table[_hashes(np.ndarray((len(text) - GRAM + 1,), "<u8", text, strides=(1,)))] = True
        self._words[_hashes(np.ndarray((len(text) - 3,), "<u4", text, strides=(1,)))] = True

    def find(self, data: bytes) -> list[Span]:
        """Where secrets stand, in order; they may overlap.

        Raises:
            TooMany: see there.
        """
        found = [match.span() for match in self._pattern.finditer(data)] if self._pattern is not None else []
        bare = squeezed(data)
        places = self._squeezed(bare) if self._needles and len(bare) >= GRAM else []
        if len(found) + len(places) > MOST:
            raise TooMany
        if places:
            at = np.flatnonzero(np.frombuffer(data.translate(_KEPT), bool))
            for first, last in places:
                start, end = int(at[first]), int(at[last - 1]) + 1
                if end - start <= SPREAD * (last - first) and (
                    end - start == last - first or _letters(bare[first:last]) >= MIN_LETTERS
                ):
                    found.append((start, end))
        return sorted(found)

    def _squeezed(self, bare: bytes) -> list[Span]:
        found: list[Span] = []
        covered = tried = 0
        for begin in range(0, len(bare) - GRAM + 1, _BLOCK):
            for place in self._hits(bare, begin):
                known = self._grams.get(bare[place : place + GRAM]) if place >= covered else None
                if known is None:
                    continue
                tried += len(known)
                if tried > MOST or len(found) > MOST:
                    raise TooMany
                length = max(self._match(bare, place, *each) for each in known)
                if length:
                    found.append((place, place + length))
                    covered = place + length - GRAM + 1
        return found

    def _hits(self, bare: bytes, begin: int) -> list[int]:
        """Places in one block where eight bytes of a needle may stand.

        Eight bytes hold one of those four that begin at a multiple of four: only these are looked up at first.
        """
        last = min(len(bare) - GRAM, begin + _BLOCK - 1)
        words = np.frombuffer(bare, "<u4", (last + GRAM - begin) // 4, begin)
        some = np.flatnonzero(self._words[_hashes(words)])
        if not len(some):
            return []
        near = (begin + 4 * some[:, None] + np.arange(-4, 1)[None, :]).ravel()
        # As marks, not sorted: where nearly everything is near, that is four times as fast.
        marks = np.zeros(_BLOCK + 2 * GRAM, bool)
        marks[near[(near >= 0) & (near <= len(bare) - GRAM)] - begin + GRAM] = True
        near = np.flatnonzero(marks) + begin - GRAM
        grams = np.ndarray((len(bare) - GRAM + 1,), "<u8", bare, strides=(1,))[near]
        return near[self._table[_hashes(grams)]].tolist()  # type: ignore[no-any-return]

    def _match(self, bare: bytes, place: int, number: int, offset: int) -> int:
        """How many signs from here on are those of the needle; 0 where they are too few, or figures only."""
        text, least = self._needles[number]
        low, high = GRAM, min(len(text) - offset, len(bare) - place)
        while low < high:
            middle = (low + high + 1) // 2
            same = bare[place : place + middle] == text[offset : offset + middle]
            low, high = (middle, high) if same else (low, middle - 1)
        return low if low >= least and not bare[place : place + low].isdigit() else 0

    def begun_at_end(self, data: bytes, least: int) -> int:
        """How many bytes at the end may be the beginning of a secret that was cut off."""
        tail = data[-4096:]
        bare = squeezed(tail)
        for length in range(min(len(bare), 1024), least - 1, -1):
            if any(text[:length] == bare[-length:] for text, _ in self._needles):
                at = np.flatnonzero(np.frombuffer(tail.translate(_KEPT), bool))
                return len(tail) - int(at[-length])
        for length in range(min(max(map(len, self._exact), default=0), len(tail)), least - 1, -1):
            if any(len(text) > length and tail.endswith(text[:length]) for text in self._exact):
                return length
        return 0


def _like_numbers(form: bytes) -> bool:
    """Whether what is found of it, with signs between and few letters, would be taken for numbers of a tensor."""
    bare = squeezed(form)
    return GRAM <= len(bare) < len(form) and _letters(bare) < MIN_LETTERS


def _letters(bare: bytes) -> int:
    return sum(map(_LETTER.__getitem__, bare))


def _bounded(secret: bytes) -> bytes:
    """A short one, or figures, counts as a word of its own only."""
    if len(secret) >= GRAM and not secret.isdigit():
        return re.escape(secret)
    return rb"(?<![0-9A-Za-z])" + re.escape(secret) + rb"(?![0-9A-Za-z])"


def _hashes(words: NDArray[np.uint32 | np.uint64]) -> NDArray[np.intp]:
    """A number below the size of the table for each."""
    return ((words.astype(np.uint64) * _FACTOR) >> np.uint64(64 - _TABLE_BITS)).astype(np.intp)
