"""Commands that probe an endpoint, or say with what."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

import harness
from harness.commands.group import say
from harness.commands.taking import takes

# Two classifiers with labelled data, a rule with two versions, texts. All models would take ten minutes.
DEMO_MODELS = ("digits", "cancer", "pair", "echo-bytes")
DEMO_POLICY = Path(__file__).with_name("demo.toml")


@click.command()
@takes("demo")
def demo(evidence: Path | None) -> None:
    """Probe the embedded reference server and leave a report: what art15 does, in one command."""
    models = [argument for name in DEMO_MODELS for argument in ("--oip-model", name)]
    _pytest(["--endpoint", "embedded", "-q", "--oip-policy", str(DEMO_POLICY), *models, *_evidence_option(evidence)])


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("url")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def probe(url: str, options: tuple[str, ...]) -> None:
    """Probe the endpoint at URL; OPTIONS are pytest's, such as --oip-model NAME (see pytest --help)."""
    _pytest(["--endpoint", url, *options])


@click.command()
def locustfile() -> None:
    """Print the path of the locustfile for load: locust -f $(art15 locustfile) --host URL --oip-model NAME."""
    say(Path(harness.__file__).parent / "load" / "locust" / "locustfile.py")


def _pytest(arguments: list[str]) -> NoReturn:
    """Become pytest: a process of its own, as pytest rewrites modules that this one has imported already.

    ``-P`` keeps the current folder off the path, as pytest's own script does.
    """
    os.execv(sys.executable, [sys.executable, "-P", "-m", "pytest", *arguments])  # noqa: S606 - our own interpreter


def _evidence_option(folder: Path | None) -> list[str]:
    return ["--oip-evidence", str(folder)] if folder else []
