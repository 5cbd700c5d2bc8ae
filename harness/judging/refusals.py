"""Asking for refusals: invalid requests made from one that the model accepts, sent once, read by many checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from harness.check import NotApplicable, Untestable
from harness.endpoint.route import Accepted
from harness.generate.mutations import Mutation, mutations
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange


def base_of(probe: Probe) -> Accepted:
    """The accepted request that mutations start from: two rows where the model takes batches, so rows can differ."""
    try:
        return probe.model.rest.batch(2)
    except (NotApplicable, Untestable):
        return probe.accepted()


def mutations_of(probe: Probe, clause: str | None = None) -> list[Mutation]:
    """The mutations that ask for a clause (or all of them)."""
    found = mutations(base_of(probe).request)
    return [mutation for mutation in found if clause is None or mutation.clause == clause]


def mistakes_made(probe: Probe, asked: Sequence[Mutation] | None = None) -> Iterator[tuple[Mutation, Exchange]]:
    """Each mutation (or all there are) with its answer; none depends on what came of another."""
    found = mutations_of(probe) if asked is None else asked
    route = probe.model.rest
    new = [partial(route.send_mistake, each) for each in found if not route.is_known(each)]
    probe.endpoint.ahead.ask(new, refused)
    for mutation in found:
        yield mutation, route.mistake(mutation)


def refuses(probe: Probe, clause: str) -> None:
    """Every mutation of the clause is refused; one case each.

    A mutation that says so may be accepted if the outputs are those of the valid request: a lenient server filled the
    gap from its own knowledge.
    """
    base = base_of(probe)
    asked = mutations_of(probe, clause)
    if not asked:
        probe.not_applicable("the model's inputs leave no such mistake to make")
    for mutation, exchange in mistakes_made(probe, asked):
        if mutation.permitted and exchange.ok:
            probe.observe(f"{mutation.name} ({mutation.why}) is answered {status_of(exchange)}", clause)
            continue
        good = refused(exchange) or (mutation.tolerated and _same(probe, exchange, base.exchange))
        observed = f"{mutation.name} ({mutation.why}): {status_of(exchange)}"
        probe.holds(good, clause=clause, expected="an error status", observed=observed, exchange=exchange,
                    root=unanswered_root(exchange, mutation))  # fmt: skip


def unanswered_root(exchange: Exchange, mutation: Mutation) -> str | None:
    """No answer at all to one mutation is one root cause, whichever check notices."""
    return f"no-answer:{mutation.name}" if exchange.error is not None else None


def _same(probe: Probe, exchange: Exchange, valid: Exchange) -> bool:
    return exchange.ok and probe.differ(exchange, valid) is None
