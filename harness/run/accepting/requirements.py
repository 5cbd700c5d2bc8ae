"""Requirement sets: which clauses, criteria and checks count towards the exit code, frozen in a file each.

A set of an earlier release goes on counting what it counted then: what came later is carried out and shown, and
turns no run red.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

import harness
from harness.allowed import did_you_mean
from harness.bundle.parts import LeftOut, LeftOutKind
from harness.check import Check
from harness.clauses import Catalogue
from harness.criteria import Advice, Criterion
from harness.tables import TableError, read_table
from harness.verdicts import Level

SUFFIX = ".toml"
MOST_BYTES = 1 << 18
UNLISTED = "not in this set"


class RequirementSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One set.

    Attributes:
        name: by which a run selects it.
        edition: the highest one is that of a run which selects none.
        release: of art15, with which it was written; later releases leave it as it is.
        protocol: commit of the protocol's repository that the clauses were read from.
        clauses, criteria, advice: by name, how strongly each binds. What a later release holds more strictly still
            counts as it stands here.
        checks: by slug, the suite of each.
        not_counted: by name, why it does not count.
    """

    name: str
    edition: int = 1
    release: str = ""
    protocol: str = ""
    clauses: dict[str, Level] = {}
    criteria: dict[str, Level] = {}
    advice: dict[str, Level] = {}
    checks: dict[str, str] = {}
    not_counted: dict[str, str] = {}

    @property
    def levels(self) -> dict[str, Level]:
        """How strongly everything binds that a case is reported under."""
        criteria = {Criterion(name).clause: level for name, level in self.criteria.items() if name in set(Criterion)}
        advice = {Advice(name).clause: level for name, level in self.advice.items() if name in set(Advice)}
        return self.clauses | criteria | advice

    def left_out(self, checks: Iterable[Check], catalogue: Catalogue) -> list[LeftOut]:
        """What there is and does not count, with the reasons; checks of third parties always count."""
        slugs = [check.slug for check in checks if check.builtin]
        tables: tuple[tuple[LeftOutKind, Iterable[str], Mapping[str, object]], ...] = (
            ("clause", catalogue.clauses, self.clauses),
            ("criterion", Criterion, self.criteria),
            ("advice", Advice, self.advice),
            ("check", slugs, self.checks),
        )
        return [
            LeftOut(kind=kind, name=str(name), reason=self.not_counted.get(name, UNLISTED))
            for kind, there_are, counted in tables
            for name in sorted(there_are)
            if name not in counted
        ]

    def unknown(self, checks: Iterable[Check], catalogue: Catalogue) -> list[str]:
        """What it names and this release does not have."""
        known = {*catalogue.clauses, *Criterion, *Advice, *(check.slug for check in checks)}
        named = [*self.clauses, *self.criteria, *self.advice, *self.checks, *self.not_counted]
        return sorted({*named} - known)


def folder() -> Path:
    """Where the sets lie: inside the installed package, or beside it in a checkout."""
    package = Path(harness.__file__).parent
    inside = package / "requirements"
    return inside if inside.is_dir() else package.parent / "requirements"


def shipped(where: Path) -> list[RequirementSet]:
    """The sets in a folder, the newest last.

    Raises:
        TableError: one of them is not as it must be.
    """
    found = [load_set(path)[0] for path in sorted(where.glob(f"*{SUFFIX}"))]
    return sorted(found, key=lambda each: each.edition)


def load_set(path: Path) -> tuple[RequirementSet, str]:
    """A set, and the SHA-256 of its file.

    Raises:
        TableError: it is not as it must be, or counts nothing.
    """
    found, digest = read_table(path, "requirement set", RequirementSet, MOST_BYTES)
    if not found.checks or not found.levels:
        raise TableError(f"requirement set {path}: counts no check, or nothing that a check asks: it could fail no run")
    return found, digest


def chosen_set(given: str | None) -> tuple[RequirementSet, str]:
    """The set that ``--oip-requirements`` names: one that ships by its name, another by its file; else the newest.

    Raises:
        TableError: there is none, or it is not as it must be.
    """
    if given is not None and (given.endswith(SUFFIX) or "/" in given):
        return load_set(Path(given))
    sets = shipped(folder())
    names = [each.name for each in sets]
    if not sets or given not in (None, *names):
        near = did_you_mean(given or "", names)
        raise TableError(
            f"requirement set {given!r}: none ships under that name{near} (there are: {', '.join(names)}; a file of "
            f"your own ends in {SUFFIX})"
        )
    return load_set(folder() / f"{given or names[-1]}{SUFFIX}")
