"""What a verification has to say: what is wrong, what was looked at, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.foreign import read_inside
from harness.record.quoting import clip
from reports.text.sentences import DEFAULT

# A bundle can be wrong in more places than anybody reads; all are counted.
MOST_PROBLEMS = 100
# Characters of one sentence: a stranger's words may stand in it.
LONGEST = 1000
# What a hostile bundle can make of code that was written for ours: a problem of the file, never an end without a word.
HOSTILE = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RecursionError, TypeError, ValueError)
UNKNOWN_SIGNER = "self-consistent, signer unknown"
IN_PART = "nothing wrong found in what was checked, but not everything was checked; signer unknown"


@dataclass(frozen=True, slots=True)
class BundleProblem:
    """What is wrong with one file; ``file`` is its path relative to the bundle."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome.

    Attributes:
        problems: the first of them, each with its file; ``total`` counts all.
        state: one line for people.
        notes: what a reader should know: all of ``unchecked``, and what is no want of the verification.
        checked: what was looked at and found right, in sentences.
        unchecked: what could not be looked at, and why; with it, a verification is no full one.
        anchored: values that are what was expected from outside, each with what says so.
        only_read: values that stand in the bundle, and that nothing from outside vouches for.
        silent: what the bundle does not establish.
        language: that the run was asked for.
    """

    problems: list[BundleProblem]
    state: str
    notes: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    total: int = 0
    anchored: list[str] = field(default_factory=list)
    only_read: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    language: str = DEFAULT


@dataclass(slots=True)
class VerificationLog:
    """A bundle while it is verified: its folder, and what was found so far."""

    folder: Path
    problems: list[BundleProblem] = field(default_factory=list)
    total: int = 0
    notes: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def wrong(self, file: str, text: str) -> None:
        """Something is wrong with a file."""
        self.total += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(BundleProblem(_short(file), _short(text)))

    def left_out(self, text: str) -> None:
        """Something could not be looked at."""
        self.unchecked.append(_short(text))

    def read(self, name: str, limit: int) -> bytes | None:
        """A file of the bundle; None, and a problem, where it cannot be read."""
        try:
            return read_inside(self.folder, name, limit)
        except OSError as error:
            self.wrong(name, f"cannot be read: {error.strerror}")
            return None


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{clip(text, LONGEST)}…"
