"""When each check was last shown to fail: the committed result of `make validate`, and what it says of a check.

ISO/IEC 17025 calls it method validation: a check that has never been seen to find anything shows nothing by passing.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, get_args

import msgspec

import suites
from harness.bundle.parts import Tester
from harness.check import Check
from harness.suite import suite_named

RESULT = Path(suites.__path__[0]) / "validation.json"
# What is carried out by itself: all of them take many hours.
PartName = Literal["faults", "seeds", "variants", "load"]
PART_NAMES: tuple[PartName, ...] = get_args(PartName)


class NoValidationError(ValueError):
    """A file that is no result of validation; says why."""


class ShownCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check, and the verdict with which it found each fault that it names; None for one that it missed."""

    clauses: list[str]
    found: dict[str, str | None]


class FoundBySeeds(msgspec.Struct, frozen=True, kw_only=True):
    """With how many of so many seeds a fault was found, and by which checks."""

    found: int
    of: int
    by: dict[str, int]


class ProbedVariant(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a benign variant made a check blame, and what it is excused for: check, or pattern -> reason."""

    problems: list[str]
    excused: dict[str, str]


class ValidationPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one call saw of one part, and what it left open.

    Attributes:
        whole: whether it was asked for the whole part, and nothing was left out or changed meanwhile.
        clean: verdicts on the right server, by check and model.
        checks: those that meet their faults in this part.
        faults: fault -> check -> verdict, of all checks that found something.
    """

    whole: bool
    made: str
    tester: Tester
    problems: list[str]
    second_tries: list[str]
    not_tried: list[str]
    clean: dict[str, str]
    checks: dict[str, ShownCheck]
    faults: dict[str, dict[str, str]]
    seeds: dict[str, FoundBySeeds]
    variants: dict[str, ProbedVariant]


class ValidationDocument(msgspec.Struct, frozen=True, kw_only=True, rename={"format": "schema"}):
    """``validation.json``: each part stands for itself, of a call and a commit of its own."""

    format: Literal["art15-validation/2"]
    parts: dict[PartName, ValidationPart]


NO_VALIDATION = ValidationDocument(format="art15-validation/2", parts={})


def read_validation(path: Path) -> ValidationDocument:
    """The document at a path; without any content where there is none.

    Raises:
        NoValidationError: what stands there is none of this format.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=ValidationDocument)
    except FileNotFoundError:
        return NO_VALIDATION
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoValidationError(f"{path} is no result of `art15 validate`, or of another release: {error}") from None


def part_showing(suite: str) -> PartName:
    """The part in which the checks of a suite meet their faults."""
    known = suite_named(suite)
    return "load" if known is not None and known.validation.apart and known.validation.alone else "faults"


def method_validation(check: Check) -> str | None:
    """One sentence for the report; None for a check that names no seeded fault."""
    if not check.faults:
        return None
    seen = faults_found(check)
    if not seen:
        return f"names the seeded faults {', '.join(check.faults)}; not yet shown in a committed validation run"
    part = _document().parts[part_showing(check.suite)]
    commit = part.tester.commit or ""
    named = f", commit {commit[:12]}{'+' if commit.endswith('+') else ''}" if commit else ""
    return (
        f"fails on the seeded faults {', '.join(seen)} of the reference server; last shown {part.made[:10]} "
        f"with version {part.tester.version}{named}"
    )


def faults_found(check: Check) -> tuple[str, ...]:
    """Which of its seeded faults the check found when `make validate` was last carried out and its result committed."""
    part = _document().parts.get(part_showing(check.suite))
    shown = part.checks.get(check.slug) if part and part.whole else None
    return tuple(name for name in check.faults if shown and shown.found.get(name))


@functools.cache
def _document() -> ValidationDocument:
    try:
        return read_validation(RESULT)
    except NoValidationError:
        return NO_VALIDATION
