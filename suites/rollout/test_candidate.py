"""A candidate answers as the version that it is to replace does (Art. 15(1), 15(4))."""

from __future__ import annotations

from functools import partial

from harness.check import check
from harness.criteria import Criterion
from harness.endpoint.candidate import recorded_as_candidate
from harness.endpoint.route import AnyRoute
from harness.endpoint.warming import QUICK_SECONDS, first_inference, wait_while_unready
from harness.judging.candidate import CandidateVerdict, judge_metadata
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.probing.rollout.comparing import Likeness
from harness.probing.rollout.comparison import compare_all, ratios_apart
from harness.probing.rollout.described import described
from harness.record.exchange import Exchange, Transport
from harness.wire.messages import InferRequest

DUTIES = ["A15-1-d", "A15-4-d"]
CRITERION = (
    "of the same inputs, none is refused or left unanswered by the candidate alone, and answers, latency and metadata "
    "differ no further than the policy allows under [rollout]"
)
FIX = "Keep the version under test in service, and look at the inputs that are listed: each was asked twice of both."
FAULTS = [
    "rollout-candidate-changes-decisions",
    "rollout-candidate-crashes-on-a-kind",
    "rollout-candidate-described-otherwise",
    "rollout-candidate-slower",
]


@check(
    "rollout-candidate-agrees",
    duties=DUTIES,
    criteria=[Criterion.ROLLOUT],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    first=True,
    faults=FAULTS,
    fix=FIX,
)
def rollout_candidate_agrees(probe: Probe) -> None:
    """The candidate answers as the version under test does.

    Each input is asked twice of both, in alternating order: every sample of the policy, and drawn ones. A difference
    counts where it came both times, and the version under test answered alike both times; one that does not makes the
    comparison inconclusive. Shares have exact bounds, and one rule decides: supported if the lower bound reaches what
    the policy states, contradicted if the upper one misses it. What the policy does not limit is recorded.
    """
    _candidate_agrees(probe, "rest")


@check(
    "rollout-grpc-candidate-agrees",
    duties=DUTIES,
    criteria=[Criterion.ROLLOUT],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    transport="grpc",
    first=True,
    faults=FAULTS,
    fix=FIX,
)
def rollout_grpc_candidate_agrees(probe: Probe) -> None:
    """The candidate answers over gRPC as the version under test does.

    As over REST.
    """
    _candidate_agrees(probe, "grpc")


def _candidate_agrees(probe: Probe, transport: Transport) -> None:
    candidate = probe.endpoint.candidate
    if candidate is None:
        probe.not_applicable("no candidate was named (--oip-candidate, --oip-candidate-version)")
    if transport not in candidate.transports:
        probe.not_applicable("no address of the candidate was given for this transport (--oip-candidate-grpc)")
    stable = probe.model.over(transport)
    accepted = stable.accepted().request
    with candidate.route(stable) as other:
        with recorded_as_candidate(other.client.recorder):
            wait_while_unready(other.ready, "the candidate", probe.endpoint.policy.endpoint.warm_up, probe.observe)
            shown, metadata = described(other)
            _refuse_absent(probe, shown, other, accepted)
            _warm(probe, other, accepted)
        judge_metadata(probe, described(stable)[1], metadata, shown)
        if probe.declared_varying:
            probe.not_applicable("answers are not compared: the model is declared nondeterministic")
        _answers_agree(probe, stable, other)


def _refuse_absent(probe: Probe, metadata: Exchange, candidate: AnyRoute, request: InferRequest) -> None:
    """End the check where nobody is at the candidate's address, or the model is not there."""
    if metadata.error is not None and metadata.error.kind == "connect":
        probe.untestable(f"the candidate is not reached: {metadata.error.message}")
    if refused(metadata) and refused(first := candidate.ask(request)):
        probe.untestable(f"the candidate has no such model, or takes no request: {status_of(first)}")


def _warm(probe: Probe, candidate: AnyRoute, request: InferRequest) -> None:
    """A candidate that was started a moment ago may take its time once, as the version under test has been given."""
    took = first_inference(candidate, request, probe.endpoint.policy.endpoint.warm_up)
    if took is not None and took > QUICK_SECONDS:
        probe.observe(f"the first inference of the candidate took {took:.3g} s, which is held against nobody")


def _answers_agree(probe: Probe, stable: AnyRoute, candidate: AnyRoute) -> None:
    found = compare_all(probe, stable, candidate)
    again = partial(ratios_apart, probe, stable, candidate)
    CandidateVerdict(probe, found, probe.endpoint.policy.rollout, again).judge()
    if not found.compared and not found.of(Likeness.UNANSWERED) and not found.of(Likeness.REFUSED):
        probe.untestable(f"no input was answered by both: {found.stopped or 'none is known'}")
