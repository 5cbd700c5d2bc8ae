"""What a place of an English sentence was filled with, from the words that stand there: the forms of sentences.py back.

A sentence that a run recorded can so be said in another language with its own plural forms and words for "and".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from reports.text.sentences import PLACE, Sentences, Value

_LISTS, _DIGITS = ("list", "few", "all"), 6
_SERVER = "clause.server"
_MORE = re.compile("[:;] |^[^(]*[)]| on ")


def value_of(english: Sentences, ours: Sentences, words: str, forms: Sequence[str]) -> Value | None:
    """What was written so in these forms; None if these words cannot come of it. Words of nouns are those of ours."""
    value: Value | None = words
    for form in reversed(forms):
        if value is None:
            return None
        value = _formed(english, ours, value, form)
    return value


def _formed(english: Sentences, ours: Sentences, value: Value, form: str) -> Value | None:
    kind, _, name = form.partition(".")
    if kind == "as":
        return _keys(english, value, name)
    if not isinstance(value, str):
        return None
    ways: dict[str, Callable[[], Value | None]] = {
        "count": lambda: _number(english, value, name),
        "and": lambda: [_counted(english, ours, each) for each in value.split(english.rows["list.and"])],
        "capital": lambda: value,
        "sentence": lambda: value,
        **dict.fromkeys(_LISTS, lambda: _listed(english, ours, value)),
    }
    return ways[kind]() if kind in ways else None


def _keys(english: Sentences, value: Value, table: str) -> Value | None:
    """The keys of a table for its words, of one or of several."""
    keys = {text: key for key, text in english.table(table)}
    if isinstance(value, str):
        return keys.get(value)
    found = [keys[word] for word in _names(value) if word in keys]
    return found if len(found) == len(_names(value)) else None


def _names(value: Value) -> Sequence[str]:
    return [] if isinstance(value, str | int | float) else value


def _number(english: Sentences, words: str, noun: str) -> int | None:
    number = re.match("[0-9]{1,12}(?= )", words)
    return int(number[0]) if number and english.counted(int(number[0]), noun) == words else None


def _counted(english: Sentences, ours: Sentences, words: str) -> str:
    """A number with its noun in our language; any other words as they are."""
    for noun in english.nouns:
        number = _number(english, words, noun)
        if number is not None:
            return ours.counted(number, noun)
    return words


def _listed(english: Sentences, ours: Sentences, words: str) -> list[str] | None:
    """The names of a row; of those that it only counts, as many empty ones."""
    _, between, after = PLACE.split(english.rows["list.more"])[::3]
    shown, _, rest = words.rpartition(between)
    number = rest.removesuffix(after)
    counted = int(number) if shown and number.isdecimal() and len(number) <= _DIGITS else 0
    names = (shown if counted else words).split(", ")
    # What holds more than names is no list of them.
    if any(_MORE.search(name) for name in names):
        return None
    own = {english.rows[_SERVER]: ours.rows[_SERVER]}
    return [*(own.get(name, name) for name in names), *[""] * counted]
