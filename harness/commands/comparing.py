"""Commands that put runs beside each other."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path

import click

from harness.commands.group import EVIDENCE, BadUse, say
from harness.commands.taking import takes


@click.command()
@click.argument("a", type=EVIDENCE)
@click.argument("b", type=EVIDENCE)
@takes("diff")
def diff(a: Path, b: Path, json: bool) -> None:
    """Compare the run in folder B with the earlier one in folder A.

    New, fixed and changed findings, what the endpoint says of itself, its fingerprint, and numbers that differ by more
    than chance. The documents are held against their manifests; `art15 verify` looks at all else.

    \b
    Exit codes:
      0  nothing in B was seen to be worse
      1  a new finding, another identity, or a number that is worse by more than chance
      4  usage, or a bundle that cannot be read
    """
    from harness.run.bundles.recordings import BundleError, read_document
    from reports.comparison.compare import compare
    from reports.comparison.words import comparison_lines
    from reports.evidence import encode
    from reports.text.neutralise import plain
    from reports.text.sentences import sentences

    try:
        found = compare(read_document(a), read_document(b))
    except BundleError as error:
        raise BadUse(str(error)) from error
    if json:
        click.echo(encode(found), nl=False)
    else:
        for line in comparison_lines(sentences(), found):
            say(plain(line))
    if found.worse:
        raise SystemExit(1)
