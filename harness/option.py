"""The options of all commands, from one table: ``options.toml``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

import msgspec

TABLE = Path(__file__).with_name("options.toml")


class Option(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One option, as one command takes it.

    Attributes:
        name: as it is written, without the two dashes.
        field: the name of its value in code; by default the name, without ``oip-``.
        short: one letter that stands for it; empty for none.
        kind: what its value is; ``whole`` and ``number`` are refused by the command line where they are none.
        least, most: bounds of a whole number.
        choices: the values there are; empty for any.
        shows_default: the help names the default, which its text does not.
        repeatable: may be given several times; the value is a list.
        secret: the value is a secret or may hold one, and is never recorded.
        variable: the environment variable that can stand for it; empty for none.
        on_page: locust's web page has a field for it.
    """

    name: str
    field: str = ""
    short: str = ""
    kind: Literal["text", "whole", "number", "path", "flag"] = "text"
    metavar: str | None = None
    help: str | None = None
    default: str | int | float | None = None
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    shows_default: bool = False
    repeatable: bool = False
    secret: bool = False
    variable: str = ""
    on_page: bool = True

    @property
    def written(self) -> str:
        """As it stands on a command line."""
        return f"--{self.name}"


class _Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    takes: list[str]
    variables: str = ""
    # The command whose words stand for rows that have none for this one.
    like: str = ""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    commands: dict[str, _Command]
    options: dict[str, dict[str, Any]]


@functools.cache
def options_of(command: str) -> tuple[Option, ...]:
    """The options that a command takes (``pytest``, ``locust``, or one of ``art15``), in the order of its help.

    Raises:
        KeyError: the table has no such command, or lacks a row.
        msgspec.ValidationError: a row is not as it must be.
    """
    table = _table()
    taken = table.commands[command]
    return tuple(_option(name, table.options[name], command, taken) for name in taken.takes)


def _option(name: str, row: dict[str, Any], command: str, taken: _Command) -> Option:
    plain = name.removeprefix("oip-")
    values = {"name": name, "field": plain.replace("-", "_")}
    if taken.variables:
        values["variable"] = f"{taken.variables}{plain.upper().replace('-', '_')}"
    values |= {member: value for member, value in row.items() if member not in _table().commands}
    return msgspec.convert(values | row.get(command, row.get(taken.like, {})), Option)


@functools.cache
def _table() -> _Table:
    return msgspec.toml.decode(TABLE.read_bytes(), type=_Table)
