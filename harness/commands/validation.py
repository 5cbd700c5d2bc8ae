"""The command of method validation."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path

import click

from harness.commands.group import say
from harness.commands.taking import takes


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
        say(f"today's sample: {', '.join(variants if group else (*faults, *variants))}")
    selection = Selection(faults, variants, slugs, group, seeds, no_variants)
    try:
        document = run_validation(selection, out, jobs=jobs, resume=resume, minutes=minutes, say=say)
    except (LookupError, UsageError) as error:
        raise click.UsageError(str(error)) from error
    if document["not_tried"]:
        say(f"not tried, for want of time: {', '.join(document['not_tried'])}")
    for problem in document["problems"]:
        say(problem, wrong=True)
    say(f"{out}: {len(document['faults'])} faults, {len(document['variants'])} variants, "
               f"{len(document['second_tries'])} tried twice, {len(document['problems'])} problems")  # fmt: skip
    raise SystemExit(1 if document["problems"] else 0)
