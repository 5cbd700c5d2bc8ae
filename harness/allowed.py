"""What a table of the policy allows, said where something else stands there."""

from __future__ import annotations

import datetime
import difflib
import re
import types
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

_PLACE = re.compile(r" - at `(?P<path>[^`]*)`")
_VALUE = re.compile(r"Invalid (?:enum )?value '(?P<value>[^']*)'")
_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
# How each type of a value is written in TOML.
_WORDS = {
    str: 'text in quotes, such as "a"',
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    datetime.date: "a date, such as 2027-01-31",
}


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """``; did you mean 'X'?``, or nothing where no known name is like it."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""


def explained(message: str, root: type[msgspec.Struct], document: object = None) -> str:
    """What msgspec says of a value, with the place in words of TOML and with all that may stand there.

    Args:
        message: of a :class:`msgspec.ValidationError`.
        root: type of the whole document.
        document: as it was read: of a table that comes in kinds, it says which one is meant.
    """
    found = _PLACE.search(message)
    steps = _steps(found["path"] if found else "$")
    unknown = _UNKNOWN.search(message)
    kind = _at(root, steps, document)
    fields = _fields(kind)
    where = _where(steps, is_table=bool(fields))
    if unknown is not None:
        what = f"{where} has no key {unknown['name']!r}" if steps else f"there is no table [{unknown['name']}]"
        return f"{what}{did_you_mean(unknown['name'], fields)} (allowed: {', '.join(fields)})"
    said = f"{where}: {_PLACE.sub('', message)}"
    # What a table says of its own values (they are no number above 0, ...) says what is allowed as well.
    of_its_own = fields and not message.startswith(("Expected", "Object missing"))
    meant = _VALUE.search(message)
    near = did_you_mean(meant["value"], _options(kind)) if meant else ""
    return said if of_its_own else f"{said}{near} (allowed: {described(kind)})"


def _steps(path: str) -> list[str]:
    return [step for step in re.split(r"\.|(\[[^\]]*\])", path.removeprefix("$")) if step]


def _where(steps: Sequence[str], *, is_table: bool) -> str:
    """The place as it is written in TOML: ``[load.capacity] most``, ``[samples.MODEL]``, ``[[waivers]]``."""
    if not steps:
        return "the file"
    listed = [step for step in steps if step.startswith("[") and step != "[...]"]
    path = ["MODEL" if step == "[...]" else step for step in steps if step not in listed]
    table = ".".join(path if is_table else path[:-1])
    key = "" if is_table else path[-1]
    # Brackets are doubled around what is itself listed, and not around a table below it.
    inner = steps[-1] if is_table else steps[-2] if len(steps) > 1 else ""
    opened = f"[[{table}]]" if inner in listed else f"[{table}]"
    found = f"{opened} {key}".strip() if table else f"[{key}]"
    # Of the first one nothing needs to be said where there is only one, which cannot be seen from here.
    numbers = [int(step[1:-1]) + 1 for step in listed]
    return found + "".join(f" (entry {number})" for number in numbers if number > 1)


def _at(kind: Any, steps: Sequence[str], value: Any) -> Any:  # noqa: ANN401 -- types have no type that says which
    """The type at the end of a path; None where it is not known."""
    for step in steps:
        kind = _chosen(bare(kind), value)
        if step.startswith("["):
            kind = (get_args(kind) or (None,))[-1]
            value = value[int(step[1:-1])] if step != "[...]" and isinstance(value, list) else None
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            kind = get_type_hints(kind).get(step)
            value = value.get(step) if isinstance(value, dict) else None
        else:
            kind = Literal[tuple(sorted(tags_of(kind)))] if tags_of(kind) else None
    return _chosen(bare(kind), value)


def tags_of(kind: Any) -> dict[str, Any]:  # noqa: ANN401 -- as above
    """Of a table that comes in kinds, each kind by the word that says so."""
    members = [each for each in get_args(kind) if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    return {str(each.__struct_config__.tag): each for each in members if each.__struct_config__.tag is not None}


def _chosen(kind: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
    """Of a table that comes in kinds, the one that the value says it is."""
    tags = tags_of(kind)
    if not tags or not isinstance(value, dict):
        return kind
    field = next(iter(tags.values())).__struct_config__.tag_field
    return tags.get(str(value.get(field)), kind)


def bare(kind: Any) -> Any:  # noqa: ANN401 -- as above
    """The type without "or nothing"."""
    if get_origin(kind) in (Union, types.UnionType):
        rest = [each for each in get_args(kind) if each is not type(None)]
        return rest[0] if len(rest) == 1 else kind
    return kind


def _fields(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 -- as above
    return kind.__struct_fields__ if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()


def _options(kind: Any) -> list[str]:  # noqa: ANN401 -- as above
    return [str(each) for each in get_args(kind)] if get_origin(kind) is Literal else list(tags_of(kind))


def described(kind: Any) -> str:  # noqa: ANN401 -- as above
    if get_origin(kind) is Literal:
        return ", ".join(repr(each) for each in get_args(kind))
    if get_origin(kind) is list:
        return f"a list, each {described(bare(get_args(kind)[0]))}"
    if tags := tags_of(kind):
        return f"a table whose {next(iter(tags.values())).__struct_config__.tag_field} is {', '.join(tags)}"
    if fields := _fields(kind):
        return f"a table of {', '.join(fields)}"
    if get_origin(kind) is dict:
        return "a table for each model, with the name of the model behind a dot"
    return _WORDS.get(kind, "another kind of value")
