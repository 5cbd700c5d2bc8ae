"""The words of a language for what a run records in English: from data beside this module, by the English words.

Each of ``FOLDERS`` has one file a language. A row may have places, ``{name}``, which stand for what a run fills in.
That is anybody's text: a look takes one pass, and a row that begins with a place is told by what stands there.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reports.text.sentences import PLACE, begun, sentences

FOLDERS = tuple(Path(__file__).parent / name for name in ("catalogue", "causes", "cures", "reasons"))
# Places that hold a sentence of ours in their turn.
NESTED = frozenset({"title", "why", "reason"})
BETWEEN = "; "
# Sentences of ours that a run records; those with forms of the language in them cannot be read back.
_RECORDED = ("reason.", "clause.", "duty.", "support.", "short.", "unreached.", "finding.", "no_address.")
_DEEPEST, _MOST_PARTS = 6, 8


@dataclass(frozen=True, slots=True)
class Told:
    """The words of a language, and what stands in their places."""

    words: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """English words with places between them, and the same in a language."""

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    words: str

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the places; None if these are other words."""
        first, *between, last = self.pieces
        if not text.startswith(first) or not text.endswith(last):
            return None
        end, place, found = len(text) - len(last), len(first), []
        for piece in between:
            at = text.find(piece, place + 1, end)
            if at < 0:
                return None
            found.append(text[place:at])
            place = at + len(piece)
        return dict(zip(self.names, [*found, text[place:end]], strict=True)) if place < end else None


def row_of(english: str, words: str) -> Row:
    """The row of English words that have places."""
    parts = PLACE.split(english)
    return Row(tuple(parts[::3]), tuple(parts[1::3]), words)


def find(code: str, text: str, deep: int = 0) -> list[Told]:
    """The words of a language for a text, or for each of its parts between semicolons; none where it lacks any."""
    parts = text.split(BETWEEN, _MOST_PARTS)
    if text.strip().rstrip(".") not in _rows(code)[0] and 1 < len(parts) <= _MOST_PARTS:
        told = [_one(code, part, deep) for part in parts]
        if None not in told:
            return [part for part in told if part is not None]
    one = _one(code, text, deep)
    return [one] if one is not None else []


def told_in(code: str) -> Iterator[tuple[str, str]]:
    """Every row of the files of a language."""
    for folder in FOLDERS:
        path = folder / f"{code}.toml"
        if path.exists():
            yield from tomllib.loads(path.read_text("utf-8")).items()


def _one(code: str, text: str, deep: int) -> Told | None:
    exact, rows = _rows(code)
    wanted = text.strip().rstrip(".")
    for form, change in ((wanted, str), (wanted[:1].lower() + wanted[1:], begun)):
        if form in exact:
            return Told(change(exact[form]), {})
        for row in rows:
            values = row.values(form)
            if values is not None and (row.pieces[0] or _tells(code, row.names[0], values[row.names[0]], deep)):
                return Told(change(row.words), values)
    return None


def _tells(code: str, name: str, value: str, deep: int) -> bool:
    """Whether what stands at the beginning may be there: a sentence of ours, or a few words."""
    if name in NESTED:
        return deep < _DEEPEST and bool(find(code, value, deep + 1))
    return ": " not in value and BETWEEN not in value


@functools.cache
def _rows(code: str) -> tuple[dict[str, str], list[Row]]:
    """The rows without places by their English words, and those with places, the most closely worded first."""
    english, ours = sentences().rows, sentences(code).rows
    fixed = [(text, ours[name]) for name, text in english.items() if name.startswith(_RECORDED) and not any(
        place[2] for place in PLACE.finditer(text))]  # fmt: skip
    every = {key.rstrip("."): words for key, words in (*fixed, *told_in(code))}
    with_places = [row_of(key, words) for key, words in every.items() if PLACE.search(key)]
    with_places.sort(key=lambda row: (not row.pieces[0], -len("".join(row.pieces))))
    return {key: words for key, words in every.items() if not PLACE.search(key)}, with_places
