"""The parts of method validation: the cases of each, and what a call saw of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from harness.bundle.parts import Tester
from harness.check import Check
from harness.run.method_validation import PART_NAMES, PartName, ValidationPart, part_showing
from harness.validation.cases import Case, Seen
from harness.validation.two_sided import compare


@dataclass(frozen=True, slots=True)
class Tried:
    """What a call was to try, and what came of it.

    Attributes:
        cases: all that were to be probed.
        seen: those that were.
        repeated: those that were probed a second time.
        whole: the parts of which nothing was to be left out.
    """

    cases: Sequence[Case]
    seen: Sequence[Seen]
    repeated: Collection[Case]
    whole: Collection[PartName]
    made: str
    tester: Tester


def part_of(case: Case) -> PartName | None:
    """The part that a case belongs to; None for the clean server, which all but load are compared with."""
    if case.load:
        return "load"
    if case.side == "clean":
        return None
    if case.side == "variant":
        return "variants"
    return "faults" if case.seed is None else "seeds"


def in_parts(cases: Iterable[Case], parts: Collection[PartName]) -> list[Case]:
    """The cases of these parts (none named: all), and the clean server's that they are compared with."""
    wanted = {*parts} or {*PART_NAMES}
    beside = wanted != {"load"}
    return [case for case in cases if ((part := part_of(case)) in wanted) or (part is None and beside)]


def parts_seen(
    tried: Tried, checks: Iterable[Check], excused: Mapping[str, Mapping[str, str]]
) -> dict[PartName, ValidationPart]:
    """Each part that has cases of its own, compared by itself; the clean server alone stands under ``faults``."""
    own = {part_of(case) for case in tried.cases}
    checks = list(checks)
    return {name: _part_seen(name, tried, checks, excused)
            for name in PART_NAMES if name in own or (name == "faults" and own <= {None})}  # fmt: skip


def _part_seen(
    name: PartName, tried: Tried, checks: Sequence[Check], excused: Mapping[str, Mapping[str, str]]
) -> ValidationPart:
    mine = {*in_parts(tried.cases, [name])}
    if not any(case.side == "clean" for case in mine):
        # A sample leaves out load on the clean server.
        mine |= {case for case in tried.cases if case.side == "clean"}
    seen = [each for each in tried.seen if each.case in mine]
    showing: PartName = "load" if name == "load" else "faults"
    asked = [check for check in checks if part_showing(check.suite) == showing]
    whole = name in tried.whole
    # Only with every variant it says something that a check passes nowhere.
    compared = compare(seen, asked, excused, all_variants=whole and name in ("variants", "load"))
    not_tried = {*mine} - {each.case for each in seen}
    return msgspec.convert(
        {
            "whole": whole and not not_tried,
            "made": tried.made,
            "tester": tried.tester,
            "second_tries": _names(mine & {*tried.repeated}),
            "not_tried": _names(not_tried),
            **compared,
            "checks": compared["checks"] if name == showing else {},
        },
        ValidationPart,
    )


def _names(cases: Iterable[Case]) -> list[str]:
    return sorted(f"{case.side} {case.name}" for case in cases)
