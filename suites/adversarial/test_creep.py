"""Thousands of bad requests: does the endpoint get slower, do its refusals grow (Art. 15(4), 15(5))?

MITRE ATLAS AML.T0029 (deny the service to others) and AML.T0034.000 (very many queries).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.generate.mutations import Mutation
from harness.judging.still_serves import alive
from harness.probing.baseline import BaselineAnswer, PacedRoute, excused, known, paced_route, quick_mistakes
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.statistics.trend import ALPHA, FACTOR, Trend, trend_of
from harness.waiting import wait

SERVES, CRASH = Advice.SERVES_OTHERS.clause, Criterion.NO_CRASH.clause
BAD_EACH = 4
# Less than this may be one more context switch.
LEAST_SECONDS, LEAST_BYTES = 0.005, 256.0
# What a busy machine slows is quick again after one of these; what was never freed stays.
RESTS_SECONDS = (2.0, 5.0, 10.0)
# Fewer valid answers show no trend at all.
LEAST_VALID = 20
FLOOD_SECONDS = 10.0
SAMPLE = 10


@check(
    "adversarial-no-creep",
    duties=["A15-4-b", "A15-4-c", "A15-5-c"],
    criteria=[Criterion.NO_CRASH],
    advice=[Advice.SERVES_OTHERS],
    criterion=f"over thousands of refused requests, answers get neither {FACTOR:g} times slower nor refusals longer "
    f"(Mann-Kendall, p < {ALPHA}), and the endpoint serves afterwards",
    per="model",
    kind="search",
    needs=["rest-infer-answers-200"],
    allow="stress",
    faults=["slower-with-every-refusal"],
    fix="Free what a refused request held: its buffers, its entry in lists and logs, its slot in the queue.",
)
def adversarial_no_creep(probe: Probe) -> None:
    """Refused requests leave nothing that adds up.

    Thousands of invalid requests with a valid one after every four. The medians of twenty blocks of valid answers'
    times are tested for a trend (Mann-Kendall, one-sided, alpha 0.001; size by Theil and Sen). It counts only if it is
    significant, doubles the time, is more than 5 ms, and is still there after each of three rests of 2, 5 and 10
    seconds. The same for the lengths of refusals, without rests.
    """
    way = paced_route(probe, "rest")
    one = known(probe, way, 1)[0]
    bad = quick_mistakes(probe, one.request)
    if not bad:
        probe.untestable("no mistake is answered quickly enough to send thousands of them")
    wanted = min(2000, max(150, 15 * probe.endpoint.examples))
    valid = way.affordable((1 + BAD_EACH) * wanted, least=(1 + BAD_EACH) * LEAST_VALID) // (1 + BAD_EACH)
    times, refusals = _flood(probe, way, one, bad, valid)
    seen = alive(probe)
    probe.holds(seen.problem is None, clause=CRASH, expected="an endpoint that serves", exchange=seen.exchange,
                observed=seen.problem or "it serves", root=seen.root)  # fmt: skip
    _judge_times(probe, way, one, times)
    _judge_lengths(probe, refusals, len(bad))
    probe.observe(f"{len(refusals)} invalid requests of {len(bad)} kinds, {len(times)} valid ones answered in between")


def _flood(
    probe: Probe, way: PacedRoute, one: BaselineAnswer, bad: Sequence[Mutation], valid: int
) -> tuple[list[float], list[Exchange]]:
    times: list[float] = []
    refusals: list[Exchange] = []
    end = time.monotonic() + FLOOD_SECONDS
    for number in range(valid):
        if time.monotonic() > end and number >= LEAST_VALID:
            # What creeps has shown it by now.
            break
        for step in range(BAD_EACH):
            mutation = bad[(number * BAD_EACH + step) % len(bad)]
            refusals.append(probe.client.infer(probe.model.name, mutation.body, probe.model.address))
        exchange = way.route.ask(one.request)
        if not excused(exchange):
            times.append(exchange.elapsed_s)
    return times, refusals


def _judge_times(probe: Probe, way: PacedRoute, one: BaselineAnswer, times: Sequence[float]) -> None:
    trend = trend_of(times)
    if trend is None:
        probe.untestable(f"only {len(times)} valid requests were answered: too few for a trend")
    rises = trend.rises(least=LEAST_SECONDS)
    exchange = None
    for rest in RESTS_SECONDS if rises else ():
        wait(rest)
        after, exchange = _now(way, one)
        rises = after >= FACTOR * trend.first and after - trend.first > LEAST_SECONDS
        probe.observe(f"{trend.first * 1e3:.1f} ms before, {after * 1e3:.1f} ms after a rest of {rest:g} s")
        if not rises:
            break
    expected = "answers as quick as before"
    observed = _words(trend, 1e3, "ms")
    probe.holds(
        not rises, clause=SERVES, expected=expected, observed=observed, exchange=exchange, root="latency-creeps"
    )


def _now(way: PacedRoute, one: BaselineAnswer) -> tuple[float, Exchange | None]:
    """The median of some answers' times, in seconds, and the last of them; infinite where none came."""
    answered = [exchange for exchange in (way.route.ask(one.request) for _ in range(SAMPLE)) if not excused(exchange)]
    if not answered:
        return float("inf"), None
    return statistics.median([each.elapsed_s for each in answered]), answered[-1]


def _judge_lengths(probe: Probe, refusals: Sequence[Exchange], kinds: int) -> None:
    """Refusals of one kind against each other: the lengths of different kinds say nothing."""
    for kind in range(kinds):
        same = [each for each in refusals[kind::kinds] if each.error is None]
        trend = trend_of([float(len(each.response_body)) for each in same])
        if trend is not None:
            expected = "a refusal as long as the first of its kind"
            probe.holds(not trend.rises(least=LEAST_BYTES), clause=SERVES, expected=expected, exchange=same[-1],
                        observed=_words(trend, 1, "bytes"), root="refusals-grow")  # fmt: skip


def _words(trend: Trend, scale: float, unit: str) -> str:
    first, last = trend.first * scale, trend.last * scale
    return f"from {first:.1f} to {last:.1f} {unit} in {trend.blocks} blocks (tau {trend.tau:.2f}, p {trend.p:.2g})"
