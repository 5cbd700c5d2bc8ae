"""A session does not hang on one connection (Art. 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.extensions import offered
from harness.judging.walks import first_difference, two_inputs, walk
from harness.oracles.equality import difference
from harness.probing.probe import Probe
from harness.probing.replies import status_of

SEQUENCE = "art15-over-connections"
ROUNDS = 2


@check(
    "failover-sessions-over-connections",
    duties=["A15-4-d"],
    criteria=[Criterion.SAME_ANSWER],
    criterion="a sequence with each step on a new connection is answered as on one connection, in each of two rounds",
    per="model",
    needs=["sequence-keeps-apart"],
    faults=["failover-session-lost-with-connection"],
    fix="Route all requests of a sequence_id to one replica, or keep its state where every replica finds it.",
)
def failover_sessions_over_connections(probe: Probe) -> None:
    """A sequence goes on over whichever connection its next step comes.

    On a model that was seen to have a state: a sequence on one connection, then with a new connection for each step,
    twice in turns. What differs in one round only is not judged.
    """
    offered(probe, "sequence")
    request, _ = two_inputs(probe)
    apart = []
    for _ in range(ROUNDS):
        alone = walk(probe, request, SEQUENCE)
        bad = next((each for each in alone.exchanges if not each.ok), None)
        if bad is not None:
            probe.untestable(f"the sequence is not answered on one connection: {status_of(bad)}")
        if difference(alone.outputs[0], alone.outputs[1]) is None:
            probe.not_applicable("the answers within a sequence are the same: no state shows")
        spread = walk(probe, request, SEQUENCE, fresh=True)
        refusal = next((each for each in spread.exchanges if not each.ok), None)
        found = status_of(refusal) if refusal is not None else first_difference(alone.outputs, spread.outputs)
        if found:
            apart.append((found, refusal or spread.exchanges[-1]))
    broken = len(apart) == ROUNDS
    if apart and not broken:
        probe.inconclusive(f"one round of {ROUNDS} differs: {apart[0][0]}")
    probe.holds(
        not broken, expected="the answers of the sequence on one connection",
        observed=apart[0][0] if broken else "the same", exchange=apart[0][1] if broken else None,
        root="session-bound-to-connection",
    )  # fmt: skip
