"""Sentences for people, by id: a language is one TOML file beside this module, found by its name (``en.toml``).

A sentence holds places for parameters, ``{name}`` or ``{name:form form}``, and each form says how the value is written:

==============  =====================================================================================================
``list``        names in a row, the first eight, with the number of the rest; ``few`` the first four
``all``         names in a row, all of them; ``and`` the same with the word between them
``len``         how many there are
``count.NOUN``  a number, or how many there are, with its noun in the grammatical form that the language asks for
``as.TABLE``    the words of the file's table for a value, or ``TABLE.other`` for one that it does not have
``sentence``    with a capital at its beginning and a full stop at its end; ``capital`` the former alone
``decimal``     a figure that was written with a point, with the decimal sign of the language
==============  =====================================================================================================

``[language] plural`` is the expression of gettext's ``Plural-Forms``, which gives the place in a list of ``[nouns]``.
A value that is a fraction is written with at most six significant digits. Sentences below ``page`` are HTML, whose
values are escaped here; all others are plain text.
"""

from __future__ import annotations

import functools
import gettext
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from reports.text.neutralise import visible

Value = str | float | Sequence[str]
# Folders of languages; the first is ours.
FOLDERS = [Path(__file__).parent]
DEFAULT = "en"
PLACE = re.compile(r"\{(\w+)(?::([\w. ]+))?\}")
_HTML = "page."
_MANY, _FEW = 8, 4


class SentenceError(LookupError):
    """A language lacks a sentence, or a sentence got no value for one of its places."""


class Sentences:
    """The sentences of one language."""

    def __init__(self, code: str, data: Mapping[str, Any]) -> None:
        self.code = code
        self.nouns: dict[str, list[str]] = data["nouns"]
        self.rows = dict(_flat({name: table for name, table in data.items() if name not in ("nouns", "language")}))
        self._plural: Callable[[int], int] = gettext.c2py(data["language"]["plural"])

    def __call__(self, name: str, /, **params: Value) -> str:
        """The sentence with its parameters; HTML as ``Markup``.

        Raises:
            SentenceError: the language lacks it, or a parameter is missing.
        """
        if name not in self.rows:
            raise SentenceError(f"{self.code}: no sentence {name}")
        html = name.startswith(_HTML)
        # Of a plain sentence only what is HTML already stays so.
        marked = not html and any(isinstance(value, Markup) for value in params.values())
        row = str(escape(self.rows[name])) if marked else self.rows[name]

        def value(place: re.Match[str]) -> str:
            if place[1] not in params:
                raise SentenceError(f"{self.code}: {name} got no {place[1]}")
            text = self.written(params[place[1]], (place[2] or "").split())
            return str(escape(visible(text))) if html or marked else text

        text = PLACE.sub(value, row)
        return Markup(text) if html or marked else text  # noqa: S704 -- our own text, and values that were escaped above

    def led(self, table: str, kind: str, params: Mapping[str, Value]) -> tuple[str, str]:
        """The words that a statement begins with, and the statement itself."""
        return self(f"{table}.{kind}.lead", **params), self(f"{table}.{kind}.text", **params)

    def spoken(self, table: str, value: str) -> str:
        """The words of a table for a value; the value itself where the table has none for it or for others."""
        if f"{table}.{value}" in self.rows:
            return self(f"{table}.{value}")
        return self(f"{table}.other", value=value) if f"{table}.other" in self.rows else value

    def counted(self, number: int, noun: str, shown: str | None = None) -> str:
        """A number, or what is shown of it, with its noun."""
        forms = self.nouns[noun]
        return forms[self._plural(number)].replace("{n}", str(number) if shown is None else shown)

    def table(self, name: str) -> list[tuple[str, str]]:
        """The rows of a table, in the order of the file."""
        return [(key.removeprefix(f"{name}."), text) for key, text in self.rows.items() if key.startswith(f"{name}.")]

    def listed(self, names: Sequence[str], most: int = _MANY) -> str:
        """The first names in a row, with the number of the rest."""
        shown = ", ".join(names[:most])
        return self("list.more", shown=shown, rest=len(names) - most) if len(names) > most else shown

    def joined(self, names: Sequence[str]) -> str:
        """All names in a row, with the word for "and" between them."""
        return self("list.and").join(names)

    def written(self, value: Value, forms: Sequence[str]) -> str:
        """A value in these forms, one after the other."""
        for form in forms:
            value = self._formed(value, form)
        if isinstance(value, str):
            return value  # as it is: one that is HTML already stays so
        return self.figure(value) if isinstance(value, float) else str(value)

    def figure(self, value: float, digits: int = 6) -> str:
        """A fraction with at most so many significant digits."""
        return self.decimal(f"{value:.{digits}g}")

    def decimal(self, written: str) -> str:
        """A figure of ours that is written with a point, with the decimal sign of the language."""
        return written.replace(".", self.rows["format.decimal"])

    def _formed(self, value: Value, form: str) -> Value:
        kind, _, name = form.partition(".")
        if kind == "as":
            return (
                self.spoken(name, value)
                if isinstance(value, str)
                else [self.spoken(name, each) for each in _names(value)]
            )
        if kind == "count":
            return self.counted(value if isinstance(value, int) else len(_names(value)), name)
        if kind == "decimal":
            return self.decimal(str(value))
        if kind in ("sentence", "capital"):
            text = value if isinstance(value, str) else str(value)
            end = "." if kind == "sentence" and not text.endswith((".", "!", "?")) else ""
            # What is HTML already stays so, and begins with its mark.
            return text + end if isinstance(text, Markup) else begun(text) + end
        names = _names(value)
        rows: dict[str, Callable[[], Value]] = {
            "list": lambda: self.listed(names),
            "few": lambda: self.listed(names, _FEW),
            "all": lambda: ", ".join(names),
            "and": lambda: self.joined(names),
            "len": lambda: len(names),
        }
        return rows[form]()


def begun(text: str) -> str:
    """As it stands where a sentence begins with it; nouns of German keep their capitals."""
    return text[:1].upper() + text[1:]


def _names(value: Value) -> Sequence[str]:
    if isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is no list")
    return value


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield f"{above}{name}", value
        else:
            yield from _flat(value, f"{above}{name}.")


def languages() -> dict[str, Path]:
    """The file of each language, by its code."""
    return {path.stem: path for folder in FOLDERS for path in sorted(folder.glob("*.toml"))}


def asked_for(given: Mapping[str, str]) -> str:
    """The language that a run was asked for, by its options; ours where there is no such language."""
    code = given.get("lang", DEFAULT)
    return code if code in languages() else DEFAULT


@functools.cache
def sentences(code: str = DEFAULT) -> Sentences:
    """The sentences of a language, read once in a process.

    Raises:
        SentenceError: there is no such language.
    """
    found = languages()
    if code not in found:
        raise SentenceError(f"no language {code}; there are: {', '.join(found)}")
    return Sentences(code, tomllib.loads(found[code].read_text("utf-8")))
