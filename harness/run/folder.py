"""The evidence folder: known to be usable before the first request, and gone where no run came of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.bundle.ledger import LEDGER
from harness.bundle.places import PACK
from harness.run.options import UsageError

# What a run has written by the time it finds that it cannot begin.
_BEGUN = ("plan.json", "journal.jsonl", LEDGER, PACK, "series")


def refuse_unusable(folder: Path) -> None:
    """See that the folder can be made and written, and leave nothing behind.

    Raises:
        UsageError: it cannot, or it holds something.
    """
    discard(folder, make(folder))


def make(folder: Path) -> tuple[Path, ...]:
    """Make the folder and those above it; gives those that were not there, the deepest first.

    Raises:
        UsageError: it cannot be made or written, or it holds something.
    """
    try:
        missing = tuple(each for each in (folder, *folder.parents) if not each.exists())
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"evidence folder {folder} is not empty: evidence is never written over; give another")
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UsageError(f"evidence folder {folder} cannot be written: {error.strerror}") from error
    return missing


def discard(folder: Path, made: Sequence[Path]) -> None:
    """Take away what a run that never began has written, and the folders it made; never what others put there."""
    for name in _BEGUN:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    for each in made:
        try:
            each.rmdir()
        except OSError:
            return
