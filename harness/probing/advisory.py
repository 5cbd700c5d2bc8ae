"""Cases of what an endpoint never promised: what holds counts, what does not is recorded and is no violation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from harness.record.exchange import Exchange


@dataclass(frozen=True, slots=True)
class AdvisoryCase:
    """A case that held; of answers of megabytes a check would hold dozens, so the exchange has no bodies."""

    clause: str
    expected: str
    observed: object
    exchange: Exchange | None


@dataclass(slots=True)
class AdvisoryCases:
    """Takes the cases of a check in place of its outcome.

    Attributes:
        missed: clauses of which a case did not hold.
    """

    missed: set[str] = field(default_factory=set)
    _held: list[AdvisoryCase] = field(default_factory=list)

    def note(self, condition: bool, clause: str, expected: str, observed: object, exchange: Exchange | None) -> None:
        """Take one case."""
        if not condition:
            self.missed.add(clause)
            return
        lean = None if exchange is None else replace(exchange, request_body=b"", response_body=b"")
        self._held.append(AdvisoryCase(clause, expected, observed, lean))

    def counting(self) -> list[AdvisoryCase]:
        """The cases of clauses that were never missed."""
        return [case for case in self._held if case.clause not in self.missed]
