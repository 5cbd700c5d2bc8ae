"""Every key that a policy may have: what it takes, what it is without it, and what it means, from the types alone."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from harness.allowed import bare, described, tags_of
from harness.policy import Policy

_ATTRIBUTE = re.compile(r"^(?P<names>\w+(?:, \w+)*): (?P<text>.+)$")
_ITS_NAME = re.compile(r"^`\[[^`]*\]`: ")
_BOUNDS = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table.

    Attributes:
        takes: what may stand there, in words.
        without: its value where it is not given; empty where it must be.
        means: what it is, from the documentation of its table.
    """

    name: str
    takes: str
    without: str
    means: str


@dataclass(frozen=True, slots=True)
class KeyTable:
    """One table of the policy, such as ``[load.capacity]``, with its keys."""

    header: str
    kind: type[msgspec.Struct]
    keys: tuple[Key, ...]


def policy_tables() -> list[KeyTable]:
    """All tables, in the order of the types; a table that comes in kinds once for each of them."""
    found = {(table.header, table.kind): table for table in _tables(Policy, "", listed=False)}
    return list(found.values())


def meanings(kind: type[msgspec.Struct]) -> dict[str, str]:
    """What the documentation of a table, and of those that it extends, says of its keys."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        names: list[str] = []
        for line in inspect.cleandoc(each.__doc__ or "").partition("Attributes:\n")[2].split("\n"):
            begins = _ATTRIBUTE.match(line.strip()) if not line.startswith(" " * 8) else None
            if begins is not None:
                names = begins["names"].split(", ")
                found |= dict.fromkeys(names, begins["text"])
            else:
                found |= {name: f"{found[name]} {line.strip()}".strip() for name in names}
    return {name: text.replace("``", "`") for name, text in found.items()}


def _tables(kind: type[msgspec.Struct], path: str, *, listed: bool) -> Iterator[KeyTable]:
    hints = get_type_hints(kind, include_extras=True)
    said = meanings(kind)
    inner: list[tuple[str, Any]] = []
    keys = []
    for field in msgspec.structs.fields(kind):
        name, hint = field.encode_name, hints[field.name]
        if _struct_in(hint) is not None:
            inner.append((f"{path}.{name}" if path else name, hint))
        else:
            keys.append(Key(name, _takes(hint), _without(field), said.get(field.name, "")))
    tag = kind.__struct_config__
    if keys or tag.tag is not None:
        of_kind = f" {tag.tag_field} = {tag.tag!r}".replace("'", '"') if tag.tag is not None else ""
        yield KeyTable(f"[[{path}]]{of_kind}" if listed else f"[{path}]{of_kind}", kind, tuple(keys))
    for where, hint in inner:
        origin, found = get_origin(bare(_unmarked(hint))), _struct_in(hint)
        place = f"{where}.NAME" if origin is dict else where
        for each in found or ():
            yield from _tables(each, place, listed=origin is list)


def _struct_in(hint: Any) -> list[type[msgspec.Struct]] | None:  # noqa: ANN401 -- types have no type
    """The tables that a value of this type is, or holds; None where it is no table."""
    kind = bare(_unmarked(hint))
    if get_origin(kind) in (list, dict):
        return _struct_in(get_args(kind)[-1])
    if tagged := tags_of(kind):
        return list(tagged.values())
    return [kind] if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


def _unmarked(hint: Any) -> Any:  # noqa: ANN401 -- as above
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _takes(hint: Any) -> str:  # noqa: ANN401 -- as above
    kind = bare(hint)
    if get_origin(kind) is Annotated:
        inner, *marks = get_args(kind)
        bounds = [text.format(f"{value:,}") for mark in marks if isinstance(mark, msgspec.Meta)
                  for name, text in _BOUNDS.items() if (value := getattr(mark, name)) is not None]  # fmt: skip
        return ", ".join([_takes(inner), *bounds])
    if get_origin(kind) is list:
        return f"a list, each {_takes(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return "a table of names and values"
    options = [each for each in get_args(kind) if each is not type(None)]
    if get_origin(kind) is not Literal and options:
        return " or ".join(dict.fromkeys(_takes(each) for each in options))
    return described(kind).partition(" in quotes")[0]


def _without(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return ""
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else f"{value}"


def policy_schema() -> bytes:
    """The JSON Schema of a policy (its TOML as JSON, dates as text), with what each key means."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:art15:schema:policy-1",
        **msgspec.json.schema(Policy),
    }
    for table in policy_tables():
        row = schema["$defs"].get(table.kind.__name__)
        for key in table.keys if row is not None else ():
            if key.means:
                row["properties"][key.name]["description"] = key.means
    # Names of classes and roles of our own markup say nothing to a reader of the schema.
    for row in schema["$defs"].values():
        row["description"] = row.get("description", "").partition("\n\nAttributes:")[0].replace("``", "`")
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def policy_page() -> Iterator[str]:
    """The tables of ``docs/policy.md``, in Markdown."""
    for table in policy_tables():
        about = inspect.cleandoc(table.kind.__doc__ or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")
        summary = _ITS_NAME.sub("", about)
        yield f"### `{table.header}`"
        yield ""
        yield summary
        if table.keys:
            yield ""
            yield "| key | takes | without it | means |"
            yield "| --- | --- | --- | --- |"
        for key in table.keys:
            cells = (f"`{key.name}`", key.takes, key.without or "it must be given", key.means)
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""
