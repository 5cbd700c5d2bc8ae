"""What a run records in English, in the language of a page: from data beside this module, by the English words.

Duties, law, suites, titles of findings, their cures, and reasons stand in every bundle in English, in the words of the
release that made it. A language has them by those words, in one file of each of ``FOLDERS``: where they have changed
since, or where it has none, they stay as they are and are marked as English. A row may have places, ``{name}``, which
stand for what a run fills in. That is shown as it was recorded: what endpoints answer is evidence, and is never put
into other words.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from reports.text.neutralise import visible
from reports.text.sentences import DEFAULT, PLACE, Sentences, begun, sentences

FOLDERS = tuple(Path(__file__).parent / name for name in ("catalogue", "causes", "cures"))
# Places that hold a sentence of ours in their turn.
NESTED = frozenset({"title", "why", "noun", "reason"})
# Sentences of ours that a run records; those with forms of the language in them cannot be read back.
_RECORDED = ("reason.", "clause.", "duty.", "support.", "short.", "unreached.", "finding.")
_SHORTEST = 16
_MARKED = Markup('<span lang="{}">{}</span>')


@dataclass(frozen=True, slots=True)
class Row:
    """English words with places between them, and the same in a language."""

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    words: str

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the places; None if these are other words. One pass: the text is anybody's."""
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


def translated(said: Sentences, text: str) -> str:
    """The words in the language, or as they are."""
    return _told(said, text, text, str, lambda name, value: translated(said, value) if name in NESTED else value)


def quoted(said: Sentences, text: str | None, most: int | None = None) -> str | None:
    """The words in the language, or marked as the English ones that they are; at most about so many characters."""
    if said.code == DEFAULT or not text:
        return text if text is None or most is None else _cut(text, most)
    return _quoted(said, text, most)


def all_quoted(said: Sentences, texts: list[str], most: int | None = None) -> str | None:
    """The same of several, one behind the other."""
    if said.code == DEFAULT:
        return quoted(said, "; ".join(texts), most)
    room = None if most is None else max(_SHORTEST, most // max(1, len(texts)))
    return Markup("; ").join(quoted(said, text, room) or "" for text in texts)


def _quoted(said: Sentences, text: str, most: int | None) -> str:
    def value(name: str, held: str) -> str:
        room = None if most is None else max(_SHORTEST, (most - len(translated(said, text)) + len(held)))
        if name in NESTED:
            return _quoted(said, held, room)
        shown = escape(str(visible(held if room is None else _cut(held, room))))
        # A single word is a name.
        return _MARKED.format(DEFAULT, shown) if " " in held.strip() else shown

    other = _MARKED.format(DEFAULT, escape(str(visible(text if most is None else _cut(text, most)))))
    return _told(said, text, other, escape, value)


def _told(said: Sentences, text: str, other: str, own: Callable[[str], str], value: Callable[[str, str], str]) -> str:
    """The words in the language with their places filled, or what stands in for them."""
    found = None if said.code == DEFAULT else find(said.code, text)
    if found is None:
        return other
    words, values = found
    if not values:
        return words
    parts = PLACE.split(words)
    filled = (own(part) if not at % 3 else value(part, values[part]) for at, part in enumerate(parts) if at % 3 != 2)
    return type(own(""))("").join(filled)


def find(code: str, text: str) -> tuple[str, dict[str, str]] | None:
    """The words of a language for a text, and what fills their places; None where it has none for it."""
    exact, rows = _rows(code)
    wanted = text.strip().rstrip(".")
    for form, change in ((wanted, str), (wanted[:1].lower() + wanted[1:], begun)):
        if form in exact:
            return change(exact[form]), {}
        for row in rows:
            values = row.values(form)
            if values is not None:
                return change(row.words), values
    return None


def told_in(code: str) -> Iterator[tuple[str, str]]:
    """Every row of the files of a language."""
    for folder in FOLDERS:
        path = folder / f"{code}.toml"
        if path.exists():
            yield from tomllib.loads(path.read_text("utf-8")).items()


@functools.cache
def _rows(code: str) -> tuple[dict[str, str], list[Row]]:
    """The rows without places by their English words, and those with places, the most closely worded first."""
    english, ours = sentences().rows, sentences(code).rows
    fixed = [(text, ours[name]) for name, text in english.items() if name.startswith(_RECORDED) and ":" not in
             "".join(place[0] for place in PLACE.finditer(text))]  # fmt: skip
    every = {key.rstrip("."): words for key, words in (*fixed, *told_in(code))}
    open_ones = [row_of(key, words) for key, words in every.items() if PLACE.search(key)]
    open_ones.sort(key=lambda row: -len("".join(row.pieces)))
    return {key: words for key, words in every.items() if not PLACE.search(key)}, open_ones


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rsplit(' ', 1)[0]}…"
