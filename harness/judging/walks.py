"""Sequences of requests that belong together (Triton extension_sequence.md), walked through step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.endpoint.rest_route import outputs_of
from harness.generate.inputs import example_tensor
from harness.oracles.equality import Outputs, difference
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor
from harness.wire.varied import vary

Id = int | str
STEPS = 3


@dataclass(frozen=True, slots=True)
class Walk:
    """The answers to one sequence, in order."""

    exchanges: tuple[Exchange, ...]

    @property
    def outputs(self) -> list[Outputs]:
        """The outputs of each."""
        return [outputs_of(exchange) for exchange in self.exchanges]


def two_inputs(probe: Probe) -> tuple[InferRequest, InferRequest]:
    """Two valid requests with different values."""
    inputs = probe.model.metadata.inputs if probe.model.metadata else ()
    if not inputs:
        probe.not_applicable("the metadata describes no inputs")
    first, second = (
        _plain(probe, tuple(example_tensor(tensor, offset=offset) for tensor in inputs)) for offset in (1, 4)
    )
    return first, second


def _plain(probe: Probe, inputs: tuple[Tensor, ...]) -> InferRequest:
    """A request outside of any sequence, with all but the inputs of the accepted one."""
    made = probe.model.rest.like(InferRequest(inputs))
    kept = {name: value for name, value in (made.parameters or {}).items() if not name.startswith("sequence_")}
    return replace(made, parameters=kept or None)


def step_of(
    probe: Probe, request: InferRequest, sequence: Id, step: int, steps: int = STEPS, *, fresh: bool = False
) -> Exchange:
    """One step of a sequence, over a connection of its own if ``fresh``."""
    parameters: Mapping[str, object] = {
        "sequence_id": sequence,
        "sequence_start": step == 0,
        "sequence_end": step == steps - 1,
    }
    made = vary(request, parameters=parameters)
    return probe.answered(probe.client.infer(probe.model.name, made, probe.model.address, fresh=fresh))


def walk(probe: Probe, request: InferRequest, sequence: Id, *, fresh: bool = False) -> Walk:
    """One whole sequence with nothing between; its end is sent even if a step is refused."""
    return Walk(tuple(step_of(probe, request, sequence, step, fresh=fresh) for step in range(STEPS)))


def first_difference(before: Sequence[Outputs], after: Sequence[Outputs]) -> str | None:
    """Where the answers to two walks differ first, in words; None if they do not."""
    for step, (one, other) in enumerate(zip(before, after, strict=True)):
        found = difference(one, other, exact=False)
        if found is not None:
            return f"step {step}: {found}"
    return None
