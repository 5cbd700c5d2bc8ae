"""The candidate: what is to replace the endpoint under test, at an address of its own, as a version of it, or both."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from harness.endpoint.replica import Replica
from harness.endpoint.route import AnyRoute
from harness.record.exchange import Transport
from harness.record.store import Recorder

CANDIDATE = "candidate"
"""What the journal says of exchanges with it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was named as the candidate.

    Attributes:
        replica: where it is; the endpoint under test itself, where only a version was named.
        version: of each model; None where requests name the version that they name at the endpoint under test.
    """

    replica: Replica
    version: str | None = None

    @property
    def transports(self) -> list[Transport]:
        """The transports over which it is reached."""
        return self.replica.transports

    @contextlib.contextmanager
    def route(self, stable: AnyRoute) -> Iterator[AnyRoute]:
        """The same model at the candidate, over the same transport and by a client of its own."""
        access = dict(self.replica.by_transport)[stable.transport]
        with stable.client.apart(access) as client:
            own = stable.by(client)
            yield own if self.version is None else own.at(self.version)


def recorded_as_candidate(recorder: Recorder) -> contextlib.AbstractContextManager[None]:
    """Inside, exchanges are recorded as those with the candidate."""
    return recorder.to_another(CANDIDATE)
