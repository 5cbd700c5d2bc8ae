"""Commands that say what is asked, and why."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path

import click

from harness.commands.group import BadUse, say
from harness.commands.taking import takes
from harness.commands.writing import writing


@click.command()
@takes("clauses")
def clauses(area: str | None) -> None:
    """List every clause with its level and the checks that probe it, or the reason why none does."""
    from harness.run.terminal.listing import clause_lines

    try:
        for line in clause_lines(area):
            say(line)
    except LookupError as error:
        raise click.UsageError(str(error)) from error


@click.command()
@click.argument("name")
@takes("explain")
def explain(name: str, lang: str | None) -> None:
    """Explain what a run prints: a check, a clause, a criterion, a cause of a finding, or a duty.

    Of a check: what it asks, why, by which clause, how, and how a server mends a finding.
    """
    from harness.run.terminal.explaining import explanation
    from reports.text.sentences import DEFAULT, sentences

    try:
        say(explanation(name, sentences(lang or DEFAULT)))
    except LookupError as error:
        raise click.UsageError(str(error)) from error


@click.command()
@takes("requirements")
def requirements(write: Path | None) -> None:
    """List the requirement sets, and what each does not count; or write one.

    A set says which clauses, criteria and checks can fail a run (pytest --oip-requirements NAME|FILE). What is moved to
    its [not_counted], with a reason, stays there when it is written anew.
    """
    from harness.run.accepting.renewing import renew
    from harness.run.checks import load_checks
    from harness.run.terminal.listing import set_lines
    from harness.tables import TableError

    try:
        if write is None:
            for line in set_lines():
                say(line)
        else:
            registry, catalogue, _ = load_checks()
            with writing(write):
                written = renew(write, registry, catalogue)
            say(written)
    except (TableError, OSError) as error:
        raise BadUse(str(error)) from error
