"""Stretches of a text that are no text: bytes of a coding or a cipher that nobody reads here, with one sign for each.

They show by what no text has: control characters among signs of Latin-1, and little else. Linear in the bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.record.needles import Span

# Signs between two odd ones of a stretch. Of what is compressed, two in three are odd.
_GAP = 12
# Fewer odd signs could not hold a secret, and may be a word of some language with a slip.
_LEAST, _LEAST_WIDE = 6, 4
_CONTROL = bytes((code < 32 and code not in b"\t\n\r") or code == 127 for code in range(256))


def stretches(data: bytes) -> list[Span]:
    """Where they are, in order. Binary data as they come have none: there such signs stand for themselves."""
    if b"\xc2" not in data and b"\xc3" not in data:
        return []
    text = np.frombuffer(data, np.uint8)
    wide = np.flatnonzero((text[:-1] & 0xFE == 0xC2) & (text[1:] & 0xC0 == 0x80))
    if len(wide) < _LEAST_WIDE:
        return []
    narrow = np.flatnonzero(np.frombuffer(data.translate(_CONTROL), bool))
    odd = np.concatenate((wide, narrow))
    order = np.argsort(odd, kind="stable")
    odd, is_wide = odd[order], order < len(wide)
    is_control = ~is_wide | (text[odd] == 0xC2) & (text[np.minimum(odd + 1, len(text) - 1)] < 0xA0)
    first = np.concatenate(([0], np.flatnonzero(np.diff(odd) > _GAP) + 1))
    last = np.concatenate((first[1:], [len(odd)])) - 1
    found = _sums(is_wide, first), last - first + 1, _sums(is_control, first)
    good = (found[0] >= _LEAST_WIDE) & (found[1] >= _LEAST) & (2 * found[0] >= found[1]) & (found[2] > 0)
    ends = odd[last] + 1 + is_wide[last]
    return list(zip(odd[first[good]].tolist(), ends[good].tolist(), strict=True))


def _sums(marks: NDArray[np.bool_], first: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many marks each group has."""
    return np.add.reduceat(marks.astype(np.intp), first)
