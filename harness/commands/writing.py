"""How a command hands on what it has made, to a file or to standard output, and how it ends where that cannot be.

Whatever the command: a file or an output that cannot be written ends it with exit code 3, and a bundle that cannot be
read with 4. What stood in the file before is then still there, if its folder takes new files.
"""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from harness.commands.group import BROKEN, USAGE, say
from harness.record.disk import REFUSES

# Of a folder that takes no new file, or of a file that is a mount by itself: it may be written all the same.
_NOT_BESIDE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY})


class CannotWrite(click.ClickException):
    """A file, or standard output, that cannot be written."""

    exit_code = BROKEN


class UnreadableBundle(click.ClickException):
    """A bundle that is not whole, or none."""

    exit_code = USAGE


def hand_on(data: bytes, output: Path | None = None, told: str = "") -> None:
    """Write to the file, and say its name or what is ``told``; without a file, to standard output.

    Other programs get every byte, in UTF-8; a terminal gets text in which what it would obey is made visible.

    Raises:
        CannotWrite: see there.
    """
    if output is not None:
        with writing(output):
            _write(output, data)
        say(told or output)
    elif sys.stdout is None:
        raise CannotWrite("standard output is closed")
    elif sys.stdout.isatty():
        say(data.decode("utf-8", "backslashreplace").removesuffix("\n"))
    else:
        click.echo(data, nl=False)


def _write(output: Path, data: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        output.stat()  # refuses links in a circle, of which `resolve` makes no OSError
    target = output.resolve()
    # A device or a pipe stays what it is.
    is_special = target.exists() and not target.is_file()
    if is_special or not _written_anew(target, data):
        with target.open("wb") as file:
            file.write(data)


def _written_anew(target: Path, data: bytes) -> bool:
    from reports.bundle import write_whole  # noqa: PLC0415 -- `art15 --help` answers at once

    try:
        write_whole(target, [data])
    except OSError as error:
        if error.errno not in _NOT_BESIDE or not target.exists():
            raise
        return False
    return True


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Inside, this file is written, or files in this folder.

    Raises:
        CannotWrite: see there.
    """
    try:
        yield
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def refusals(folder: Path) -> Iterator[None]:
    """Inside, a foreign folder is read, and files are written in it: what the disk refuses is no fault of the bundle.

    Raises:
        CannotWrite: see there.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in {*REFUSES, errno.EACCES, errno.EPERM}:
            raise
        with writing(folder):
            raise


@contextlib.contextmanager
def reading(*broken: type[Exception]) -> Iterator[None]:
    """Inside, a bundle is read, which may be ``broken``.

    Raises:
        UnreadableBundle: see there.
    """
    try:
        yield
    except broken as error:
        raise UnreadableBundle(str(error)) from error
