"""Commands that hand evidence on, to other tools and to other people."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path

import click

from harness.commands.group import EVIDENCE, BadUse, say
from harness.commands.taking import takes


@click.command()
@click.argument("form", metavar="FORMAT")
@click.argument("folder", type=EVIDENCE)
@takes("export")
def export(form: str, folder: Path, output: Path | None) -> None:
    """Write the evidence in FOLDER in another FORMAT: csv, har, markdown, sarif, oscal-catalog, oscal-plan,
    oscal-results.

    Each is a file of every bundle as well, which `art15 verify` makes again and compares.

    \b
        art15 export sarif evidence/2026-11-29T10-00-00Z -o findings.sarif
        art15 export markdown evidence/2026-11-29T10-00-00Z | gh pr comment --body-file -

    Exit codes: 0 written, 1 FOLDER cannot be read or the file not be written, 4 usage.
    """
    from harness.allowed import did_you_mean
    from harness.bundle.store import store_of
    from harness.run.bundles.recordings import BundleError, read_document
    from reports.exports import exports

    forms = {each.form: each for each in exports()}
    if form not in forms:
        raise BadUse(f"no format {form!r}{did_you_mean(form, forms)} (there are: {', '.join(sorted(forms))})")
    try:
        pieces = forms[form].make(read_document(folder), store_of(folder))
        if output is None:
            for piece in pieces:
                click.echo(piece, nl=False)
            return
        with output.open("wb") as file:
            file.writelines(pieces)
    except BundleError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder}: {error.strerror}") from error
    say(output)


@click.command()
@click.argument("slug")
@click.argument("folder", type=EVIDENCE)
@takes("issue")
def issue(slug: str, folder: Path, title: bool) -> None:
    """Write the finding of the check SLUG in FOLDER as an issue for the tracker of the server, in Markdown.

    It needs nothing but itself: what the protocol says, with a link; what was sent and answered, decoded; how to send
    it again; why it matters, and how a server usually mends it. SLUG may also be a cause.

    \b
        gh issue create --title "$(art15 issue --title SLUG DIR)" --body "$(art15 issue SLUG DIR)"

    Exit codes: 0 written, 1 no such finding or FOLDER cannot be read, 4 usage.
    """
    from harness.bundle.store import store_of
    from harness.run.bundles.issue import NoFinding, issue_of
    from harness.run.bundles.recordings import BundleError, read_document

    try:
        found = issue_of(read_document(folder), store_of(folder), slug)
    except (BundleError, NoFinding) as error:
        raise click.ClickException(str(error)) from error
    say(found.title if title else found.text.rstrip("\n"))
