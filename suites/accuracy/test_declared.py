"""Accuracy on labelled data against the levels that the provider declares (Art. 15(1), 15(3), 13(3)(b)(ii))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.accuracy import judge_accuracy
from harness.probing.probe import Probe
from harness.record.exchange import Transport

DUTIES = ["A15-1-a", "A15-3-a"]
CRITERION = (
    "each level that the policy declares under [[accuracy]] is on the right side of the one-sided bound of its metric, "
    "measured on the labelled rows"
)
FIX = (
    "Declare the level that was measured, or train again; look first at the groups and rows that are predicted wrongly."
)
FAULTS = [
    "accuracy-labels-flipped",
    "accuracy-degraded-version",
    "accuracy-blind-to-a-feature",
    "accuracy-overconfident",
    "accuracy-worse-in-one-group",
    "accuracy-scores-fall-with-certainty",
]


@check(
    "accuracy-declared",
    duties=DUTIES,
    criteria=[Criterion.DECLARED_ACCURACY],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    faults=FAULTS,
    fix=FIX,
)
def accuracy_declared(probe: Probe) -> None:
    """What labelled rows show over REST agrees with the levels that the provider declares.

    Each row is a request of its own. A level is supported where the whole interval of its metric is on the right side
    of it, contradicted where none of it is, and undecided otherwise; then it is said how many rows would decide. A row
    without an answer speaks for nobody.
    """
    _declared(probe, "rest")


@check(
    "accuracy-grpc-declared",
    duties=DUTIES,
    criteria=[Criterion.DECLARED_ACCURACY],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    transport="grpc",
    faults=FAULTS,
    fix=FIX,
)
def accuracy_grpc_declared(probe: Probe) -> None:
    """What labelled rows show over gRPC agrees with the levels that the provider declares.

    As over REST.
    """
    _declared(probe, "grpc")


def _declared(probe: Probe, transport: Transport) -> None:
    mine = [
        table
        for table in probe.endpoint.policy.accuracy
        if table.transport == transport and table.model == probe.model.name
    ]
    if not mine:
        probe.not_applicable("the policy gives no labelled data of this model over this transport ([[accuracy]])")
    undecided = [text for table in mine for text in judge_accuracy(probe, table)]
    if undecided:
        probe.inconclusive("; ".join(undecided))
    if not any(table.declared for table in mine):
        probe.not_applicable("the policy declares no level: what was measured is held against nobody")
