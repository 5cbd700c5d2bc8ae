"""Whether the durations in a server's metrics can be those of the inferences that were sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf

from harness.criteria import Advice
from harness.endpoint.route import AnyRoute
from harness.judging.server_numbers import QUIET_SECONDS, SETTLING_SECONDS, VALID
from harness.probing.probe import Probe
from harness.probing.telemetry.latencies import Latencies, Latency
from harness.record.exchange import Exchange
from harness.waiting import wait

CLAUSE = Advice.TRUE_COUNTERS.clause
TOO_LONG, CONTRADICTORY = "latency-beyond-the-clients", "histogram-contradicts-itself"
# A server may go on after the last byte, and its machine may hold it up: so many times what the client saw, and more.
FACTOR, SLACK_SECONDS = 2.0, 0.01
# Of sums of floats.
ROUNDING = 1e-6
Read = Callable[[], Latencies | None]


def latency_agrees(probe: Probe, read: Read) -> None:
    """Cases of each series: no time beyond the client's, and buckets that add up; what is wrong is measured twice."""
    if read() is None:
        probe.not_applicable("no metrics say how long inferences of the model took")
    found = _measured(probe, read, QUIET_SECONDS)
    if any(problem for _, problem, _, _ in found):
        again = {(name, root) for name, problem, root, _ in _measured(probe, read, 10 * QUIET_SECONDS) if problem}
        found = [(name, problem if (name, root) in again else "", root, shown) for name, problem, root, shown in found]
    for name, problem, root, shown in found:
        probe.holds(not problem, clause=CLAUSE, expected="durations that the inferences sent can have had",
                    observed=f"{name}: {problem or 'as the client saw'}", exchange=shown, root=root)  # fmt: skip


def _measured(probe: Probe, read: Read, quiet: float) -> list[tuple[str, str, str, Exchange]]:
    """Name of the series, what is wrong with it, root cause, and the exchange that shows it."""
    before = _still(probe, read, quiet)
    route: AnyRoute = probe.model.rest
    request = route.accepted().request
    asked = [route.ask(request) for _ in range(VALID)]
    if not all(each.ok for each in asked):
        probe.inconclusive("an inference was not answered: the durations of the others cannot be told apart")
    seconds = [(each.end_ns - each.start_ns) / 1e9 for each in asked]
    waited = 0.0
    while not _counted(before, read()) and waited < SETTLING_SECONDS:
        wait(QUIET_SECONDS)
        waited += QUIET_SECONDS
    after = _still(probe, read, quiet)
    found = []
    for name, first in before.series.items():
        last = after.series.get(name)
        moved = _moved(first, last) if last is not None else None
        if moved is None or moved.count not in (None, VALID):
            probe.observe(f"{name}: counts no {VALID} inferences where {VALID} were sent", CLAUSE)
            continue
        found += [(name, problem, root, after.exchange) for root, problem in _problems(moved, seconds)]
    if not found:
        probe.inconclusive("no duration moves by the inferences that are sent: others send as well, or it is of others")
    return found


def _problems(moved: Latency, seconds: Sequence[float]) -> Iterator[tuple[str, str]]:
    """Root cause and words of each property of one series; no words where it holds."""
    total, most = moved.total or 0.0, FACTOR * sum(seconds) + SLACK_SECONDS * len(seconds)
    contradiction = _contradiction(moved, len(seconds)) if moved.buckets else ""
    words = ""
    if total > most:
        words = f"{total:.3g} s for {len(seconds)} inferences that took the client {sum(seconds):.3g} s"
    for bound, count in () if words or contradiction else sorted(moved.buckets.items()):
        least = sum(FACTOR * each + SLACK_SECONDS <= bound for each in seconds)
        if count < least:
            words = f"{count:g} inferences up to {bound:g} s, where {least} took the client clearly less"
            break
    yield TOO_LONG, words
    if moved.buckets:
        yield CONTRADICTORY, contradiction


def _contradiction(moved: Latency, number: int) -> str:
    """What does not add up in a histogram; empty for nothing."""
    buckets = sorted(moved.buckets.items())
    if any(later < earlier for (_, earlier), (_, later) in pairwise(buckets)):
        return "a bucket holds fewer than the one below it"
    if buckets[-1][0] == inf and buckets[-1][1] != number:
        return f"all buckets hold {buckets[-1][1]:g} of {number} inferences"
    least = most = 0.0
    for (bound, count), (_, below) in zip(buckets, [(0.0, 0.0), *buckets], strict=False):
        within = count - below
        most += within * bound if within else 0.0
        least += within * _lower(buckets, bound) if within else 0.0
    total = moved.total or 0.0
    if not least * (1 - ROUNDING) - ROUNDING <= total <= most * (1 + ROUNDING) + ROUNDING:
        return f"the sum is {total:.3g} s, where the buckets say {least:.3g} s to {most:.3g} s"
    return ""


def _lower(buckets: Sequence[tuple[float, float]], bound: float) -> float:
    return max((each for each, _ in buckets if each < bound), default=0.0)


def _moved(first: Latency, last: Latency) -> Latency | None:
    """By how much a series has moved; None where it went back, as after a restart."""
    count = last.count - first.count if last.count is not None and first.count is not None else None
    total = (last.total or 0.0) - (first.total or 0.0)
    buckets = _differences(first.buckets, last.buckets)
    return Latency(last.unit, total, count, buckets) if total >= 0 and (count is not None or total > 0) else None


def _differences(first: Mapping[float, float], last: Mapping[float, float]) -> dict[float, float]:
    return {bound: value - first.get(bound, 0.0) for bound, value in last.items()}


def _counted(before: Latencies, now: Latencies | None) -> bool:
    """Whether a series has moved by all that was sent."""
    return now is not None and any(
        (each.count or 0.0) - (first.count or 0.0) >= VALID
        for name, first in before.series.items()
        if (each := now.series.get(name)) is not None
    )


def _still(probe: Probe, read: Read, seconds: float) -> Latencies:
    """A reading that stays as it is while nothing is sent."""
    first = read()
    wait(seconds)
    again = read()
    if first is None or again is None or again.series != first.series:
        probe.inconclusive("the durations move while nothing is sent, or several processes answer")
    return again
