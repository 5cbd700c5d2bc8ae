"""A spike: many times the steady rate for a while, and how long until the tail is back (Art. 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.load.answers import answers_are_right, still_there
from harness.judging.load.scenarios import overload, recovers, throughput
from harness.probing.load.loading import loader
from harness.probing.load.records import latency_words
from harness.probing.load.validity import settle
from harness.probing.probe import Probe


@check(
    "load-spike",
    duties=["A15-4-a", "A15-4-b"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_LEAK, Criterion.NO_CRASH],
    advice=[Advice.RECOVERS],
    criterion="many times the steady rate for a while: every answer is right, the endpoint serves afterwards, and the "
    "tail is back within the time of the policy",
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    faults=["load-one-wrong-in-200"],
    fix="Keep capacity in reserve, or shed what comes above it.",
)
def load_spike(probe: Probe) -> None:
    """A spike leaves nothing behind.

    The steady rate, then ten times of it (or as the policy says), then the steady rate again, in an open loop. The
    time until the tail is back within the service level is told; only the policy's time to recover is judged. What the
    spike does to latency meanwhile is an observation.
    """
    load = loader(probe, "rest")
    table = probe.endpoint.policy.load.spike
    base, about = load.steady_rate, throughput(load)
    rate = load.lowered(table.factor * base)
    if rate <= base:
        probe.inconclusive(f"no more than {rate:g} requests/s may be sent: there is no spike")
    seconds = table.seconds or load.bench.extent.spike_s
    seen = overload(load, rate=rate, base=base, seconds=seconds, capacity=about, name="spike")
    answers_are_right(load, seen.run)
    still_there(load)
    probe.observe(f"from {base:.4g} to {rate:.4g} requests/s for {seconds:g} s: {latency_words(seen.run)}")
    settle(load, seen.run)
    recovers(load, seen)
