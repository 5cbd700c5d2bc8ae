"""Asking for refusals over gRPC: invalid requests made from one that the model accepts, in both forms it may have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.check import NotApplicable, Untestable
from harness.generate.grpc_mutations import GrpcMutation, grpc_mutations
from harness.judging.refusals import mutations_of
from harness.probing.grpc_replies import differ
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.record.intent import meant

if TYPE_CHECKING:
    from harness.endpoint.grpc_route import GrpcAccepted
    from harness.wire.protobuf import Form


@dataclass(frozen=True, slots=True)
class Mistake:
    """An invalid request as it was sent, and what came of it."""

    mutation: GrpcMutation
    form: Form
    exchange: Exchange

    @property
    def label(self) -> str:
        """Name and form, for people."""
        return f"{self.mutation.name}, {self.form}"


def grpc_base(probe: Probe) -> GrpcAccepted:
    """The accepted request that mutations start from: two rows where the model takes batches, so rows can differ."""
    try:
        return probe.model.grpc.batch(2)
    except (NotApplicable, Untestable):
        return probe.model.grpc.accepted()


def grpc_mistakes(probe: Probe, *clauses: str, in_turn: bool = False) -> Iterator[Mistake]:
    """Send the mutations that ask for one of the clauses (or all): typed or raw as accepted, then raw if that works.

    Args:
        in_turn: each only when it is asked for, as something is sent between them.
    """
    base, model = grpc_base(probe), probe.model.grpc
    metadata = model.metadata
    found = grpc_mutations(
        base.request,
        unknown_model=UNKNOWN_MODEL,
        versions=metadata.versions if metadata else (),
        named=bool(metadata and metadata.inputs),
    )
    asked = [mutation for mutation in found if not clauses or mutation.clause in clauses]

    def send(mutation: GrpcMutation, form: Form) -> Exchange:
        with meant("neither" if mutation.permitted else "invalid"):
            return model.infer(base.request, form, mutation.edit)

    for form in _forms(probe, base) if asked else ():
        if not in_turn:
            probe.endpoint.ahead.ask([partial(send, mutation, form) for mutation in asked], refused)
        for mutation in asked:
            exchange = send(mutation, form)
            yield Mistake(mutation, form, exchange)


def _forms(probe: Probe, base: GrpcAccepted) -> list[Form]:
    if base.form == "raw" or not probe.model.grpc.infer(base.request, "raw").ok:
        return [base.form]
    return [base.form, "raw"]


def grpc_refuses(probe: Probe, clause: str) -> None:
    """Every mutation of the clause is refused; one case each, tolerated and permitted ones as they say.

    What is permitted only because metadata cannot say otherwise is not where the same was seen to be refused over REST.
    """
    base, seen = grpc_base(probe), 0
    for mistake in grpc_mistakes(probe, clause):
        mutation, exchange, seen = mistake.mutation, mistake.exchange, seen + 1
        if mutation.permitted and exchange.ok and not refused_over_rest(probe, mutation.name):
            probe.observe(f"{mistake.label} ({mutation.why}) is answered OK", clause)
            continue
        good = refused(exchange) or (
            mutation.tolerated and exchange.ok and differ(probe, exchange, base.exchange) is None
        )
        observed = f"{mistake.label} ({mutation.why}): {status_of(exchange)}"
        own = accepted_root(mutation.name) if clause == "GRPC-INFER-06" and exchange.ok else None
        root = f"grpc-no-answer:{mutation.name}" if exchange.error is not None else own
        expected = "an error status"
        probe.holds(good, clause=clause, expected=expected, observed=observed, exchange=exchange, root=root)
    if not seen:
        probe.not_applicable("the model's inputs leave no such mistake to make")


def accepted_root(name: str) -> str:
    """The root cause of a mistake in an input that is accepted: the same over either transport."""
    kinds = {"datatype": "DTYPE-03", "dimension": "TDATA-10", "no-inputs": "REST-INFER-02"}
    return next((root for start, root in kinds.items() if name.startswith(start)), "REST-INFER-06")


def refused_over_rest(probe: Probe, name: str) -> bool:
    """Whether the mutation of that name was refused over REST; False without REST, or where it has no such mutation."""
    if probe.endpoint.rest is None:
        return False
    with contextlib.suppress(NotApplicable, Untestable):
        for mutation in mutations_of(probe):
            if mutation.name == name:
                return refused(probe.model.rest.mistake(mutation))
    return False
