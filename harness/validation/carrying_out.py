"""Carrying out a validation: in which order, what of an interrupted one is kept, and what is written."""

from __future__ import annotations

import fcntl
import json
import math
import os
import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import msgspec

from harness.check import Registry
from harness.run.checks import load_checks
from harness.run.method_validation import (
    NO_VALIDATION,
    PART_NAMES,
    NoValidationError,
    PartName,
    ValidationPart,
    read_validation,
)
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
    With ``minutes``, no case begins for the first time after them. The document says which were not tried; they are
    others every day.

    Raises:
        harness.run.method_validation.NoValidationError: ``out`` is no result that a part can be put into, or one that a
            few cases would replace; or the checkout has changed meanwhile.
    """
    registry, _, _ = load_checks()
    cases = cases_for(selection, registry, reference_inventory())
    if minutes is not None:
        # A sample stands beside the end-to-end tests, and one of them is load on the clean server.
        cases = [case for case in cases if not (case.load and case.side == "clean")]
    whole = () if minutes is not None else selection.whole_parts
    _refuse(out, selection, whole)
    name = "-".join([*(selection.parts and selection.whole_parts), "partial"])
    kept = _Kept(out.with_suffix(f".{name}.jsonl"), out)
    if not resume:
        kept.path.unlink(missing_ok=True)

    def progress(seen: Seen) -> None:
        found = ", ".join(f"{slug} {verdict}" for slug, verdict in sorted(seen.broken().items())) or "nothing"
        say(f"{seen.case.side} {seen.case.name}: {found}")

    seen, repeated = _probed(cases, kept, registry, progress, jobs, minutes)
    changed = kept.changed()
    if changed and whole:
        raise NoValidationError(
            f"the checkout has changed meanwhile, so nothing is written; what {kept.mine.commit} has seen is kept: "
            "check it out and go on with --resume"
        )
    tried = Tried(
        cases=cases,
        seen=seen,
        repeated=repeated,
        whole=whole,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        tester=kept.mine,
    )
    checks = [check for check in registry if check.builtin and (not selection.slugs or check.slug in selection.slugs)]
    parts = parts_seen(tried, checks, excuses())
    _write(out, parts, beside=bool(selection.parts))
    kept.path.unlink(missing_ok=True)
    return parts


def _refuse(out: Path, selection: Selection, whole: Collection[PartName]) -> None:
    """While nothing is lost yet: a place that takes no result, and a result that would be lost."""
    if out.is_dir() or not out.parent.is_dir():
        raise NoValidationError(f"{out} is a folder, or in none")
    try:
        there = read_validation(out).parts
    except NoValidationError:
        if selection.parts:
            raise
        return
    lost = [name for name, part in there.items() if part.whole and name not in whole]
    if lost and not selection.parts:
        raise NoValidationError(f"{out} has whole parts that would be lost ({', '.join(lost)}): choose another --out")


def _probed(
    cases: Sequence[Case],
    kept: _Kept,
    registry: Registry,
    progress: Callable[[Seen], None],
    jobs: int,
    minutes: float | None,
) -> tuple[list[Seen], set[Case]]:
    """What was seen of the cases, second tries included; and which were tried twice."""
    done, done_again = kept.seen(again=False), kept.seen(again=True)

    def first(seen: Seen) -> None:
        kept.add(seen, again=False)
        progress(seen)

    def second(seen: Seen) -> None:
        kept.add(seen, again=True)
        progress(seen)

    day = "" if minutes is None else str(datetime.now(UTC).toordinal())
    rest = mixed([case for case in cases if case not in done], day)
    seconds = math.inf if minutes is None else 60 * minutes
    began = time.monotonic()
    seen = [done[case] for case in cases if case in done]
    # What is measured has the machine to itself. In a sample the clean server and the other faults need their time too.
    loaded = None if minutes is None else SAMPLE_LOADS
    seen += run_cases([case for case in rest if case.load][:loaded], first, jobs=1, seconds=seconds)
    left = began + seconds - time.monotonic()
    seen += run_cases([case for case in rest if not case.load], first, jobs=jobs, seconds=left)
    # Where several runs share two cores, a server may be slower than a check waits: once more, with nothing beside.
    excused = excuses()
    repeated = {each.case: tries for each in seen
                if (tries := second_tries(each, registry, excused.get(each.case.name, {})))}  # fmt: skip
    open_ = [case for case in chain(*repeated.values()) if case not in done_again]
    again = done_again | {each.case: each for each in run_cases(open_, second, jobs=1)}
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
    """What was seen so far, a line each, with the tool that saw it: of another or a changed one nothing is kept."""

    def __init__(self, path: Path, out: Path) -> None:
        """``out`` is a file that is written meanwhile, and no code."""
        self.path, self._out = path, out
        self.mine = tester(out)
        for _ in range(3):
            # On a busy machine git may not say in time, and then every later word would be another one.
            self.mine = self.mine if self.mine.commit is not None else tester(out)
        self._changed = False

    def changed(self) -> bool:
        """Whether the checkout was another one at any time since the beginning."""
        now = tester(self._out)
        # That git did not say in time on a busy machine is no change.
        self._changed |= now.commit is not None and now != self.mine
        return self._changed

    def add(self, seen: Seen, *, again: bool) -> None:
        """Keep it; ``again`` for a second try."""
        if self.changed() or "run" in seen.verdicts:
            return
        row = {
            "case": asdict(seen.case), "verdicts": dict(seen.verdicts), "reasons": dict(seen.reasons),
            "again": again, "tester": msgspec.to_builtins(self.mine),
        }  # fmt: skip
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def seen(self, *, again: bool) -> dict[Case, Seen]:
        """What the same code has seen in an earlier call."""
        if self.mine.commit is None or self.mine.commit.endswith("+"):
            return {}
        found: dict[Case, Seen] = {}
        for line in self.path.read_text("utf-8").splitlines() if self.path.is_file() else []:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if (
                not isinstance(row, dict)
                or row.get("tester") != msgspec.to_builtins(self.mine)
                or row.get("again") is not again
            ):
                continue
            lists = {name: tuple(row["case"][name]) for name in ("models", "checks")}
            case = Case(**{**row["case"], **lists})
            found[case] = Seen(case, row["verdicts"], row["reasons"])
        return found


def _write(out: Path, parts: Mapping[PartName, ValidationPart], *, beside: bool) -> None:
    """Write the parts, whole or not at all; ``beside`` those that are there, of which another call may be."""
    folder = os.open(out.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        found = {**read_validation(out).parts, **parts} if beside else parts
        ordered = {name: found[name] for name in PART_NAMES if name in found}
        data = msgspec.json.encode(msgspec.structs.replace(NO_VALIDATION, parts=ordered))
        new = out.with_suffix(".new")
        new.write_bytes(msgspec.json.format(data, indent=1) + b"\n")
        new.replace(out)
    finally:
        os.close(folder)
