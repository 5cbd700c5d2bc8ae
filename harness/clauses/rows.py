"""Turns plain values into the row classes of the catalogue, naming file, row and the nearest right key.

A field may be typed ``str``, ``bool``, a ``Literal`` of strings, :class:`~harness.verdicts.Level`,
``tuple[str, ...]`` or ``Mapping[str, str]``, each of them also ``| None``.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import difflib
import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

from harness.clauses.document import CatalogueError
from harness.verdicts import Level

MOST_PROBLEMS = 10

_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_WANTED = {str: "a string", bool: "true or false", list: "a list of strings", dict: "a mapping of strings to strings"}


class HasId(Protocol):
    """A row of a list; its id is unique in the catalogue's mapping."""

    @property
    def id(self) -> str:
        """Identity for ever."""


Row = TypeVar("Row")
IdRow = TypeVar("IdRow", bound=HasId)


@dataclass(frozen=True, slots=True)
class _Field:
    """What one key of a row may hold, and what becomes of it."""

    required: bool
    type: type
    make: Callable[[Any], object]
    choices: tuple[str, ...] | None
    date: bool

    def problem(self, value: object) -> str | None:
        """What is wrong with a value of this field, or None."""
        if type(value) is not self.type or not _strings(value):
            return f"must be {_WANTED[self.type]}, not {kind_of(value)}"
        if not isinstance(value, bool) and not value:
            return "is empty"
        if self.choices is not None and value not in self.choices:
            return f"is {value!r}, not one of {', '.join(self.choices)}{nearest(str(value), self.choices)}"
        if self.date and not _is_date(str(value)):
            return f"is {value!r}; a date is written YYYY-MM-DD, or YYYY-MM where the day is not known"
        return None


def read_rows(kind: type[Row], name: str, value: object, problems: list[str]) -> list[Row]:
    """The rows of a file; what is wrong is added to ``problems`` and the row left out."""
    if not isinstance(value, list):
        problems.append(f"{name}: must be a list of rows, not {kind_of(value)}")
        return []
    fields = _fields(kind)
    named = ((f"{name}, row {_label(item, number)}", item) for number, item in enumerate(value, 1))
    made = (_make(kind, fields, where, item, problems) for where, item in named)
    return [each for each in made if each is not None]


def read_row(kind: type[Row], where: str, value: object, problems: list[str]) -> Row | None:
    """One row as ``kind``, or None with a line in ``problems`` for everything that is wrong with it."""
    return _make(kind, _fields(kind), where, value, problems)


def by_id(named: Iterable[tuple[str, IdRow]], problems: list[str]) -> Mapping[str, IdRow]:
    """Rows by their id, in order, read-only; an id that two rows have is a problem.

    Args:
        named: each row with the name of its file.
        problems: gets a line for each repeated id.
    """
    kept: dict[str, IdRow] = {}
    home: dict[str, str] = {}
    for name, row in named:
        if row.id in kept:
            problems.append(f"{name}, row {row.id}: the id is taken by a row of {home[row.id]}")
        else:
            kept[row.id], home[row.id] = row, name
    return types.MappingProxyType(kept)


def stop(problems: Iterable[str]) -> None:
    """Raise :class:`CatalogueError` with the first ten problems, one a line; do nothing where there is none."""
    lines = list(problems)
    if len(lines) > MOST_PROBLEMS:
        lines[MOST_PROBLEMS:] = [f"... and {len(lines) - MOST_PROBLEMS} more"]
    if lines:
        raise CatalogueError("\n".join(lines))


def nearest(wrong: str, right: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the nearest of the right words, or nothing where none is near."""
    close = difflib.get_close_matches(wrong, list(right), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def kind_of(value: object) -> str:
    """How a message calls a value that is of the wrong type."""
    if isinstance(value, str):
        return f"the string {value!r}"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    return "a list" if isinstance(value, list) else "a mapping"


def _make(kind: type[Row], fields: Mapping[str, _Field], where: str, value: object, problems: list[str]) -> Row | None:
    if not isinstance(value, dict):
        problems.append(f"{where}: must be a mapping of keys, not {kind_of(value)}")
        return None
    found = [f"{where}: {text}" for text in _row_problems(fields, value)]
    problems += found
    return None if found else kind(**{key: fields[key].make(member) for key, member in value.items()})


def _row_problems(fields: Mapping[str, _Field], value: Mapping[str, object]) -> list[str]:
    unknown = [f"unknown key {key!r}{nearest(key, fields)}" for key in value if key not in fields]
    missing = [f"key {key!r} is missing" for key, each in fields.items() if each.required and key not in value]
    wrong = [
        f"{key} {problem}"
        for key, member in value.items()
        if key in fields and (problem := fields[key].problem(member)) is not None
    ]
    return unknown + missing + wrong


def _fields(kind: type[Any]) -> Mapping[str, _Field]:
    hints = get_type_hints(kind)
    return {each.name: _field(each, hints[each.name]) for each in dataclasses.fields(kind)}


def _field(each: dataclasses.Field[Any], hint: object) -> _Field:
    if get_origin(hint) is types.UnionType:
        (hint,) = (part for part in get_args(hint) if part is not types.NoneType)
    origin = get_origin(hint) or hint
    choices: Mapping[object, tuple[str, ...]] = {Literal: get_args(hint), Level: tuple(level.value for level in Level)}
    made: Mapping[object, tuple[type, Callable[[Any], object]]] = {
        bool: (bool, bool),
        tuple: (list, tuple),
        collections.abc.Mapping: (dict, types.MappingProxyType),
        Level: (str, Level),
    }
    read_as, make = made.get(origin, (str, str))
    return _Field(
        required=each.default is dataclasses.MISSING,
        type=read_as,
        make=make,
        choices=choices.get(origin),
        date=each.metadata.get("date", False),
    )


def _strings(value: object) -> bool:
    """Whether the members of a list or the values of a mapping are strings; true of any other value."""
    if isinstance(value, dict):
        value = list(value.values())
    return not isinstance(value, list) or all(isinstance(member, str) and member for member in value)


def _label(item: object, number: int) -> str:
    named = item.get("id") if isinstance(item, dict) else None
    return named if isinstance(named, str) and named else f"number {number}"


def _is_date(value: str) -> bool:
    if _DATE.fullmatch(value) is None:
        return False
    try:
        datetime.date.fromisoformat(value if len(value) == len("2026-11-21") else f"{value}-01")
    except ValueError:
        return False
    return True
