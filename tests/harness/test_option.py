"""The table of options: each row is taken by a command, and reaches the code under the name that it says."""

from __future__ import annotations

from dataclasses import fields

import click
import msgspec
import pytest

from harness.cli import main
from harness.option import TABLE, options_of
from harness.run.options import ALLOWANCES, PROFILES, Options

COMMANDS = msgspec.toml.decode(TABLE.read_bytes())["commands"]


def test_every_row_is_taken_by_a_command() -> None:
    rows = msgspec.toml.decode(TABLE.read_bytes())["options"]
    assert set(rows) == {name for command in COMMANDS.values() for name in command["takes"]}


def test_options_of_a_run_are_those_of_the_table() -> None:
    assert {each.name for each in fields(Options)} == {each.field for each in options_of("pytest")} | {"selection"}


def test_profiles_are_the_choices_of_the_table() -> None:
    (profile,) = (each for each in options_of("pytest") if each.field == "profile")
    assert profile.choices == tuple(PROFILES)


def test_help_names_what_there_is_to_choose() -> None:
    text = {each.field: each.help or "" for each in options_of("pytest")}
    assert f"{', '.join(ALLOWANCES)} (" in text["allow"]
    assert f"{', '.join(f'{name} {seconds:g}' for name, seconds in PROFILES.items())})" in text["time_budget"]
    assert not [each.name for name in COMMANDS for each in options_of(name) if "{" in (each.help or "")]


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"pytest", "locust"}))
def test_a_command_of_art15_takes_what_the_table_says(command: str) -> None:
    taken = [each.opts[0] for each in main.commands[command].params if isinstance(each, click.Option)]
    assert taken == [each.written for each in options_of(command)]


def test_no_command_of_art15_has_options_beside_the_table() -> None:
    for name, command in main.commands.items():
        if name not in COMMANDS:
            assert not [each for each in command.params if isinstance(each, click.Option)], name


def test_a_variable_stands_for_each_option_of_locust() -> None:
    names = {each.name: each.variable for each in options_of("locust")}
    assert names["oip-max-rate"] == "OIP_MAX_RATE"
    assert all(names.values())
