"""What load on a model has found by now, for the checks of load that come after."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.load.plan.load_plan import LoadCase


@dataclass(slots=True)
class LoadMemory:
    """One model over one transport.

    Attributes:
        cases: small requests with different answers, prepared once.
        alone_s: seconds of the accepted request before the first load.
        sent: requests of load so far.
        throughput: most answers a second of a closed loop.
    """

    cases: tuple[LoadCase, ...] | None = None
    alone_s: float | None = None
    sent: int = 0
    throughput: float | None = None


@dataclass(slots=True)
class LoadMemories:
    """One model, over each transport."""

    by_transport: dict[str, LoadMemory] = field(default_factory=dict)

    def over(self, transport: str) -> LoadMemory:
        """That of a transport."""
        return self.by_transport.setdefault(transport, LoadMemory())
