"""Attacks, certified radii and what answers give away, against what the policy declares (Art. 15(5))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.robustness.attacking import judge_evasion
from harness.judging.robustness.bench import NOT_DECLARED, tables_of
from harness.judging.robustness.certifying import judge_certified
from harness.judging.robustness.giving_away import judge_giving_away
from harness.probing.probe import Probe

NO_LIMIT = "the policy declares no limit: what was measured is held against nobody"


@check(
    "robustness-evasion",
    duties=["A15-1-b", "A15-5-g", "A15-5-g.prevent"],
    criteria=[Criterion.DECLARED_ROBUSTNESS],
    criterion=(
        "each limit that the policy declares under [[robustness.attack]] is on the right side of the one-sided bound "
        "of the share of samples that the attack succeeds for; samples get the same answers after it as before"
    ),
    per="model",
    kind="sampling",
    transport="any",
    faults=["robustness-wavers-near-by", "robustness-blocks-honest-rows", "robustness-misleads-honest-rows"],
    fix=(
        "Train with such rows, or smooth the decision; look first at the worst case. A guard against attacks must tell "
        "them from honest rows: look at what it takes for one."
    ),
)
def robustness_evasion(probe: Probe) -> None:
    """Attacks by answers alone succeed for no larger share of the samples than the policy declares.

    Around each sample a search looks for the nearest valid row that is decided otherwise, within the queries that the
    policy grants; every query counts, and the nearest row is kept. A success is seen twice, alone, beside the sample as
    it is. The share of samples with a success within the declared distance has exact bounds; all limits are decided
    together. Another attack, or more queries, may find more. Afterwards samples are sent as they are once more.
    """
    mine = [table for table in tables_of(probe) if table.attack]
    if not mine:
        probe.not_applicable(NOT_DECLARED)
    undecided = [text for table in mine for text in judge_evasion(probe, table)]
    if undecided:
        probe.inconclusive("; ".join(undecided))
    if all(attack.max_success is None for table in mine for attack in table.attack):
        probe.not_applicable(NO_LIMIT)


@check(
    "robustness-certified",
    duties=["A15-1-b"],
    criteria=[Criterion.DECLARED_ROBUSTNESS],
    criterion=(
        "the share of samples whose radius is certified, as [robustness.certified] of the policy declares it, is on "
        "the right side of its one-sided bound"
    ),
    per="model",
    kind="sampling",
    transport="any",
    faults=["robustness-wavers-near-by"],
    fix="Train with noise of the declared size, or declare the share that was measured.",
)
def robustness_certified(probe: Probe) -> None:
    """The majority under noise decides alike within the radius, for the share of samples that the policy declares.

    CERTIFY of randomised smoothing (Cohen, Rosenfeld and Kolter, 2019) over the endpoint: some draws of noise around a
    sample say which decision it is about, and others bound how likely it is. A radius is about the model that is
    smoothed so, and about no single answer. Samples without a radius and draws without an answer count against it.
    """
    mine = [table for table in tables_of(probe) if table.certified is not None]
    if not mine:
        probe.not_applicable(NOT_DECLARED)
    undecided = [text for table in mine for text in judge_certified(probe, table)]
    if undecided:
        probe.inconclusive("; ".join(undecided))
    if all(table.certified is None or table.certified.min_share is None for table in mine):
        probe.not_applicable(NO_LIMIT)


@check(
    "robustness-extraction",
    duties=["A15-5-h", "A15-5-h.prevent"],
    criteria=[Criterion.DECLARED_CONFIDENTIALITY],
    criterion=(
        "each limit that the policy declares under [robustness.extraction] is on the right side of what a copy, the "
        "scores and the training rows show"
    ),
    per="model",
    kind="sampling",
    transport="any",
    faults=["robustness-hangs-on-one-pixel"],
    fix="Tell less: decisions without scores, or scores with fewer digits; limit how much one client may ask.",
)
def robustness_extraction(probe: Probe) -> None:
    """What answers give away of the model is no more than the policy declares.

    A copy is trained on as many answers as the policy grants, chosen by these answers alone, and agrees with the model
    on samples held out so and so often; scores have so many digits; the highest score tells rows of the training data
    from others so well. These are indicators: whoever tries harder may learn more of the same answers.
    """
    mine = [table for table in tables_of(probe) if table.extraction is not None]
    if not mine:
        probe.not_applicable(NOT_DECLARED)
    undecided = [text for table in mine for text in judge_giving_away(probe, table)]
    if undecided:
        probe.inconclusive("; ".join(undecided))
    limits = (table.extraction for table in mine if table.extraction is not None)
    if all(each.max_agreement is None and each.max_told_apart is None and each.max_digits is None for each in limits):
        probe.not_applicable(NO_LIMIT)
