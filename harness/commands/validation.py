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
    from harness.run.method_validation import PartName


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
    parts: tuple[PartName, ...],
    minutes: float | None,
    jobs: int,
    resume: bool,
    out: Path,
) -> None:
    """Show both directions: checks pass on the clean reference server and fail on its seeded faults."""
    from harness.run.method_validation import NoValidationError
    from harness.run.options import UsageError
    from harness.validation.carrying_out import validate as run_validation
    from harness.validation.matrix import Selection, rotating

    if parts and (faults or variants or slugs or sample or no_variants):
        raise click.UsageError("--part takes all of a part: nothing else can be singled out beside it")
    if parts and minutes is not None:
        raise click.UsageError("--part takes all of a part, however long it takes: leave out --minutes")
    if "seeds" in parts and not seeds:
        raise click.UsageError("--part seeds searches with so many seeds as --seeds says: add --seeds 10")
    if sample:
        faults, variants = rotating("faults", None if group else sample), rotating("variants", sample)
        say(f"today's sample: {', '.join(variants if group else (*faults, *variants))}")
    selection = Selection(faults, variants, slugs, group, seeds, no_variants, parts)
    try:
        seen = run_validation(selection, out, jobs=jobs, resume=resume, minutes=minutes, say=say)
    except (LookupError, UsageError, NoValidationError) as error:
        raise click.UsageError(str(error)) from error
    if left := list(dict.fromkeys(name for part in seen.values() for name in part.not_tried)):
        say(f"not tried, for want of time: {', '.join(left)}")
    problems = list(dict.fromkeys(problem for part in seen.values() for problem in part.problems))
    for problem in problems:
        say(problem, wrong=True)
    counts = {name: len({each for part in seen.values() for each in getattr(part, name)})
              for name in ("faults", "variants", "second_tries")}  # fmt: skip
    say(f"{out}: {counts['faults']} faults, {counts['variants']} variants, {counts['second_tries']} tried twice, "
        f"{len(problems)} problems")  # fmt: skip
    raise SystemExit(1 if problems else 0)
