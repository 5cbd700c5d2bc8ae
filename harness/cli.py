"""The command ``art15``: everything around a probing run. wiring only."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import click

import harness
from harness.allowed import did_you_mean
from reports.text.neutralise import lines, plain

EVIDENCE = click.Path(exists=True, file_okay=False, path_type=Path)


USAGE, BROKEN, IN_PART = 4, 3, 3


def _say(text: object, *, wrong: bool = False) -> None:
    """The one way out for text: bundles, file names and endpoints do not speak to the terminal."""
    click.secho(lines(str(text)), fg="red" if wrong else None, err=wrong)


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
        raise click.ClickException(plain(error.message)) from error
    except (click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except Exception:  # noqa: BLE001 -- the words of whatever it is may be those of a bundle
        _say(traceback.format_exc(), wrong=True)
        raise SystemExit(BROKEN) from None


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    """Output that is closed, or cannot be written, ends a command with the exit code of a tester that could not."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush() if sys.stdout is not None else None
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        from harness.run.output import silence

        for each in (sys.stdout, sys.stderr):
            silence(each)
        raise SystemExit(BROKEN) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(harness.__version__, prog_name="art15")
def main() -> None:
    """Show from outside what a model-serving endpoint really does.

    Probe an endpoint that speaks the Open Inference Protocol:

        pytest --endpoint http://127.0.0.1:8080

    and read the evidence it leaves: report.html for people, evidence.json for tools.

    \b
    Exit codes of a run:
      0  nothing found
      1  findings (a fail that nobody waived), a stale waiver, or something that was
         asked for by name and could not be tested
      2  interrupted
      3  the tester could not do its part, or broke; with findings as well: 1
      4  usage
      5  no check decided anything
    """


@main.command()
@click.option("--evidence", type=click.Path(path_type=Path), help="Where the evidence goes.")
def demo(evidence: Path | None) -> None:
    """Probe the embedded reference server and leave a report: what art15 does, in one command."""
    arguments = ["--endpoint", "embedded", "-q", *_evidence_option(evidence)]
    _pytest(arguments)


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("url")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def probe(url: str, options: tuple[str, ...]) -> None:
    """Probe the endpoint at URL; OPTIONS are pytest's, such as --oip-model NAME (see pytest --help)."""
    _pytest(["--endpoint", url, *options])


@main.command()
@click.argument("folder", type=EVIDENCE)
@click.option("--expect-digest", metavar="SHA256", help="Digest of evidence.json that you got by another way.")
def verify(folder: Path, expect_digest: str | None) -> None:
    """Check that the evidence in FOLDER is whole and unaltered; needs no network.

    Without --expect-digest it can only say that the bundle agrees with itself, not who made it.

    \b
    Exit codes:
      0  everything was checked, and nothing is wrong
      1  something is wrong; each line names the file
      3  nothing wrong was found, but not everything could be checked; each line says what
      4  usage
    """
    from reports.verification.verify import verify as verify_bundle

    found = verify_bundle(folder, expect_digest=expect_digest)
    for problem in found.problems:
        _say(plain(f"{problem.file}: {problem.text}"), wrong=True)
    if found.problems:
        _say(found.state, wrong=True)
        raise SystemExit(1)
    _say(found.state)
    for text in found.checked:
        _say(plain(f"checked: {text}"))
    for text in found.unchecked:
        _say(plain(f"not checked: {text}"))
    for text in found.notes[len(found.unchecked) :]:
        _say(plain(f"note: {text}"))
    if found.unchecked:
        raise SystemExit(IN_PART)


@main.command()
@click.argument("folder", type=EVIDENCE)
def report(folder: Path) -> None:
    """Make document, page and manifest again from the journal in FOLDER, also after a run that was killed.

    Where FOLDER holds the records of locust (its --oip-series), a bundle of those runs is made inside it.
    """
    from harness.run.bundles.load_bundle import NoRuns, bundle_of, is_series
    from reports.bundle import finish
    from reports.journal.state import BuildError
    from reports.schema import SchemaError

    try:
        page = finish(bundle_of(folder) if is_series(folder) else folder)
    except (BuildError, NoRuns, OSError, SchemaError) as error:
        raise click.ClickException(str(error)) from error
    _say(page)


@main.command()
@click.argument("folder", type=EVIDENCE)
@click.argument("slug")
@click.option("--times", type=click.IntRange(1, 100), default=3, show_default=True, help="Attempts for each.")
@click.option(
    "--with-before",
    "before",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="If it does not come again alone: send the N exchanges recorded before it first, on one connection.",
)
@click.option("--endpoint", metavar="URL", help="Send to this base URL instead of the recorded one.")
@click.option("--oip-grpc", "grpc", metavar="HOST:PORT", help="gRPC address instead of the recorded one.")
@click.option("--oip-header", "headers", multiple=True, metavar="'K: V'", help="Value of a redacted header.")
@click.option("--oip-token-command", "token_command", metavar="CMD", help="Prints the token (or set ART15_TOKEN).")
@click.option("--oip-ca", "ca", metavar="FILE", help="PEM file of the authority that signed the certificate.")
@click.option("--oip-cert", "cert", metavar="FILE", help="Client certificate, PEM.")
@click.option("--oip-key", "key", metavar="FILE", help="Key of the client certificate, PEM.")
@click.option("--oip-authority", "authority", metavar="NAME", help="Name sent as Host and SNI.")
@click.option("--oip-proxy", "proxy", metavar="URL", help="HTTP proxy.")
@click.option("--oip-max-rate", "max_rate", metavar="N", help="Requests a second (default: 50, none on loopback).")
@click.option("--oip-max-requests", "max_requests", metavar="N", help="Requests in all (default: 1000).")
def replay(folder: Path, slug: str, times: int, before: int, endpoint: str | None, **options: Any) -> None:  # noqa: ANN401
    """Send the counterexamples of the check SLUG in FOLDER again; SLUG may name a model: slug[model].

    Exit codes: 0 each came again every time, 1 not so, 3 the tester could not, 4 usage, 5 nothing to replay.
    """
    from harness.run.bundles.replay import USAGE, ReplayRequest
    from harness.run.bundles.replay import replay as replay_cases
    from harness.run.options import Options, UsageError

    try:
        asked = ReplayRequest(
            folder, slug, times, before, Options(endpoints=(endpoint,) if endpoint else (), **options)
        )
        code = replay_cases(asked, _say)
    except UsageError as error:
        _say(f"art15: {error}", wrong=True)
        code = USAGE
    raise SystemExit(code)


@main.command()
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
        _say_lines(found.text)
    elif sys.stdout.isatty():
        _say_lines(found.body.decode("utf-8", "backslashreplace"))
    else:
        sys.stdout.buffer.write(found.body)


@main.command()
@click.option("--area", help="Only clauses of this area, such as health.")
def clauses(area: str | None) -> None:
    """List every clause with its level and the checks that probe it, or the reason why none does."""
    from harness.run.listing import clause_lines

    try:
        for line in clause_lines(area):
            _say(line)
    except LookupError as error:
        raise click.UsageError(str(error)) from error


@main.command()
@click.argument("name")
def explain(name: str) -> None:
    """Explain what a run prints: a check, a clause, a criterion, a cause of a finding, or a duty.

    Of a check: what it asks, why, by which clause, how, and how a server mends a finding.
    """
    from harness.run.explaining import explanation

    try:
        _say(explanation(name))
    except LookupError as error:
        raise click.UsageError(str(error)) from error


@main.command()
@click.option("--fault", "faults", multiple=True, help="Only these seeded faults (repeatable).")
@click.option("--variant", "variants", multiple=True, help="Only these benign variants (repeatable).")
@click.option("--check", "slugs", multiple=True, help="Only the faults of these checks, and only these checks.")
@click.option("--group", is_flag=True, help="Probe each fault only with the clause group of its checks: quicker.")
@click.option("--sample", default=0, metavar="N", help="Only N variants (without --group also N faults), others daily.")
@click.option("--seeds", default=0, metavar="N", help="Also search N times, a seed each, for what searches find.")
@click.option("--no-variants", is_flag=True, help="Leave out the benign variants that are not named.")
@click.option("--minutes", type=float, metavar="N", help="Begin nothing after N minutes; say what was not tried.")
@click.option("--jobs", default=2, show_default=True, help="Runs at a time.")
@click.option("--resume", is_flag=True, help="Keep what an earlier, interrupted call has already seen.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("validation.json"), show_default=True)
def validate(
    *,
    faults: tuple[str, ...],
    variants: tuple[str, ...],
    slugs: tuple[str, ...],
    group: bool,
    sample: int,
    seeds: int,
    no_variants: bool,
    minutes: float | None,
    jobs: int,
    resume: bool,
    out: Path,
) -> None:
    """Show both directions: checks pass on the clean reference server and fail on its seeded faults."""
    from harness.run.options import UsageError
    from harness.validation.matrix import Selection, rotating
    from harness.validation.matrix import validate as run_validation

    if sample:
        faults, variants = rotating("faults", None if group else sample), rotating("variants", sample)
        _say(f"today's sample: {', '.join(variants if group else (*faults, *variants))}")
    selection = Selection(faults, variants, slugs, group, seeds, no_variants)
    try:
        document = run_validation(selection, out, jobs=jobs, resume=resume, minutes=minutes, say=_say)
    except (LookupError, UsageError) as error:
        raise click.UsageError(str(error)) from error
    if document["not_tried"]:
        _say(f"not tried, for want of time: {', '.join(document['not_tried'])}")
    for problem in document["problems"]:
        _say(problem, wrong=True)
    _say(f"{out}: {len(document['faults'])} faults, {len(document['variants'])} variants, "
               f"{len(document['second_tries'])} tried twice, {len(document['problems'])} problems")  # fmt: skip
    raise SystemExit(1 if document["problems"] else 0)


@main.command()
def locustfile() -> None:
    """Print the path of the locustfile for load: locust -f $(art15 locustfile) --host URL --oip-model NAME."""
    _say(Path(harness.__file__).parent / "load" / "locust" / "locustfile.py")


def _say_lines(text: str) -> None:
    """A text of the endpoint, line by line; what a terminal would obey is made visible."""
    for line in text.split("\n"):
        _say(plain(line))


def _pytest(arguments: list[str]) -> NoReturn:
    """Become pytest: a process of its own, as pytest rewrites modules that this one has imported already.

    ``-P`` keeps the current folder off the path, as pytest's own script does.
    """
    os.execv(sys.executable, [sys.executable, "-P", "-m", "pytest", *arguments])  # noqa: S606 - our own interpreter


def _evidence_option(folder: Path | None) -> list[str]:
    return ["--oip-evidence", str(folder)] if folder else []


if __name__ == "__main__":
    main()
