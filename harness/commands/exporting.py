"""Commands that hand evidence on, to other tools and to other people."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path

import click

from harness.commands.group import EVIDENCE, BadUse
from harness.commands.taking import takes
from harness.commands.writing import hand_on, reading


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

    Exit codes: 0 written, 3 it cannot be, 4 usage, or FOLDER cannot be read.
    """
    from harness.allowed import did_you_mean
    from harness.bundle.store import store_of
    from harness.run.bundles.recordings import BundleError, read_document
    from reports.exports import exports

    forms = {each.form: each for each in exports()}
    if form not in forms:
        raise BadUse(f"no format {form!r}{did_you_mean(form, forms)} (there are: {', '.join(sorted(forms))})")
    with reading(BundleError, OSError):
        data = b"".join(forms[form].make(read_document(folder), store_of(folder)))
    hand_on(data, output)


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

    Exit codes: 0 written, 1 no such finding, 3 it cannot be written, 4 usage, or FOLDER cannot be read.
    """
    from harness.bundle.store import store_of
    from harness.run.bundles.issue import NoFinding, issue_of
    from harness.run.bundles.recordings import BundleError, read_document

    try:
        with reading(BundleError, OSError):
            found = issue_of(read_document(folder), store_of(folder), slug)
    except NoFinding as error:
        raise click.ClickException(str(error)) from error
    hand_on((f"{found.title}\n" if title else found.text).encode())
