"""Changed inputs against what the policy declares of them (Art. 15(1), 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.robustness.bench import NOT_DECLARED, tables_of
from harness.judging.robustness.perturbed import judge_perturbed
from harness.probing.probe import Probe

FIX = "Declare the limits that were measured, or train with such changes; look first at the worst case of each size."


@check(
    "robustness-perturbed",
    duties=["A15-1-b"],
    criteria=[Criterion.DECLARED_ROBUSTNESS],
    criterion=(
        "each limit that the policy declares under [[robustness.perturbation]] is on the right side of the one-sided "
        "bound of what it limits, all of them decided together"
    ),
    per="model",
    kind="sampling",
    transport="any",
    shown_by="tests/endtoend/test_robustness.py",
    fix=FIX,
)
def robustness_perturbed(probe: Probe) -> None:
    """Perturbed samples change no more decisions, and cost no more of the metric, than the policy declares.

    Each sample is asked about twice as it is, and once at each size of each perturbation, held to what the policy calls
    a valid row. A changed decision where a limit is at stake is seen again, alone, beside the sample as it is. Limits
    are decided together, with Holm's correction. A row without an answer speaks for nobody.
    """
    mine = [table for table in tables_of(probe) if table.perturbation]
    if not mine:
        probe.not_applicable(NOT_DECLARED)
    undecided = [text for table in mine for text in judge_perturbed(probe, table)]
    if undecided:
        probe.inconclusive("; ".join(undecided))
    if not any(
        each.max_changed is not None or each.max_drop is not None for table in mine for each in table.perturbation
    ):
        probe.not_applicable("the policy declares no limit: what was measured is held against nobody")
