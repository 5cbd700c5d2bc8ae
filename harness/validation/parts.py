"""The parts of method validation: which cases each has, and how a new one takes the place of an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import msgspec

from harness.run.method_validation import VALIDATION_PARTS, ValidationDocument, ValidationPart
from harness.validation.cases import Case, slug_of

_Row = TypeVar("_Row")


def part_of(case: Case) -> ValidationPart | None:
    """The part that a case belongs to; None for the clean server, which all but load are compared with."""
    if case.load:
        return "load"
    if case.side == "clean":
        return None
    if case.side == "variant":
        return "variants"
    return "faults" if case.seed is None else "seeds"


def in_parts(cases: Collection[Case], parts: Collection[ValidationPart]) -> list[Case]:
    """The cases of these parts (none named: all), and the clean server's that they are compared with."""
    wanted = {*parts} or {*VALIDATION_PARTS}
    beside = wanted != {"load"}
    return [case for case in cases if ((part := part_of(case)) in wanted) or (part is None and beside)]


def joined(
    before: ValidationDocument,
    now: ValidationDocument,
    slugs: Mapping[str, ValidationPart],
    variants: Mapping[str, ValidationPart],
) -> ValidationDocument:
    """A new run of some parts, and of an earlier document what belongs to the others.

    Args:
        before: the earlier document; what is in no registry any more goes.
        now: what the last run saw.
        slugs: the part in which each check meets its faults.
        variants: the part in which each variant is probed.
    """
    parts = {part for run in now.runs for part in run.parts}
    left = [msgspec.structs.replace(run, parts=tuple(part for part in run.parts if part not in parts))
            for run in before.runs]  # fmt: skip

    def stays(slug: str) -> bool:
        return slugs.get(slug) not in {None, *parts}

    faults = {name: _kept(before.faults.get(name, {}), stays) | now.faults.get(name, {})
              for name in sorted({*before.faults, *now.faults})}  # fmt: skip
    return ValidationDocument(
        runs=[*(run for run in left if run.parts), *now.runs],
        clean=_kept(before.clean, lambda identity: stays(slug_of(identity))) | now.clean,
        checks=_kept(before.checks, stays) | {slug: row for slug, row in now.checks.items() if not stays(slug)},
        faults={name: row for name, row in faults.items() if row or name in now.faults},
        seeds=now.seeds if "seeds" in parts else before.seeds,
        variants=_kept(before.variants, lambda name: variants.get(name) not in {None, *parts}) | now.variants,
    )


def _kept(rows: Mapping[str, _Row], stays: Callable[[str], bool]) -> dict[str, _Row]:
    return {name: row for name, row in rows.items() if stays(name)}
