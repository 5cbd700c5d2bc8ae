"""Changed inputs against what the policy declares of them (Art. 15(1), 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.robustness.bench import NOT_DECLARED, tables_of
from harness.judging.robustness.outside import judge_outside
from harness.judging.robustness.perturbed import judge_perturbed
from harness.judging.robustness.relations import judge_relations
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
    faults=["robustness-flips-at-a-touch"],
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


@check(
    "robustness-metamorphic",
    duties=["A15-1-b"],
    criteria=[Criterion.DECLARED_ROBUSTNESS],
    criterion=(
        "no more follow-up inputs than declared break an invariance or a monotonicity that the policy declares, each "
        "seen twice"
    ),
    per="model",
    kind="sampling",
    transport="any",
    faults=["robustness-hangs-on-one-feature", "robustness-falls-where-it-rises"],
    fix="Look at the worst case: train with such pairs, constrain the model, or declare what was measured.",
)
def robustness_metamorphic(probe: Probe) -> None:
    """What must not matter changes no answer, and a score moves the way that the policy declares.

    Each sample is a source input; its follow-up input differs from it as the policy says, and the relation is between
    the two answers. A follow-up input that is no valid row is left out. What breaks a relation is seen again, both
    alone. Beside the violations stands the bound on their share.
    """
    mine = [table for table in tables_of(probe) if table.invariance or table.monotonicity]
    if not mine:
        probe.not_applicable(NOT_DECLARED)
    if undecided := [text for table in mine for text in judge_relations(probe, table)]:
        probe.inconclusive("; ".join(undecided))


@check(
    "robustness-outside",
    duties=["A15-4-i"],
    criteria=[Criterion.DECLARED_ROBUSTNESS],
    criterion=(
        "no more inputs outside of the declared bounds than declared get anything but a refusal, or a low score, each "
        "seen twice"
    ),
    per="model",
    kind="sampling",
    transport="any",
    faults=["robustness-clips-what-it-cannot-hold"],
    fix="Look at the range of inputs before the model sees them, and refuse what is outside of it.",
)
def robustness_outside(probe: Probe) -> None:
    """Inputs outside of the operating bounds are refused, or answered with a low score, as the policy declares.

    Each sample is sent with the feature at each of the values beyond its bounds. An error refuses it, unless it speaks
    of the moment; an answer is looked at for its highest score. What is otherwise is seen again.
    """
    mine = [table for table in tables_of(probe) if table.outside]
    if not mine:
        probe.not_applicable(NOT_DECLARED)
    if undecided := [text for table in mine for text in judge_outside(probe, table)]:
        probe.inconclusive("; ".join(undecided))
