"""The words of a language for what a run records in English: from data beside this module, by the English words.

Each of ``FOLDERS`` has one file a language. A row may have places, ``{name}``, which stand for what a run fills in.
That is anybody's text: a look takes one pass, and a row that begins with a place is told by what stands there. What
stands there is looked for in many ways, so that a :class:`WordsLook` asks for each part once, and for no more than so
many.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reports.text.backwards import value_of
from reports.text.sentences import PLACE, Value, begun, sentences

FOLDERS = tuple(Path(__file__).parent / name for name in ("catalogue", "causes", "cures", "reasons", "verification"))
# Places that hold a sentence of ours in their turn.
NESTED = frozenset({"title", "why", "reason", "lacking", "asks", "where", "name"})
# What stands between sentences that are told one behind the other.
BETWEEN = (". ", "; ")
# Sentences of ours that a run records.
_RECORDED = (
    "reason.", "clause.", "duty.", "support.", "support_ended.", "short.", "unreached.", "finding.", "no_address.",
    "verify.",
)  # fmt: skip
DEEPEST, _MOST_PARTS, _LETTERS = 6, 8, 9
MOST_LOOKS, LONGEST = 200, 100_000
_CODES = re.compile("[A-Z0-9-]+(?:, [A-Z0-9-]+)*(?: and [0-9]+ more)?")
_BEHIND, _AFTER = "{why} ({names:list})", "{reason}: {why}"


@dataclass(frozen=True, slots=True)
class ToldWords:
    """The words of a language, and what stands in their places."""

    words: str
    values: dict[str, Value]


@dataclass(frozen=True, slots=True)
class RecordedRow:
    """English words with places between them, ``(name, forms)``, and the same in a language."""

    pieces: tuple[str, ...]
    places: tuple[tuple[str, tuple[str, ...]], ...]
    words: str

    def values(self, text: str) -> list[str] | None:
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
        return [*found, text[place:end]] if place < end else None


def row_of(english: str, words: str) -> RecordedRow:
    """The row of English words that have places."""
    parts = PLACE.split(english)
    names = [(name, tuple((forms or "").split())) for name, forms in zip(parts[1::3], parts[2::3], strict=True)]
    return RecordedRow(tuple(parts[::3]), tuple(names), words)


@dataclass(frozen=True, slots=True)
class WordsLook:
    """A look of one text in a language: what was found for its parts, by their words and how deep they stand."""

    code: str
    found: dict[tuple[str, int], list[ToldWords | str]] = field(default_factory=dict)

    def find(self, text: str, deep: int = 0) -> list[ToldWords | str]:
        """The words for a text, or for each of its sentences and what is between; none where the language lacks any."""
        key = (text, deep)
        if key not in self.found:
            if len(self.found) >= MOST_LOOKS or len(text) > LONGEST:
                return []
            # It counts from here: what stands in it is looked for before it is found.
            self.found[key] = []
            self.found[key] = _find(self, text, deep)
        return self.found[key]


def _find(look: WordsLook, text: str, deep: int) -> list[ToldWords | str]:
    if text.strip().rstrip(".") not in _rows(look.code)[0]:
        for between in BETWEEN:
            parts = text.split(between, _MOST_PARTS)
            if 1 < len(parts) <= _MOST_PARTS and deep < DEEPEST:
                told = [look.find(part, deep + 1) for part in parts]
                if all(told):
                    return [each for part in told for each in (between, *part)][1:]
    one = _one(look, text, deep) or _with_codes(look, text, deep) or _about(look, text, deep)
    return [one] if one is not None else []


def told_in(code: str) -> Iterator[tuple[str, str]]:
    """Every row of the files of a language."""
    for folder in FOLDERS:
        path = folder / f"{code}.toml"
        if path.exists():
            yield from tomllib.loads(path.read_text("utf-8")).items()


def _one(look: WordsLook, text: str, deep: int) -> ToldWords | None:
    exact, rows = _rows(look.code)
    wanted = text.strip().rstrip(".")
    for form, change in ((wanted, str), (wanted[:1].lower() + wanted[1:], begun)):
        if form in exact:
            return ToldWords(change(exact[form]), {})
        for row in rows:
            found = row.values(form)
            if found is not None and (row.pieces[0] or _tells(look, row.places[0][0], found[0], deep)):
                values = _filled_with(look.code, row, found)
                if values is not None:
                    return ToldWords(change(row.words) + _end(text, row.words), values)
    return None


def _end(text: str, words: str) -> str:
    return "." if text.endswith(".") and not words.endswith(".") else ""


def _filled_with(code: str, row: RecordedRow, found: list[str]) -> dict[str, Value] | None:
    values: dict[str, Value] = {}
    for (name, forms), words in zip(row.places, found, strict=True):
        value = value_of(sentences(), sentences(code), words, forms)
        if value is None:
            return None
        values[name] = value
    return values


def _tells(look: WordsLook, name: str, value: str, deep: int) -> bool:
    """Whether what stands at the beginning may be there: a sentence of ours, or a few words."""
    if name in NESTED:
        return deep < DEEPEST and bool(look.find(value, deep + 1))
    return ": " not in value and not any(between in value for between in BETWEEN)


def _with_codes(look: WordsLook, text: str, deep: int) -> ToldWords | None:
    """A sentence of ours behind which the clauses that it is about stand in brackets."""
    why, _, codes = text.rstrip(".").rpartition(" (")
    if not why or deep >= DEEPEST or not _CODES.fullmatch(codes.removesuffix(")")) or not look.find(why, deep + 1):
        return None
    names = value_of(sentences(), sentences(look.code), codes.removesuffix(")"), ["list"])
    return ToldWords(_BEHIND + _end(text, _BEHIND), {"why": why, "names": names or []})


def _about(look: WordsLook, text: str, deep: int) -> ToldWords | None:
    """A sentence of ours before which the name of what it is about stands."""
    name, _, rest = text.partition(": ")
    if not rest or deep >= DEEPEST or " " in name or not look.find(rest, deep + 1):
        return None
    return ToldWords(_AFTER, {"reason": name, "why": rest})


def tells_enough(row: RecordedRow) -> bool:
    """Whether its own words are enough to know it by, with those that stand in its places by a rule."""
    letters = len(re.sub("[^A-Za-z]", "", "".join(row.pieces)))
    known = any(form.startswith(("as.", "count.")) for _, forms in row.places for form in forms)
    return letters >= _LETTERS or (letters > 0 and (known or (not row.pieces[0] and row.places[0][0] in NESTED)))


@functools.cache
def _rows(code: str) -> tuple[dict[str, str], list[RecordedRow]]:
    """The rows without places by their English words, and those with places, the most closely worded first."""
    english, ours = sentences().rows, sentences(code).rows
    fixed = [(text, ours[name]) for name, text in english.items() if name.startswith(_RECORDED)]
    every = {key.rstrip("."): words for key, words in (*fixed, *told_in(code))}
    with_places = [row_of(key, words) for key, words in every.items() if PLACE.search(key)]
    told = [row for row in with_places if tells_enough(row)]
    told.sort(key=lambda row: (not row.pieces[0], -len("".join(row.pieces))))
    return {key: words for key, words in every.items() if not PLACE.search(key)}, told
