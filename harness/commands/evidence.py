"""Commands that read the evidence of a run."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path

import click

from harness.commands.group import EVIDENCE, IN_PART, BadUse, say
from harness.commands.taking import takes
from harness.commands.writing import hand_on, reading, refusals
from reports.text.neutralise import plain


@click.command()
@click.argument("folder", type=EVIDENCE)
@takes("verify")
def verify(
    folder: Path, expect_digest: str | None, key: Path | None, expect_plan: Path | None, expect_head: str | None,
    lang: str | None,
) -> None:  # fmt: skip
    """Check that the evidence in FOLDER is whole and unaltered; needs no network.

    Without --key or --expect-... it can only say that the bundle agrees with itself, not who made it.

    \b
    Exit codes:
      0  everything was checked, and nothing is wrong
      1  something is wrong; each line names the file
      3  nothing wrong was found, but not everything could be checked; each line says what
      4  usage
    """
    from reports.seal.keys import KeyUnusable, NeedsExtra, public_key_in
    from reports.seal.planned import PlanRefused, read_sealed
    from reports.text.quoted import translated
    from reports.text.sentences import sentences
    from reports.verification.anchoring import Expected
    from reports.verification.verify import verify as verify_bundle

    try:
        expected = Expected(
            expect_digest,
            public_key_in(key) if key is not None else None,
            read_sealed(expect_plan) if expect_plan is not None else None,
            expect_head,
        )
    except (KeyUnusable, NeedsExtra, PlanRefused) as error:
        raise BadUse(str(error)) from error
    found = verify_bundle(folder, expected)
    said = sentences(lang or found.language)
    for problem in found.problems:
        say(plain(f"{problem.file}: {translated(said, problem.text)}"), wrong=True)
    say(translated(said, found.state), wrong=bool(found.problems))
    parts = {
        "checked": [] if found.problems else found.checked,
        "unchecked": found.unchecked,
        "note": found.notes[len(found.unchecked) :],
        "anchored": [] if found.problems else found.anchored,
        "only_read": [] if found.problems else found.only_read,
        "silent": found.silent,
    }
    for part, texts in parts.items():
        for text in texts:
            say(plain(said(f"verify_part.{part}", text=translated(said, text))))
    if found.problems:
        raise SystemExit(1)
    if found.unchecked:
        raise SystemExit(IN_PART)


@click.command()
@click.argument("folder", type=EVIDENCE)
@takes("report")
def report(folder: Path, lang: str | None) -> None:
    """Make document, pages and manifest again from the journal in FOLDER, also after a run that was killed.

    Where FOLDER holds the records of locust (its --oip-series), a bundle of those runs is made inside it.

    Exit codes: 0 made, 3 it cannot be written, 4 usage, or FOLDER cannot be read.
    """
    from harness.run.bundles.load_bundle import NoRuns, bundle_of, is_series
    from reports.bundle import finish
    from reports.journal.state import BuildError
    from reports.schema import SchemaError

    with reading(BuildError, NoRuns, OSError, SchemaError), refusals(folder):
        page = finish(bundle_of(folder) if is_series(folder) else folder, language=lang)
    say(page)


@click.command()
@click.argument("folders", type=EVIDENCE, nargs=-1, required=True)
@takes("baseline")
def baseline(folders: tuple[Path, ...], output: Path | None) -> None:
    """Write the known findings of a server from the evidence of a run, for pytest --oip-baseline.

    From several FOLDERS, what only some of the runs show is marked to occur sometimes.

    Exit codes: 0 written, 3 it cannot be, 4 usage, or a bundle that cannot be read.
    """
    from harness.run.accepting.baseline import load_baseline
    from harness.run.bundles.baselining import baseline_of, text_of
    from harness.run.bundles.recordings import BundleError
    from harness.tables import TableError

    try:
        before = load_baseline(output)[0] if output is not None and output.is_file() else None
        with reading(BundleError):
            known = baseline_of(folders, before)
    except TableError as error:
        raise BadUse(str(error)) from error
    hand_on(text_of(known).encode(), output, f"{output}: {len(known.findings)} known findings")


@click.command()
@click.argument("folder", type=EVIDENCE)
def drills(folder: Path) -> None:
    """Print the accounts of the drills in the evidence in FOLDER: what became of every request.

    Exit codes: 0 printed, and each account closes; 1 one does not, or there are none; 4 usage, or FOLDER cannot be
    read.
    """
    from harness.run.bundles.drill_table import drill_table
    from harness.run.bundles.recordings import BundleError, read_document

    with reading(BundleError):
        found = read_document(folder).drills
    if not found:
        raise click.ClickException(f"{folder}: no drill was carried out in this run")
    table = drill_table(found)
    say("\n".join(table.lines))
    if table.open_accounts:
        raise click.ClickException("; ".join(table.open_accounts))


@click.command()
@click.argument("digest")
@click.argument("folder", type=EVIDENCE, default=".")
def show(digest: str, folder: Path) -> None:
    """Show the exchange or the body whose SHA-256 is DIGEST, or begins with it, of the evidence in FOLDER.

    A body is written byte by byte, for other programs to read; to a terminal, with what it would obey made visible.

    \b
        art15 show 2e45e6713d44 evidence/2026-11-29T10-00-00Z
        art15 show 14fa0c81b2d3 | curl --data-binary @- http://127.0.0.1:8080/v2/models/m/infer

    Exit codes: 0 shown, 1 no such digest, 4 usage.
    """
    from harness.run.bundles.showing import NotFound, find

    try:
        found = find(folder, digest)
    except NotFound as error:
        raise click.ClickException(str(error)) from error
    if found.body is None:
        say(found.text)
    else:
        hand_on(found.body)
