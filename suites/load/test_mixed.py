"""Small and large requests together: one client's large bodies do not hold up others (Art. 15(4), 15(5))."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from harness.check import NotApplicable, Untestable, check
from harness.criteria import Advice, Criterion
from harness.declared.load import MixTable
from harness.judging.binary import is_listed
from harness.judging.load.answers import answers_are_right, level_holds
from harness.judging.load.scenarios import throughput
from harness.load.analysis.load_run import LoadRun
from harness.load.plan.load_plan import LoadCase
from harness.probing.load.cases import binary_case, case_of
from harness.probing.load.loading import ROUGH, Loader, loader
from harness.probing.load.records import latency_words
from harness.probing.load.runner import LoadStep
from harness.probing.load.validity import sent_as_planned, settle
from harness.probing.probe import Probe

OTHERS = Advice.SERVES_OTHERS.clause
# Elements of the large request: some hundred kilobytes of JSON.
LARGE = 16_384
LARGE_SHARE, MOST_LARGE_A_SECOND = 0.02, 2.0
# Together they may take so much of one instance's time.
LARGE_TIME = 0.3
SOME_LARGE, MOST_S = 5.0, 12.0
PERCENTILE, FACTOR, LEAST_S = 0.9, 5.0, 0.1


@check(
    "load-mixed",
    duties=["A15-4-b", "A15-5-c"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_LEAK, Criterion.SERVICE_LEVEL],
    advice=[Advice.SERVES_OTHERS],
    criterion=f"with a few large requests in between, p{PERCENTILE * 100:g} of the small ones gets neither {FACTOR:g} "
    f"times slower nor slower by {LEAST_S * 1e3:g} ms, and every answer is right",
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    faults=["load-large-bodies-hold-others"],
    fix="Read and parse large bodies outside the loop that serves everybody, and bound how many there are at a time.",
)
def load_mixed(probe: Probe) -> None:
    """Large requests of one client do not hold up the small ones of others.

    Small requests at a steady rate alone, then the same with one large batch in fifty (or the mix of the policy:
    models, rows, weights), both in an open loop. Slower counts only against the slower of two runs alone, one before
    and one after. Tensors go in binary where the server lists the extension.
    """
    load = loader(probe, "rest")
    mix = tuple(_of_policy(load)) or _small_and_large(load)
    small = mix[0].name
    rate = min(load.steady_rate, 0.3 * throughput(load))
    # Long enough for some large ones, though not for a minute.
    rare = min(case.weight for case in mix) / sum(case.weight for case in mix)
    least = min(MOST_S, SOME_LARGE / max(rare * rate, 1e-6))
    seconds = probe.endpoint.policy.load.seconds or max(load.bench.extent.steady_s / 2, least)
    # Reading large answers makes the tester itself late by some milliseconds; that matters to a stated level only.
    bounds = None if load.stated else ROUGH
    alone = load.run(
        load.plan(load.stages((seconds, rate)), cases=mix[:1], bounds=bounds), "small ones alone", step=LoadStep(1, 2)
    )
    both = load.run(load.plan(load.stages((seconds, rate)), cases=mix, bounds=bounds), "mixed", step=LoadStep(2, 2))
    for run in (alone, both):
        answers_are_right(load, run)
    settle(load, alone)
    sent_as_planned(both)
    sizes = ", ".join(f"{case.name} {len(case.before) + len(case.after)} bytes" for case in mix)
    probe.observe(f"{sizes}; the small ones alone: {latency_words(alone)}")
    before, after = _tail(alone, small), _tail(both, small)
    if before is not None and both.summary.ok:
        slower = _slower(after, before)
        if slower:
            # A machine that got busy in between slows the small ones alone as well.
            again = load.run(load.plan(load.stages((seconds, rate)), cases=mix[:1], bounds=bounds), "alone once more")
            before = max(before, _tail(again, small) or 0.0)
            slower = _slower(after, before)
        probe.holds(
            not slower, clause=OTHERS, root="large-requests-hold-up-small-ones",
            expected="small requests as quick as alone",
            observed=f"p{PERCENTILE * 100:g} of the small ones {before * 1e3:.1f} ms alone and "
            f"{'unknown' if after is None else f'{after * 1e3:.1f} ms'} beside large ones",
        )  # fmt: skip
    if load.probe.endpoint.policy.load.mixed:
        level_holds(load, both)
    else:
        # Large requests of ours are not what the policy's level is about.
        probe.observe(latency_words(both))


def _slower(after: float | None, before: float) -> bool:
    return after is None or (after > FACTOR * before and after - before > LEAST_S)


def _small_and_large(load: Loader) -> tuple[LoadCase, ...]:
    probe = load.probe
    request = probe.accepted().request
    row = sum(len(tensor.elements) for tensor in request.inputs)
    try:
        large = probe.model.rest.batch(max(2, LARGE // max(row, 1))).request
    except (NotApplicable, Untestable) as error:
        probe.not_applicable(f"there is no larger request of this model: {error}")
    took = probe.model.rest.infer(large).elapsed_s
    most = min(LARGE_SHARE * load.steady_rate, MOST_LARGE_A_SECOND, LARGE_TIME / max(took, 1e-3))
    found = case_of(probe, "rest", large, name="large", weight=most / load.steady_rate)
    if found is None:
        probe.not_applicable("the model answers no larger request")
    small = msgspec.structs.replace(load.cases[0], name="small", weight=1.0)
    if not is_listed(probe):
        return small, found
    binary = binary_case(probe, large, name="large, binary", weight=found.weight / 2)
    return (small, found) if binary is None else (small, found, binary)


def _of_policy(load: Loader) -> Iterator[LoadCase]:
    """The cases of the policy's mix; those that no model takes are told and left out."""
    for number, mix in enumerate(load.probe.endpoint.policy.load.mixed):
        found = _case(load, mix, f"{number}: {mix.model or load.probe.model.id}, {mix.rows} rows")
        if found is None:
            load.probe.observe(f"left out of the mix: {mix.model or 'the model'} does not take {mix.rows} rows")
        else:
            yield found


def _case(load: Loader, mix: MixTable, name: str) -> LoadCase | None:
    probe = load.probe
    models = [each for each in probe.endpoint.models if each.name == mix.model] if mix.model else [probe.model]
    if not models:
        return None
    try:
        accepted = models[0].rest.accepted()
        request = accepted.request if mix.rows == 1 else models[0].rest.batch(mix.rows).request
    except (NotApplicable, Untestable):
        return None
    return case_of(probe, "rest", request, name=name, weight=mix.weight, model=models[0])


def _tail(run: LoadRun, name: str) -> float | None:
    """The tail of the requests of one case in seconds; None where most were not answered."""
    found = next((case for case in run.summary.cases if case.name == name), None)
    if found is None or found.ok < PERCENTILE * found.requests:
        return None
    return next((each.value for each in found.response if each.percentile == PERCENTILE), None)
