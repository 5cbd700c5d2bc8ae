"""Takes the fingerprint of a model: exact answers to a fixed set of requests, each asked more than once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.bundle.events import Moment
from harness.bundle.fingerprints import AnswerTaken, Fingerprint, FingerprintSeen, fingerprint_digest
from harness.oracles.digests import tensors_digest
from harness.probing.probe import Probe
from harness.probing.replicas.glances import version_of
from harness.record.exchange import Exchange, Transport
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

DECLARED = "the policy declares the model nondeterministic"
ONCE, VARY = "no request was answered twice", "no request got exactly the same answer twice"


@dataclass(slots=True)
class FingerprintReading:
    """The answers of one reading; what was refused, or not answered, is left out."""

    transport: Transport
    when: Moment | None = None
    replica: str | None = None
    _answers: dict[str, list[tuple[str, Exchange]]] = field(default_factory=dict)

    def add(self, request: InferRequest, outputs: Mapping[str, Tensor], exchange: Exchange) -> None:
        """Take one answer."""
        if outputs:
            seen = self._answers.setdefault(tensors_digest(request.inputs), [])
            seen.append((tensors_digest(outputs.values()), exchange))

    def keep(self, probe: Probe) -> None:
        """Put the fingerprint on record; what was answered once only is in none."""
        twice = {request: seen for request, seen in self._answers.items() if len(seen) > 1}
        answers = [
            AnswerTaken(
                request=request,
                answer=seen[0][0] if len({digest for digest, _ in seen}) == 1 else None,
                exchange=seen[0][1].ref or None,
            )
            for request, seen in twice.items()
        ]
        digest = fingerprint_digest(answers)
        versions = {version_of(exchange) for seen in twice.values() for _, exchange in seen}
        found = Fingerprint(
            model=probe.model.id,
            version=versions.pop() if len(versions) == 1 else None,
            transport=self.transport,
            replica=self.replica,
            when=self.when,
            answers=answers,
            sha256=digest,
            reason="" if digest else (VARY if answers else ONCE),
        )
        probe.outcome.series.append(FingerprintSeen(fingerprint=found))


def keep_none(probe: Probe) -> None:
    """Put on record that a model has no fingerprint, as it need not answer alike."""
    for transport in probe.model.routes:
        found = Fingerprint(model=probe.model.id, transport=transport, reason=DECLARED)
        probe.outcome.series.append(FingerprintSeen(fingerprint=found))
