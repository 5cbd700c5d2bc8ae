"""The command line of ``pytest --endpoint URL``: what can be given, and how it reaches the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from harness.allowed import did_you_mean
from harness.suite import suites

# Seconds that a run of each profile may take, unless somebody says otherwise: a slow endpoint gets what fits.
PROFILES = {"quick": 240.0, "standard": 1800.0, "deep": 14400.0}
ALLOWANCES = (*(suite.permission for suite in suites() if suite.permission), "repository", "stress")
EMBEDDED = "embedded"


class UsageError(Exception):
    """The run was asked for in a way that cannot work; one line that says what to write (exit code 4)."""


@dataclass(frozen=True, slots=True)
class Options:
    """The command line as given; None and empty mean "not given"."""

    endpoints: Sequence[str]
    grpc: str | None = None
    models: Sequence[str] = ()
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
    seed: str | int | None = None
    selection: str = ""


NAMES = (
    "--endpoint",
    *sorted(
        f"--oip-{name.rstrip('s') if name in ('models', 'suites', 'headers') else name.replace('_', '-')}"
        for name in Options.__slots__
        if name not in ("endpoints", "selection")
    ),
)
"""Every option of ours, as it is written."""


def add_options(parser: pytest.Parser) -> None:
    """Declare the options; each help text says what happens without it."""
    group = parser.getgroup("art15", "art15: probe an Open Inference Protocol endpoint")
    add = group.addoption
    add(
        "--endpoint",
        action="append",
        default=[],
        metavar="URL",
        help="base URL of the endpoint to probe, path prefix allowed; grpc://HOST:PORT (grpcs:// with TLS) for one "
        "without REST; 'embedded' starts the reference server. "
        "With no path given, all suites run. Without it the plugin does nothing.",
    )
    add(
        "--oip-grpc",
        metavar="HOST:PORT",
        help="gRPC address of the same server: adds the gRPC checks and those that compare the transports (TLS as for "
        "the URL, or say grpc:// or grpcs://; needs the extra art15[grpc])",
    )
    add(
        "--oip-model",
        action="append",
        default=[],
        metavar="NAME[:VERSION]",
        help=r"model to probe, repeatable; default: every model the endpoint lists. A colon in a name is written \:",
    )
    add("--oip-policy", metavar="FILE", help="TOML: declarations, samples, budgets, waivers, responsible persons")
    add("--oip-suite", action="append", default=[], metavar="NAME", help="suite to run, repeatable; default: all")
    add("--oip-profile", choices=tuple(PROFILES), help="how much to try, and for how long (default: standard)")
    add("--oip-evidence", metavar="DIR", help="where the evidence goes (default: evidence/<UTC time>-<run id>)")
    add("--oip-header", action="append", default=[], metavar="'K: V'", help="header of every request, repeatable")
    add(
        "--oip-token-command",
        metavar="CMD",
        help="command that prints a bearer token, run again when it expires (or set ART15_TOKEN); never recorded",
    )
    add("--oip-ca", metavar="FILE", help="PEM file of the authority that signed the endpoint's certificate")
    add("--oip-cert", metavar="FILE", help="client certificate, PEM")
    add("--oip-key", metavar="FILE", help="key of the client certificate, PEM")
    add("--oip-authority", metavar="NAME", help="name sent as Host and SNI (default: the host of the URL)")
    add("--oip-proxy", metavar="URL", help="HTTP proxy (default: none, whatever the environment says)")
    add(
        "--oip-allow",
        action="append",
        default=[],
        metavar="WORDS",
        help=f"what may disturb the endpoint, comma separated: {', '.join(ALLOWANCES)} (default: nothing)",
    )
    # Numbers are read where the policy is known: one line says what is wrong with one.
    add("--oip-max-rate", metavar="N", help="requests a second (default: 50, none on loopback)")
    add("--oip-max-requests", metavar="N", help="requests in all (default: no limit)")
    times = ", ".join(f"{name} {seconds:g}" for name, seconds in PROFILES.items())
    add(
        "--oip-time-budget",
        metavar="SECONDS",
        help=f"time for the whole run, or the word none for no limit (default by profile: {times}); the checks that "
        "tell most come first, and what no longer fits is left out and said so",
    )
    add(
        "--oip-timeout",
        metavar="SECONDS",
        help="time for one request (default: 10, or [budget] request_timeout of the policy)",
    )
    add("--oip-seed", metavar="N", help="seed of everything drawn: same seed, same requests (default: 15)")


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


def read_options(config: pytest.Config, endpoints: Sequence[str]) -> Options:
    """The options of a pytest run; ``selection`` keeps -k, -m and the paths for the plan."""

    def get(name: str) -> object:
        return config.getoption(f"oip_{name}")

    names = [
        name for name in Options.__slots__ if name not in ("endpoints", "models", "suites", "headers", "selection")
    ]
    values = {name: get(name) for name in names}
    return Options(
        endpoints=tuple(endpoints),
        models=tuple(config.getoption("oip_model")),
        suites=tuple(config.getoption("oip_suite")),
        headers=tuple(config.getoption("oip_header")),
        selection=_selection(config),
        **values,  # type: ignore[arg-type]  # pytest gives Any by name; types are declared with the options
    )


def _selection(config: pytest.Config) -> str:
    parts = []
    if config.option.keyword:
        parts.append(f"-k {config.option.keyword}")
    if config.option.markexpr:
        parts.append(f"-m {config.option.markexpr}")
    if config.args_source is pytest.Config.ArgsSource.ARGS and config.invocation_params.args:
        parts.append("paths as given")
    return ", ".join(parts)
