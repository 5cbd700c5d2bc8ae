"""Whether answers belong to their requests, as a case of a check: shared by all that put requests beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from harness.criteria import Criterion
from harness.oracles.isolation import MixedUpAnswer, answer_strayed
from harness.probing.baseline import BaselineAnswer, PacedRoute
from harness.probing.probe import Probe
from harness.record.exchange import Exchange

LEAK, SAME = Criterion.NO_LEAK.clause, Criterion.SAME_ANSWER.clause
MIXED_UP, VARIES = "requests-mixed-up", "same-request-other-answer"
# Violations of one check: the first few tell what there is to tell.
REPORTED = 5


def strayed_from(way: PacedRoute, ones: Sequence[BaselineAnswer], own: int, exchange: Exchange) -> MixedUpAnswer | None:
    """How an answer differs from that of request ``own`` alone, and whose it is."""
    return answer_strayed(way.route.outputs(exchange), own, [one.outputs for one in ones], ones[own].echoed)


def report(probe: Probe, strayed: MixedUpAnswer | None, label: str, exchange: Exchange, changed: str = VARIES) -> None:
    """One case of each criterion; of many violations the first few.

    Args:
        label: which request it was.
        changed: root cause of an answer that is nobody's.
    """
    if strayed is None:
        probe.holds(True, clause=LEAK, expected="nothing of another request", observed="")
        probe.holds(True, clause=SAME, expected="the answer of the request alone", observed="")
    elif len(probe.outcome.violations) < REPORTED:
        clause = LEAK if strayed.leaked else SAME
        expected = "nothing of another request" if strayed.leaked else "the answer of the request alone"
        observed = f"{label}: {strayed.text}"
        probe.holds(False, clause=clause, expected=expected, observed=observed, exchange=exchange,
                    root=MIXED_UP if strayed.leaked else changed)  # fmt: skip
