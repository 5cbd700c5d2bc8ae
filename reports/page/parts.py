"""Parts of the page: fragment ids, how much of a run has room, and what is shown of a finding or a check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reports.evidence import CheckResult, Counterexample, Finding, MessageView


class Anchors:
    """Fragment ids: unique, made of letters, digits, dots and hyphens only, and the same for the same document."""

    def __init__(self, prefix: str, names: Iterable[str]) -> None:
        self._ids: dict[str, str] = {}
        taken: set[str] = set()
        for name in names:
            if name in self._ids:
                continue
            base = f"{prefix}-{re.sub(r'[^A-Za-z0-9.]+', '-', name).strip('-')[:80] or 'x'}"
            anchor, again = base, 2
            while anchor in taken:
                anchor, again = f"{base}-{again}", again + 1
            taken.add(anchor)
            self._ids[name] = anchor

    def get(self, name: str) -> str | None:
        """The id of a name; None if nothing on the page has it."""
        return self._ids.get(name)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of a run stands on the page: characters of exchanges, findings in full, cards of checks, drills.

    ``repetitions`` of each drill, at most.
    """

    characters: int
    findings: int
    cards: int | None
    drills: int = 20
    repetitions: int = 4


@dataclass(slots=True)
class PageBudget:
    """Characters of exchanges that the page may still hold."""

    left: int

    def take(self, *messages: MessageView | None) -> bool:
        """Whether these messages are shown; takes their size off the budget if so."""
        size = 0
        for message in messages:
            if message is not None:
                headers = sum(len(name) + len(value) + 8 for name, value in message.headers)
                size += len(message.body) + headers + len(message.line) + 400
        if size > self.left:
            return False
        self.left -= size
        return True


@dataclass(frozen=True, slots=True)
class CaseView:
    """A counterexample where it is shown: ``full`` with its exchange, or named only."""

    data: Counterexample
    full: bool
    finding: str | None = None


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding with the first exchange that shows it."""

    data: Finding
    anchor: str
    checks: list[CheckResult]
    case: CaseView | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """A check with what of it stands on the page."""

    data: CheckResult
    anchor: str
    cases: list[CaseView]
    in_all: int
    exemplar: bool
