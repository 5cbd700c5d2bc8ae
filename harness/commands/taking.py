"""Options of a command, from the table of all options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from harness.option import Option, options_of


def takes(command: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give the decorated function the options of the command, each as the argument that its ``field`` names."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        # Click shows what was added last first.
        for option in reversed(options_of(command)):
            function = _click_option(option)(function)
        return function

    return add


def _click_option(option: Option) -> Callable[[Any], Any]:
    if option.kind == "flag":
        return click.option(option.written, option.field, is_flag=True, help=option.help)
    short = [f"-{option.short}"] if option.short else []
    return click.option(
        option.written,
        *short,
        option.field,
        type=_type(option),
        multiple=option.repeatable,
        default=option.default,
        show_default=option.shows_default,
        metavar=option.metavar,
        help=option.help,
    )


def _type(option: Option) -> click.ParamType[Any] | type:
    if option.choices:
        return click.Choice(option.choices)
    if option.kind == "path":
        return click.Path(path_type=Path)
    if option.kind == "whole":
        bounded = option.least is not None or option.most is not None
        return click.IntRange(option.least, option.most) if bounded else int
    return float if option.kind == "number" else str
