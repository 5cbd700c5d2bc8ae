"""The command of method validation."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.group import say
from harness.commands.taking import takes

if TYPE_CHECKING:
    from harness.run.method_validation import ValidationPart


@click.command()
@takes("validate")
def validate(
    *,
    faults: tuple[str, ...],
    variants: tuple[str, ...],
    slugs: tuple[str, ...],
    group: bool,
    sample: int,
    seeds: int,
    no_variants: bool,
    parts: tuple[ValidationPart, ...],
    minutes: float | None,
    jobs: int,
    resume: bool,
    out: Path,
) -> None:
    """Show both directions: checks pass on the clean reference server and fail on its seeded faults."""
    from harness.run.method_validation import NoValidationError
    from harness.run.options import UsageError
    from harness.validation.matrix import Selection, rotating
    from harness.validation.matrix import validate as run_validation

    if parts and (faults or variants or slugs or sample or no_variants):
        raise click.UsageError("--part takes all of a part: nothing else can be singled out beside it")
    if sample:
        faults, variants = rotating("faults", None if group else sample), rotating("variants", sample)
        say(f"today's sample: {', '.join(variants if group else (*faults, *variants))}")
    selection = Selection(faults, variants, slugs, group, seeds, no_variants, parts)
    try:
        document = run_validation(selection, out, jobs=jobs, resume=resume, minutes=minutes, say=say)
    except (LookupError, UsageError, NoValidationError) as error:
        raise click.UsageError(str(error)) from error
    run = document.runs[-1]
    if run.not_tried:
        say(f"not tried, for want of time: {', '.join(run.not_tried)}")
    for problem in run.problems:
        say(problem, wrong=True)
    say(f"{out}: {len(document.faults)} faults, {len(document.variants)} variants, "
               f"{len(run.second_tries)} tried twice, {len(run.problems)} problems")  # fmt: skip
    raise SystemExit(1 if run.problems else 0)
