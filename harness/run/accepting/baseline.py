"""The baseline of a server: its known findings by identity, kept in its repository.

A run that is given one is red for findings that are not in it, and for entries that occur no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import msgspec

from harness.incident import is_of_incident
from harness.tables import TableError, read_table
from reports.causes import cause_of

MOST_BYTES = 1 << 20
# The cause of what was asked for by name and could not be tested, which is red as well.
UNTESTABLE = "untestable"
ProfileName = Literal["quick", "standard", "deep"]
Identity = tuple[str | None, str | None, str, str]


class KnownFinding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[findings]]``: what one check finds on one model, or on the server, of one cause in one clause.

    Attributes:
        cause: as ``evidence.json`` names it, never with values that another seed would change.
        clause: empty of what could not be tested.
        check: None where the endpoint went away, which any check may notice.
        title, reason: for people; a reason is kept when the file is written anew.
        sometimes: it does not occur in each run, and so its absence says nothing.
    """

    cause: str
    clause: str = ""
    check: str | None = None
    model: str | None = None
    title: str = ""
    reason: str = ""
    sometimes: bool = False

    @property
    def identity(self) -> Identity:
        """What stays the same in every run and with every seed."""
        return self.check, self.model, self.cause, self.clause

    @property
    def words(self) -> str:
        """It in one line."""
        where = self.check or "any check"
        where += f"[{self.model}]" if self.model is not None else ""
        return f"{where}: {self.cause}" + (f" ({self.clause})" if self.clause not in ("", self.cause) else "")


class Baseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file.

    Attributes:
        version: of its form.
        profile, allow: of the run that it was written from; a run that tries less cannot tell that something is gone.
    """

    version: Literal[1]
    profile: ProfileName = "standard"
    allow: list[str] = []
    findings: list[KnownFinding] = []

    @property
    def identities(self) -> frozenset[Identity]:
        """What is known."""
        return frozenset(each.identity for each in self.findings)

    def is_reached_by(self, profile: str, allow: Iterable[str]) -> bool:
        """Whether a run tries at least as much as the one that it was written from."""
        return most_thorough((profile, self.profile)) == profile and {*self.allow} <= {*allow}


@dataclass(frozen=True, slots=True)
class Looked:
    """One check that was carried out, as far as a baseline asks.

    Attributes:
        whole: whether it came to its end, so that what it did not find is not there.
        failed: what it found.
    """

    check: str
    model: str | None
    whole: bool
    failed: frozenset[Identity]


@dataclass(frozen=True, slots=True)
class Compared:
    """What a run says of the entries of a baseline.

    Attributes:
        stale: the check that should have shown them came to its end, and they were not there.
        unseen: nothing can be said of them.
    """

    seen: tuple[KnownFinding, ...]
    stale: tuple[KnownFinding, ...]
    unseen: tuple[KnownFinding, ...]


def identity_of(slug: str, model: str | None, root: str, clause: str) -> Identity:
    """What identifies a failure, from what its check recorded."""
    place = (None, None) if is_of_incident(root) else (slug, model)
    return *place, cause_of(slug, root, clause), clause


def most_thorough(profiles: Iterable[str]) -> ProfileName:
    """The profile among several that tries most."""
    given, names = set(profiles), get_args(ProfileName)
    found: ProfileName = max((name for name in names if name in given), key=names.index)
    return found


def load_baseline(path: Path) -> tuple[Baseline, str]:
    """A baseline, and the SHA-256 of its file.

    Raises:
        TableError: it is not as it must be, or names something twice.
    """
    found, digest = read_table(path, "baseline", Baseline, MOST_BYTES)
    known: set[Identity] = set()
    for each in found.findings:
        if each.identity in known:
            raise TableError(f"baseline {path}: {each.words} stands in it twice")
        known.add(each.identity)
    return found, digest


def compare(baseline: Baseline, looked: Iterable[Looked], *, reached: bool) -> Compared:
    """Hold the entries of a baseline against a run.

    Args:
        looked: everything that was carried out.
        reached: whether the run tried as much as the one that the baseline was written from.
    """
    looked = list(looked)
    failed = {identity for each in looked for identity in each.failed}
    whole = {(each.check, each.model) for each in looked if each.whole}
    seen, stale, unseen = [], [], []
    for entry in baseline.findings:
        if entry.identity in failed:
            seen.append(entry)
        elif (entry.check, entry.model) in whole and reached and not entry.sometimes:
            stale.append(entry)
        else:
            unseen.append(entry)
    return Compared(tuple(seen), tuple(stale), tuple(unseen))
