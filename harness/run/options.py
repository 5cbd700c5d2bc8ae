"""The command line of ``pytest --endpoint URL``: what can be given, and how it reaches the run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import pytest

from harness.allowed import did_you_mean
from harness.option import options_of
from harness.suite import suites

# Seconds that a run of each profile may take, unless somebody says otherwise: a slow endpoint gets what fits.
PROFILES = {"quick": 240.0, "standard": 1800.0, "deep": 14400.0}
ALLOWANCES = (*(suite.permission for suite in suites() if suite.permission), "faults", "repository", "stress")
EMBEDDED = "embedded"
EMBEDDED_CLUSTER = "embedded-cluster"


class UsageError(Exception):
    """The run was asked for in a way that cannot work; one line that says what to write (exit code 4)."""


@dataclass(frozen=True, slots=True)
class Options:
    """The command line as given; None and empty mean "not given".

    Raises:
        UsageError: a word is no text: what a run keeps of it is JSON.
    """

    endpoints: Sequence[str]
    grpc: str | None = None
    models: Sequence[str] = ()
    candidate: str | None = None
    candidate_version: str | None = None
    candidate_grpc: str | None = None
    policy: str | None = None
    suites: Sequence[str] = ()
    profile: str | None = None
    evidence: str | None = None
    headers: Sequence[str] = ()
    token_command: str | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    authority: str | None = None
    proxy: str | None = None
    allow: Sequence[str] = ()
    max_rate: str | float | None = None
    max_requests: str | int | None = None
    time_budget: str | float | None = None
    timeout: str | float | None = None
    wait_ready: str | float | None = None
    seed: str | int | None = None
    requirements: str | None = None
    baseline: str | None = None
    plan: str | None = None
    lang: str | None = None
    selection: str = ""

    def __post_init__(self) -> None:
        """Python hands on bytes that are no UTF-8 as lone surrogates."""
        for each in fields(self):
            value = getattr(self, each.name)
            if any(map(_SURROGATE.search, map(str, value if isinstance(value, tuple | list) else (value,)))):
                written = next((row.written for row in _TABLE if row.field == each.name), "-k, -m")
                raise UsageError(f"{written}: not in UTF-8")


_SURROGATE = re.compile("[\ud800-\udfff]")
_TABLE = options_of("pytest")
NAMES = tuple(option.written for option in (_TABLE[0], *sorted(_TABLE[1:], key=lambda option: option.name)))
"""Every option of ours, as it is written."""
SECRET = frozenset(option.field for option in _TABLE if option.secret)
"""Fields whose values are secrets or may hold one: recorded as given, never with their value."""
TOKEN_VARIABLE = next(option.variable for option in _TABLE if option.field == "token_command")
"""The environment variable that holds the bearer token."""


def is_embedded(endpoint: str) -> bool:
    """Whether it is a word for what the run starts itself, and no address."""
    return endpoint == EMBEDDED or is_cluster(endpoint)


def is_cluster(endpoint: str) -> bool:
    """Whether it is the word for the embedded cluster, behind whichever balancer."""
    return endpoint.partition(":")[0] == EMBEDDED_CLUSTER


def add_options(parser: pytest.Parser) -> None:
    """Declare the options; each help text says what happens without it."""
    group = parser.getgroup("art15", "art15: probe an Open Inference Protocol endpoint")
    for option in _TABLE:
        if option.repeatable:
            group.addoption(option.written, action="append", default=[], metavar=option.metavar, help=option.help)
        else:
            choices = option.choices or None
            group.addoption(option.written, choices=choices, metavar=option.metavar, help=option.help)


def refuse_unknown(unknown: Sequence[str]) -> None:
    """Words on the command line that nobody knows, and that were meant for us, with the option they are like.

    Raises:
        UsageError: there is one.
    """
    for word in unknown:
        name = word.partition("=")[0]
        near = did_you_mean(name, NAMES, cutoff=0.75)
        if near or name.startswith("--oip"):
            raise UsageError(f"unrecognized argument {name}{near} (options of art15: {', '.join(NAMES)})")


def read_options(config: pytest.Config) -> Options:
    """The options of a pytest run; ``selection`` keeps -k, -m and the paths for the plan."""
    values: dict[str, Any] = {}
    for option in _TABLE:
        value = config.getoption(option.written)
        values[option.field] = tuple(value) if option.repeatable else value
    return Options(selection=_selection(config), **values)


def _selection(config: pytest.Config) -> str:
    parts = []
    if config.option.keyword:
        parts.append(f"-k {config.option.keyword}")
    if config.option.markexpr:
        parts.append(f"-m {config.option.markexpr}")
    if config.args_source is pytest.Config.ArgsSource.ARGS and config.invocation_params.args:
        parts.append("paths as given")
    return ", ".join(parts)
