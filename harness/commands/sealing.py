"""Commands that seal: a signature over the evidence of a run, or over a plan."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from harness.commands.group import BadUse, say
from harness.commands.taking import takes


@click.command()
@click.argument("what", type=click.Path(exists=True, path_type=Path))
@takes("sign")
def sign(what: Path, key: Path | None, marks: tuple[Path, ...]) -> None:
    """Sign WHAT with a key of a machine: the folder of a run, or a sealed plan.

    A folder is verified first. The two envelopes are over manifest.json and evidence.json. A passphrase is taken from
    ART15_PASSPHRASE. No key is written anywhere. Marks of time that others made are copied beside the manifest.

    Exit codes: 0 signed; 1 something is wrong with WHAT, and nothing is signed; 4 usage.
    """
    from reports.seal.keys import PASSPHRASE, KeyUnusable, NeedsExtra, private_key
    from reports.seal.signing import MarkRefused, sign_bundle, sign_plan, take_marks

    if key is None and not marks:
        raise BadUse("nothing to do: give --key, --mark or both")
    if marks and not what.is_dir():
        raise BadUse("a mark over a plan is kept beside it: --mark goes with the folder of a run")
    try:
        signer = private_key(key, os.environ.get(PASSPHRASE)) if key is not None else None
    except (KeyUnusable, NeedsExtra) as error:
        raise BadUse(str(error)) from error
    try:
        if not what.is_dir():
            assert signer is not None
            say(f"signed: {sign_plan(what, signer)}")
            return
        _refuse_what_is_wrong(what)
        if signer is not None:
            say(f"manifest.json and evidence.json are signed by the key {sign_bundle(what, signer)}")
        for name in take_marks(what, marks) if marks else ():
            say(f"kept: {name}")
    except (MarkRefused, OSError, NeedsExtra, msgspec.DecodeError) as error:
        raise click.ClickException(str(error)) from error


def _refuse_what_is_wrong(folder: Path) -> None:
    """Nobody signs what does not agree with itself; signatures that are there may be replaced."""
    from harness.bundle.places import beside_manifest
    from reports.verification.verify import verify

    found = verify(folder)
    wrong = [problem for problem in found.problems if not beside_manifest(problem.file)]
    if wrong:
        raise click.ClickException(f"{folder} is not signed: {wrong[0].file}: {wrong[0].text}")
