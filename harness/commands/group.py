"""How every command of ``art15`` speaks, and how its bad use ends."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from harness.allowed import did_you_mean
from harness.record.disk import REFUSES
from reports.text.neutralise import lines, plain

EVIDENCE = click.Path(exists=True, file_okay=False, path_type=Path)
USAGE, BROKEN, IN_PART = 4, 3, 3


def say(text: object, *, wrong: bool = False) -> None:
    """The one way out for text: bundles, file names and endpoints do not speak to the terminal."""
    shown = lines(str(text))
    red = wrong and not os.environ.get("NO_COLOR")  # https://no-color.org
    click.echo(click.style(shown, fg="red") if red else shown, err=wrong)


class Commands(click.Group):
    """Every bad use of the command ends with the exit code that pytest has for it."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:  # noqa: ANN401 -- as click declares it
        """Read the options of the group itself."""
        with _usage():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- as click declares it
        """Read the options of a command, and carry it out; nobody reading on is no result of it."""
        with _usage(), _heard():
            return super().invoke(ctx)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:  # noqa: ANN401 -- as click declares it
        """Find the command, or name those that there are."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            known = self.list_commands(ctx)
            near = did_you_mean(name, known)
            raise click.UsageError(f"no command {name!r}{near} (there are: {', '.join(known)})", ctx)
        return super().resolve_command(ctx, args)


class _Told(click.ClickException):
    """An error whose words a terminal does not obey."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        vars(self)["exit_code"] = exit_code


class BadUse(click.UsageError):
    """Bad use of a command."""

    exit_code = USAGE


@contextlib.contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        raise SystemExit(USAGE) from error
    except click.UsageError as error:
        raise BadUse(plain(error.format_message()), error.ctx) from error
    except click.ClickException as error:
        raise _Told(plain(error.message), error.exit_code) from error
    except (click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except Exception:  # noqa: BLE001 -- the words of whatever it is may be those of a bundle
        say(traceback.format_exc(), wrong=True)
        raise SystemExit(BROKEN) from None


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    """Output that is closed, or cannot be written, ends a command with the exit code of a tester that could not."""
    for each in (sys.stdout, sys.stderr):
        # What an encoding does not have is written as an escape.
        if isinstance(each, io.TextIOWrapper):
            each.reconfigure(errors="backslashreplace")
    try:
        try:
            yield
        finally:
            sys.stdout.flush() if sys.stdout is not None else None
    except OSError as error:
        if error.errno not in {errno.EPIPE, *REFUSES}:
            raise
        from harness.run.terminal.output import silence, warn  # noqa: PLC0415 -- `art15 --help` answers at once

        silence(sys.stdout)
        # Whoever closes a pipe has read enough.
        if error.errno != errno.EPIPE:
            warn(f"art15: {error.filename or 'standard output'} cannot be written: {error.strerror}")
        raise SystemExit(BROKEN) from None
