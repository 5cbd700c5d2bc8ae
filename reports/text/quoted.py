"""What a run records in English, in the language of a page.

Duties, law, suites, titles of findings, their cures, and reasons stand in every bundle in English, in the words of the
release that made it. A language has them by those words (:mod:`reports.text.recorded`): where they have changed since,
or where it has none, they stay as they are and are marked as English, and so is what fills their places. What endpoints
answer is evidence, and is never put into other words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest

from markupsafe import Markup, escape

from reports.text.neutralise import visible
from reports.text.recorded import DEEPEST, NESTED, ToldWords, WordsLook
from reports.text.sentences import DEFAULT, PLACE, Sentences, begun, sentences

_SHORTEST = 60
# A single word is a name, or a number with its unit.
_WORDS = re.compile("[A-Za-z]{2}[,:;]? +[A-Za-z]{2}")
_MARKED = Markup('<span lang="{}">{}</span>')


def translated(said: Sentences, text: str) -> str:
    """The words in the language, or as they are."""
    return text if said.code == DEFAULT else _translated(said, WordsLook(said.code), text, 0)


def quoted(said: Sentences, text: str | None, most: int | None = None) -> str | None:
    """The words in the language, or marked as the English ones that they are; at most about so many characters."""
    if said.code == DEFAULT or not text:
        return text if text is None or most is None else _cut(text, most)
    return _quoted(said, WordsLook(said.code), text, most, 0)


def all_quoted(said: Sentences, texts: list[str], most: int | None = None) -> str | None:
    """The same of several, one behind the other."""
    if said.code == DEFAULT:
        return quoted(said, said("list.between").join(texts), most)
    room = None if most is None else max(_SHORTEST, most // max(1, len(texts)))
    return escape(said("list.between")).join(quoted(said, text, room) or "" for text in texts)


def _translated(said: Sentences, look: WordsLook, text: str, deep: int) -> str:
    def value(name: str, held: str) -> str:
        return _ended(held, _translated(said, look, held, deep + 1)) if name in NESTED else held

    # Beyond any depth of ours, it is somebody else's.
    parts = look.find(text) if deep <= DEEPEST else []
    return "".join(_filled(said, part, str, value) for part in parts) or text


def _quoted(said: Sentences, look: WordsLook, text: str, most: int | None, deep: int) -> str:
    parts = look.find(text) if deep <= DEEPEST else []
    if not parts:
        return _marked(text if most is None else _cut(text, most))
    if not any(isinstance(part, ToldWords) and part.values for part in parts):
        return "".join(_between(said, part) if isinstance(part, str) else part.words for part in parts)
    spare = None if most is None else most - len(_translated(said, look, text, deep))

    def value(name: str, held: str) -> str:
        room = None if spare is None else max(_SHORTEST, len(held) + spare)
        if name in NESTED:
            return _ended(held, _quoted(said, look, held, room, deep + 1) if held else "")
        words = held if room is None else _cut(held, room)
        return _marked(words) if _WORDS.search(words) else escape(str(visible(words)))

    return escape("").join(_filled(said, part, escape, value) for part in parts)


def _between(said: Sentences, sign: str) -> str:
    return said("list.between") if sign == sentences()("list.between") else sign


def _ended(held: str, words: str) -> str:
    """Without the full stop that the words of a sentence have, where what it stands for has none."""
    return words if held.endswith(".") else words.rstrip(".")


def _filled(said: Sentences, told: ToldWords | str, own: Callable[[str], str], value: Callable[[str, str], str]) -> str:
    """Words of ours with their places filled."""
    if isinstance(told, str):
        return own(_between(said, told))
    texts, names, forms = (PLACE.split(told.words)[first::3] for first in range(3))
    filled = [_written(said, told, name, form, own, value) for name, form in zip(names, forms, strict=True)]
    return own("").join(part for pair in zip_longest(map(own, texts), filled, fillvalue="") for part in pair)


def _written(
    said: Sentences, told: ToldWords, name: str, form: str | None, own: Callable[[str], str],
    value: Callable[[str, str], str],
) -> str:  # fmt: skip
    held = told.values[name]
    if name in NESTED and isinstance(held, str):
        return _begun(form, value(name, held))
    return own(said.written(held, (form or "").split())) if form or not isinstance(held, str) else value(name, held)


def _begun(form: str | None, text: str) -> str:
    """With a capital at its beginning, where the form asks for one."""
    return type(text)(begun(text)) if form == "capital" else text


def _marked(text: str) -> Markup:
    return _MARKED.format(DEFAULT, escape(str(visible(text))))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rsplit(' ', 1)[0]}…"
