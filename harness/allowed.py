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


def explained(message: str, root: type[msgspec.Struct]) -> str:
    """What msgspec says of a value, with the place in words of TOML and with all that may stand there.

    Args:
        message: of a :class:`msgspec.ValidationError`.
        root: type of the whole document.
    """
    found = _PLACE.search(message)
    steps = _steps(found["path"] if found else "$")
    unknown = _UNKNOWN.search(message)
    kind = _at(root, steps)
    fields = _fields(kind)
    where = _where(steps, is_table=bool(fields))
    if unknown is not None:
        what = f"{where} has no key {unknown['name']!r}" if steps else f"there is no table [{unknown['name']}]"
        return f"{what}{did_you_mean(unknown['name'], fields)} (allowed: {', '.join(fields)})"
    said = f"{where}: {_PLACE.sub('', message)}"
    # What a table says of its own values (they are no number above 0, ...) says what is allowed as well.
    of_its_own = fields and not message.startswith(("Expected", "Object missing"))
    return said if of_its_own else f"{said} (allowed: {_described(kind)})"


def _steps(path: str) -> list[str]:
    return [step for step in re.split(r"\.|(\[[^\]]*\])", path.removeprefix("$")) if step]


def _where(steps: Sequence[str], *, is_table: bool) -> str:
    """The place as it is written in TOML: ``[load.capacity] most``, ``[samples.MODEL]``, ``[[waivers]]``."""
    if not steps:
        return "the file"
    names = ["MODEL" if step == "[...]" else step for step in steps if step == "[...]" or not step.startswith("[")]
    is_listed = any(step.startswith("[") and step != "[...]" for step in steps)
    table = ".".join(names if is_table else names[:-1])
    key = "" if is_table else names[-1]
    opened = f"[[{table}]]" if is_listed else f"[{table}]"
    return f"{opened} {key}".strip() if table else f"[{key}]"


def _at(kind: Any, steps: Sequence[str]) -> Any:  # noqa: ANN401 -- types have no type that says which
    """The type at the end of a path; None where it is not known."""
    for step in steps:
        kind = _bare(kind)
        if step.startswith("["):
            kind = (get_args(kind) or (None,))[-1]
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            kind = get_type_hints(kind).get(step)
        else:
            return None
    return _bare(kind)


def _bare(kind: Any) -> Any:  # noqa: ANN401 -- as above
    """The type without "or nothing"."""
    if get_origin(kind) in (Union, types.UnionType):
        rest = [each for each in get_args(kind) if each is not type(None)]
        return rest[0] if len(rest) == 1 else kind
    return kind


def _fields(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 -- as above
    return kind.__struct_fields__ if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()


def _described(kind: Any) -> str:  # noqa: ANN401 -- as above
    if get_origin(kind) is Literal:
        return ", ".join(repr(each) for each in get_args(kind))
    if get_origin(kind) is list:
        return f"a list, each {_described(_bare(get_args(kind)[0]))}"
    if fields := _fields(kind):
        return f"a table of {', '.join(fields)}"
    if get_origin(kind) is dict:
        return "a table for each model, with the name of the model behind a dot"
    return _WORDS.get(kind, "another kind of value")
