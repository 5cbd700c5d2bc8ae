"""Carrying out a validation: in which order, what of an interrupted one is kept, and what is written."""

from __future__ import annotations

import json
import math
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import msgspec

from harness.check import Registry
from harness.run.checks import load_checks
from harness.run.method_validation import NO_VALIDATION, PART_NAMES, PartName, ValidationPart, read_validation
from harness.run.tester import tester
from harness.validation.cases import Case, Seen, reference_inventory, run_cases
from harness.validation.matrix import Selection, cases_for
from harness.validation.parts import Tried, parts_seen
from harness.validation.two_sided import second_tries, seen_again

# Cases of load in a sample whose time is limited; others every day.
SAMPLE_LOADS = 5


def validate(
    selection: Selection,
    out: Path,
    *,
    jobs: int = 2,
    resume: bool = False,
    minutes: float | None = None,
    say: Callable[[str], object] = print,
) -> dict[PartName, ValidationPart]:
    """Run the cases, compare, and write ``out``; what was seen so far is kept beside it for ``resume``.

    Of an interrupted call only what the same commit has seen is kept, and of ``out`` the parts that were not asked for.
    With ``minutes``, no case begins after them. The document says which were not tried; they are others every day.

    Raises:
        harness.run.method_validation.NoValidationError: a part is to be put into what is no result.
    """
    registry, _, _ = load_checks()
    cases = cases_for(selection, registry, reference_inventory())
    if minutes is not None:
        # A sample stands beside the end-to-end tests, and one of them is load on the clean server.
        cases = [case for case in cases if not (case.load and case.side == "clean")]
    if selection.parts:
        read_validation(out)  # refuses what is no result while nothing is lost yet
    mine = tester()
    kept = _Kept(out.with_suffix(f".{'-'.join([*(selection.parts and selection.whole_parts), 'partial'])}.jsonl"))
    done = kept.seen_by(mine.commit) if resume else {}
    if not resume:
        kept.path.unlink(missing_ok=True)

    def progress(seen: Seen) -> None:
        kept.add(seen)
        found = ", ".join(f"{slug} {verdict}" for slug, verdict in sorted(seen.broken().items())) or "nothing"
        say(f"{seen.case.side} {seen.case.name}: {found}")

    seen, repeated = _probed(cases, done, registry, progress, jobs, minutes)
    changed = tester() != mine
    if changed:
        say("the checkout has changed meanwhile: this is no result of one commit")
    tried = Tried(
        cases=cases,
        seen=seen,
        repeated=repeated,
        whole=() if changed or minutes is not None else selection.whole_parts,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        tester=mine,
    )
    checks = [check for check in registry if check.builtin and (not selection.slugs or check.slug in selection.slugs)]
    parts = parts_seen(tried, checks, excuses())
    # Read again: hours have passed, in which another call may have written its part.
    _write(out, {**read_validation(out).parts, **parts} if selection.parts else parts)
    kept.path.unlink(missing_ok=True)
    return parts


def _probed(
    cases: Sequence[Case],
    done: Mapping[Case, Seen],
    registry: Registry,
    progress: Callable[[Seen], None],
    jobs: int,
    minutes: float | None,
) -> tuple[list[Seen], set[Case]]:
    """What was seen of the cases, second tries included; and which were tried twice."""
    day = "" if minutes is None else str(datetime.now(UTC).toordinal())
    rest = mixed([case for case in cases if case not in done], day)
    seconds = math.inf if minutes is None else 60 * minutes
    began = time.monotonic()
    seen = [done[case] for case in cases if case in done]
    # What is measured has the machine to itself. In a sample the clean server and the other faults need their time too.
    loaded = None if minutes is None else SAMPLE_LOADS
    seen += run_cases([case for case in rest if case.load][:loaded], progress, jobs=1, seconds=seconds)
    left = began + seconds - time.monotonic()
    seen += run_cases([case for case in rest if not case.load], progress, jobs=jobs, seconds=left)
    # Where several runs share two cores, a server may be slower than a check waits: once more, with nothing beside.
    excused = excuses()
    repeated = {each.case: tries for each in seen
                if (tries := second_tries(each, registry, excused.get(each.case.name, {})))}  # fmt: skip
    again = {each.case: each for each in run_cases(list(chain(*repeated.values())), progress, jobs=1)}
    seen = [seen_again(each, [again[case] for case in repeated.get(each.case, ())]) for each in seen]
    return seen, {*repeated}


def mixed(cases: Sequence[Case], day: str = "") -> list[Case]:
    """The same cases: the clean server first, then variants, which take longest, then faults, spread.

    Neighbours in the list ask the same checks, so they wait and compute at the same times; spread, some compute while
    others wait. The order is the same in every call with the same ``day``.
    """
    sides = ("clean", "variant", "fault")

    def place(case: Case) -> tuple[int, int, str]:
        return sides.index(case.side), zlib.crc32(f"{case.name} {case.seed} {day}".encode()), case.suite

    return sorted(cases, key=place)


def excuses() -> dict[str, dict[str, str]]:
    """Variant -> slug -> why the check has nothing to ask there."""
    return {row["name"]: row["excuses"] for row in reference_inventory()["variants"] if row["excuses"]}


class _Kept:
    """What was seen so far, a line each, with the commit that saw it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, seen: Seen) -> None:
        row = {"case": asdict(seen.case), "verdicts": dict(seen.verdicts), "reasons": dict(seen.reasons)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row | {"commit": tester().commit}) + "\n")

    def seen_by(self, commit: str | None) -> dict[Case, Seen]:
        """What the same code has seen."""
        found: dict[Case, Seen] = {}
        for line in self.path.read_text("utf-8").splitlines() if self.path.is_file() else []:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if row.get("commit") != commit:
                continue
            lists = {name: tuple(row["case"][name]) for name in ("models", "checks")}
            case = Case(**{**row["case"], **lists})
            found[case] = Seen(case, row["verdicts"], row["reasons"])
        return found


def _write(out: Path, parts: Mapping[PartName, ValidationPart]) -> None:
    ordered = {name: parts[name] for name in PART_NAMES if name in parts}
    data = msgspec.json.encode(msgspec.structs.replace(NO_VALIDATION, parts=ordered))
    new = out.with_suffix(".new")
    new.write_bytes(msgspec.json.format(data, indent=1) + b"\n")
    new.replace(out)
