"""What checks of the run have found so far: what one has told, another one does not tell again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class ToldViolations:
    """Clauses, root causes and exchanges of violations, by the id of the check and model that reported them."""

    by_check: dict[str, set[tuple[str, str, str | None]]] = field(default_factory=dict)

    def add(self, check: str, clause: str, root: str, exchange: str | None) -> None:
        """One violation; ``exchange`` is the reference of what shows it."""
        self.by_check.setdefault(check, set()).add((clause, root, exchange))

    def forget(self, check: str) -> None:
        """What a check has found, which is carried out once more."""
        self.by_check.pop(check, None)

    def by(self, checks: Iterable[str | None], clauses: Iterable[str]) -> set[str]:
        """Root causes that any of the checks has found one of the clauses broken by."""
        asked = set(clauses)
        return {
            root
            for check in checks
            if check is not None
            for clause, root, _ in self.by_check.get(check, ())
            if clause in asked
        }

    def shows(self, exchange: str) -> bool:
        """Whether a violation names the exchange."""
        return any(exchange == each for told in self.by_check.values() for _, _, each in told)
