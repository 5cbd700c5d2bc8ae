"""Where in bytes a secret stands, through escapes, codings and compression, one inside the other, within bounds."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from harness.record import needles as needle
from harness.record import unescape
from harness.record.needles import Needles, Span
from harness.record.noise import stretches
from harness.record.packed import MOST_RUNS, Opaque, bare, inflated, runs
from harness.record.unescape import Kept, place_before

# Layers of escapes that are taken off, and codings inside each other that are opened.
MAX_LAYERS, MAX_DEPTH = 12, 7
# Bytes that may be looked at for one text, all layers together: 16 MiB and some of their readings.
MAX_WORK = 80 << 20
# The last one may have no end: so it takes one pass.
_QUOTED = re.compile(rb'"((?:[^"\\]++|\\.)*+)"?', re.DOTALL)
# A secret of fewer bytes than this is not looked for.
_SHORTEST = 4


def spans(needles: Needles, data: bytes, *, foreign: bool = True) -> list[tuple[int, int, bool]]:
    """The places to take out, in order and apart from each other; True marks one that cannot be looked into.

    Args:
        foreign: somebody else wrote it; in what the tester itself sends there is nothing that cannot be looked into.

    Raises:
        Opaque: all of it cannot be looked into within the bounds; nobody knows what is in it.
    """
    if not needles:
        return []
    look = _Look(needles, foreign=foreign)
    try:
        found = look.into(data, 0)
    except (needle.TooMany, unescape.TooManyEscapes) as error:
        raise Opaque("too much in it would have to be taken out or looked at") from error
    dark = _merged(look.dark)
    places = _merged([*found, *dark]) if dark else _merged(found)
    begins = [first for first, _ in dark]
    return [(*each, bisect.bisect_left(begins, each[0]) < bisect.bisect_left(begins, each[1])) for each in places]


class _Look:
    """One search; counts what it looks at.

    Attributes:
        dark: places that cannot be looked into.
    """

    def __init__(self, needles: Needles, *, foreign: bool) -> None:
        self.dark: list[Span] = []
        self._needles = needles
        self._foreign = foreign
        self._left = MAX_WORK

    def into(self, data: bytes, depth: int) -> list[Span]:
        """Places in ``data``."""
        if len(data) < _SHORTEST:
            return []
        found = self._plain(data, depth)
        steps: list[Kept] = []
        text = data
        for count in range(MAX_LAYERS + 1):
            if depth == 0 and self._foreign:
                self.dark += _mapped(stretches(text), steps)
                found += _mapped(self._quoted(text), steps)
            layer = unescape.unescaped(text)
            if layer is None:
                return found
            if count == MAX_LAYERS:
                raise Opaque(f"it is escaped more than {MAX_LAYERS} times")
            text, kept = layer
            steps += kept
            found += _mapped(self._plain(text, depth), steps)
        return found

    def _plain(self, text: bytes, depth: int) -> list[Span]:
        """Places in a text whose escapes are somebody else's work."""
        self._left -= len(text)
        if self._left < 0:
            raise Opaque(f"more than {MAX_WORK >> 20} MiB would have to be looked at")
        found = self._needles.find(text)
        for read in (unescape.unquoted, unescape.hexadecimal):
            if (layer := read(text)) is not None:
                found += _mapped(self._needles.find(layer[0]), layer[1])
        if depth < MAX_DEPTH:
            found += self._spelled(text, depth)
        found += self._unpacked(text, depth)
        if (layer := unescape.narrowed(text)) is not None:
            # Whoever takes bytes for Latin-1 once may do so twice.
            inside = self.into(layer[0], depth + 1) if depth < MAX_DEPTH else self._unpacked(layer[0], depth)
            found += _mapped(inside, layer[1])
        return found

    def _unpacked(self, text: bytes, depth: int) -> Iterator[Span]:
        """What is compressed and holds a secret."""
        for place, plain, sure in inflated(text, min(self._left, MAX_WORK // 2)):
            if depth == MAX_DEPTH and sure:
                raise Opaque(f"it is packed more than {MAX_DEPTH} times")
            if depth < MAX_DEPTH and self.into(plain, depth + 1):
                yield place

    def _quoted(self, text: bytes) -> Iterator[Span]:
        """Strings whose escapes spell a stream that says nothing of itself: where one begins, only quotes tell."""
        if b"\\" not in text:
            return
        for match in islice(_QUOTED.finditer(text), MOST_RUNS):
            layer = unescape.unescaped(match[1]) if b"\\" in match[1] else None
            if layer is not None and not layer[0].isascii():
                streams = bare(layer[0], max(0, min(self._left, MAX_WORK // 2)))
                if any(self.into(plain, 1) for _, plain in streams):
                    yield match.span(1)

    def _spelled(self, text: bytes, depth: int) -> Iterator[Span]:
        """Runs of base64, hex or byte values that spell a secret; all are looked at together."""
        places: list[Span] = []
        starts: list[int] = []
        together = bytearray()
        for place, plain in runs(text):
            limit = max(0, min(self._left - len(together), MAX_WORK // 2))
            for each in (plain, *(() if plain.isascii() else (made for _, made in bare(plain, limit)))):
                places.append(place)
                starts.append(len(together))
                together += each + b"\n~\n"
        for first, last in self.into(bytes(together), depth + 1):
            begin = bisect.bisect_right(starts, first) - 1
            yield from places[begin : bisect.bisect_left(starts, last)]


def _mapped(found: Iterable[Span], steps: list[Kept]) -> list[Span]:
    """Places in a text without escapes, as places in the text with them."""
    return [(place_before(steps, first), place_before(steps, last)) for first, last in _merged(list(found))]


def _merged(found: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for first, last in sorted(found):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
