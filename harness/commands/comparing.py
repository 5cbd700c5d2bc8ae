"""Commands that put runs beside each other."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path

import click
import msgspec

from harness.commands.group import EVIDENCE, BadUse, say
from harness.commands.taking import takes
from harness.commands.writing import hand_on, reading

# Columns of a history.
MOST_RUNS = 100


@click.command()
@click.argument("a", type=EVIDENCE)
@click.argument("b", type=EVIDENCE)
@takes("diff")
def diff(a: Path, b: Path, json: bool, lang: str | None) -> None:
    """Compare the run in folder B with the earlier one in folder A.

    New, fixed and changed findings, what the endpoint says of itself, its fingerprint, and numbers that differ by more
    than chance. The documents are held against their manifests; `art15 verify` looks at all else.

    \b
    Exit codes:
      0  nothing in B was seen to be worse
      1  a new finding, another identity, or a number that is worse by more than chance
      3  it cannot be written
      4  usage, or a bundle that cannot be read
    """
    from harness.run.bundles.recordings import BundleError, read_document
    from reports.comparison.compare import compare
    from reports.comparison.words import comparison_lines
    from reports.text.ascii import ascii_json
    from reports.text.neutralise import plain
    from reports.text.sentences import asked_for, sentences

    with reading(BundleError):
        earlier, later = read_document(a), read_document(b)
    found = compare(earlier, later)
    if json:
        hand_on(ascii_json(msgspec.to_builtins(found)))
    else:
        for line in comparison_lines(sentences(lang or asked_for(later.run.config_given)), found):
            say(plain(line))
    if found.worse:
        raise SystemExit(1)


@click.command()
@click.argument("folders", type=EVIDENCE, nargs=-1, required=True)
@takes("history")
def history(folders: tuple[Path, ...], output: Path | None, as_given: bool, lang: str | None) -> None:
    """Put the runs in FOLDERS side by side on one page: what they found, who answered, and what was measured.

    Exit codes: 0 written, 3 it cannot be, 4 usage, or a bundle that cannot be read.
    """
    from harness.run.bundles.recordings import BundleError, read_document
    from reports.comparison.history import history as side_by_side
    from reports.comparison.history import in_time
    from reports.comparison.page import history_page
    from reports.comparison.run_seen import run_seen
    from reports.text.sentences import sentences

    if len(folders) > MOST_RUNS:
        raise BadUse(f"{len(folders)} runs are more than the {MOST_RUNS} that have room on a page")
    with reading(BundleError):
        # One document at a time is held.
        runs = [run_seen(read_document(folder)) for folder in folders]
    said = sentences(lang or runs[-1].language)
    hand_on(history_page(said, side_by_side(said, runs if as_given else in_time(runs))), output)
