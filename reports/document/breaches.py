"""What one check saw of one cause: of these a finding is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.verdicts import Verdict
from reports.causes import key_of
from reports.evidence import CheckResult, Counterexample, Tally


@dataclass(slots=True)
class Breach:
    """What one check saw of one cause in one clause."""

    check: CheckResult
    tally: Tally
    weight: Verdict
    cases: list[Counterexample]
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What it is looked up by: its root, or its clause where the check names no root, or else the check."""
        return key_of(self.check.slug, self.tally.root, self.tally.clause)

    @property
    def names(self) -> tuple[str, str, str]:
        """What a cause that explains it may call it."""
        return self.key, self.check.slug, self.tally.clause
