"""Whether a run of load may be judged at all: an INVALID run blames nobody."""

from __future__ import annotations

from typing import Protocol

from harness.check import Inconclusive, TesterFailed
from harness.load.analysis.load_run import LoadRun
from harness.verdicts import Verdict

NOISE = frozenset({"lag", "lag-decides", "cpu", "hole"})
# Late by milliseconds, or without a free connection: latencies say nothing then, but whether what was sent is answered
# in seconds, and rightly, still does.
HARMLESS = frozenset({"lag", "lag-decides", "cpu", "samples", "offered", "connection-cap"})


class LevelStated(Protocol):
    """Who knows whether the service level is the policy's."""

    @property
    def stated(self) -> bool:
        """Whether it is."""


def sound(found: LoadRun) -> bool:
    """Whether the tester sent and listened all the time; it may have been late by less than a request may take."""
    return all(reason.code in HARMLESS for reason in found.outcome.invalid)


def listened(found: LoadRun) -> None:
    """End the check unless the run is :func:`sound`.

    Raises:
        TesterFailed: the tester was away.
    """
    if not sound(found):
        raise TesterFailed(found.outcome.reason)


def sent_as_planned(found: LoadRun) -> None:
    """End the check if the run is INVALID for more than too few requests.

    Raises:
        TesterFailed: the tester did not do what the plan says.
    """
    if found.outcome.verdict is Verdict.TOOL_ERROR:
        raise TesterFailed(found.outcome.reason)


def settle(load: LevelStated, found: LoadRun) -> None:
    """End the check if the run decides nothing: an INVALID run blames nobody.

    Raises:
        TesterFailed: the tester did not do what the plan says.
        Inconclusive: too few requests for the policy's service level.
    """
    sent_as_planned(found)
    outcome = found.outcome
    if load.stated and outcome.verdict is Verdict.INCONCLUSIVE and found.plan.closed_loop is None:
        more = f"; about {outcome.would_decide} requests would decide" if outcome.would_decide else ""
        raise Inconclusive(outcome.reason + more)
