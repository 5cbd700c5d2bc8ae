"""Commands that seal: a signature over the evidence of a run, or over a plan."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import click
import msgspec

from harness.commands.group import BadUse, say
from harness.commands.taking import takes
from harness.commands.writing import refusals, writing


@click.command()
@click.argument("what", type=click.Path(exists=True, path_type=Path))
@takes("sign")
def sign(what: Path, key: Path | None, marks: tuple[Path, ...]) -> None:
    """Sign WHAT with a key of a machine: the folder of a run, or a sealed plan.

    A folder is verified first. The two envelopes are over manifest.json and evidence.json. A passphrase is taken from
    ART15_PASSPHRASE. No key is written anywhere. Marks of time that others made are copied beside the manifest.

    Exit codes: 0 signed; 1 something is wrong with WHAT, and nothing is signed; 3 it cannot be written; 4 usage.
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
        with refusals(what):
            if what.is_dir():
                _refuse_what_is_wrong(what)
                told = [f"kept: {name}" for name in take_marks(what, marks)] if marks else []
                signed = "manifest.json and evidence.json are signed by the key"
                told += [f"{signed} {sign_bundle(what, signer)}"] if signer is not None else []
            else:
                assert signer is not None
                told = [f"signed: {sign_plan(what, signer)}"]
    except (MarkRefused, OSError, NeedsExtra, msgspec.DecodeError) as error:
        raise click.ClickException(str(error)) from error
    for text in told:
        say(text)


@click.command()
@takes("plan")
def plan(output: Path, **options: Any) -> None:  # noqa: ANN401 -- as the table of options has them
    """Seal a plan: what runs with --oip-plan are held to, fixed before the first request.

    Options are those of a run (pytest --help). Nothing is sent to the endpoint. Beside the plan lies its ledger, in
    which every run under it is noted: keep both.

    \b
        art15 plan --endpoint http://127.0.0.1:8080 --oip-policy policy.toml -o plan.json
        pytest --endpoint http://127.0.0.1:8080 --oip-policy policy.toml --oip-plan plan.json

    Exit codes: 0 sealed; 3 it cannot be written, or is there already; 4 usage.
    """
    from harness.prober.setup import set_up_as
    from harness.record.clock import now
    from harness.run.options import Options, UsageError
    from harness.run.planning.sealing import redactor_of, seal, write_sealed

    if not options["endpoints"]:
        raise BadUse("give the endpoint that the plan is for: --endpoint URL")
    try:
        with contextlib.ExitStack() as stack:
            setup = set_up_as(Options(**options), stack)
            sealed = seal(setup.config, setup.catalogue, setup.chosen, now(), redactor_of(setup.config))
    except UsageError as error:
        raise BadUse(str(error)) from error
    with writing(output):
        written = write_sealed(output, sealed)
    say(f"sealed: {written.path}, SHA-256 {written.sha256}")
    say(f"{len(sealed.plan.checks)} checks; runs under it are noted in {written.ledger}")


def _refuse_what_is_wrong(folder: Path) -> None:
    """Nobody signs what does not agree with itself; signatures that are there may be replaced."""
    from harness.bundle.places import beside_manifest
    from reports.verification.verify import verify

    found = verify(folder)
    wrong = [problem for problem in found.problems if not beside_manifest(problem.file)]
    if wrong:
        raise click.ClickException(f"{folder} is not signed: {wrong[0].file}: {wrong[0].text}")
