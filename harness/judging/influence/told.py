"""A case of what one request does to another, told by the requests that bring it about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from harness.criteria import Criterion
from harness.judging.still_serves import serving_before
from harness.oracles.whole import PARAMETERS, Deviation, shown_of_others
from harness.probing.baseline import comparable
from harness.probing.menu.answers import whole
from harness.probing.menu.menu import KnownKind, Menu, menu_of
from harness.probing.probe import Probe
from harness.record.exchange import Exchange

LEAK, SAME = Criterion.NO_LEAK.clause, Criterion.SAME_ANSWER.clause
EXPECTED = {LEAK: "nothing of another request", SAME: "the whole answer of the request alone"}
# What may differ without any of another request in it.
HEAD = ("status", "content type", "outputs", "binary outputs", "model_name", "model_version")
# Violations of one check: the first few tell what there is to tell.
REPORTED = 3


def settled_menu(probe: Probe) -> Menu:
    """The menu of the model of a check; ends it on a model that need not answer alike, or does not serve."""
    comparable(probe)
    serving_before(probe)
    return menu_of(probe)


How = Literal["after", "kept after", "beside"]
"""After other requests; after others with the very same values; with others under way beside it."""


def tell(
    probe: Probe,
    menu: Menu,
    one: KnownKind,
    wrong: Sequence[Deviation],
    exchange: Exchange,
    how: How,
    words: str,
    again: str,
) -> None:
    """Report a confirmed difference under the cause that ``words`` name; what shows of another request is a leak.

    Args:
        one: the request whose answer it is.
        words: the requests that bring it about.
        again: how often it came again, and what the control showed.
    """
    shown, kind = _shown(menu, one, wrong, exchange), how.replace(" ", "-")
    what = shown or "; ".join(each.words for each in wrong[:2])
    observed = f"{one.name} {how.removeprefix('kept ')} {words}: {what}; {again}"
    clause, root = (LEAK, f"shown-{kind}:{words}") if shown else (SAME, f"answer-{kind}:{words}")
    probe.holds(False, clause=clause, expected=EXPECTED[clause], observed=observed, exchange=exchange, root=root)


def telling(menu: Menu, one: KnownKind, wrong: Sequence[Deviation], exchange: Exchange) -> bool:
    """Whether a difference is more than parameters of the answer, which may speak of the moment: a cache, a queue."""
    said = all(each.aspect.startswith(PARAMETERS) for each in wrong)
    return not said or _shown(menu, one, wrong, exchange) is not None


def _shown(menu: Menu, one: KnownKind, wrong: Sequence[Deviation], exchange: Exchange) -> str | None:
    """What of another request is in the answer, in words."""
    found, others = whole(exchange), [each.due for each in menu.kinds if each is not one and each.due is not None]
    if found is None or one.due is None or all(each.aspect in HEAD for each in wrong):
        return None
    # Values are known to be wrong, or say nothing.
    values = any(each.aspect.startswith("data of ") for each in wrong)
    return shown_of_others(found, one.due, others, values=values)


def tell_unsteady(probe: Probe, menu: Menu, kinds: Iterable[KnownKind]) -> None:
    """Report kinds that are answered with other values from one time to the next, though nothing else is asked."""
    names = {each.name for each in kinds}
    for one, each in menu.unsteady[:REPORTED]:
        if one.name in names:
            observed = f"{one.name}, alone, twice in a row: {each.words}"
            probe.holds(False, clause=SAME, expected=EXPECTED[SAME], observed=observed, exchange=one.exchange,
                        root="same-request-other-answer")  # fmt: skip


def tell_right(probe: Probe) -> None:
    """One case of each criterion that holds, unless there was a violation."""
    if not probe.outcome.violations:
        for clause, expected in EXPECTED.items():
            probe.holds(True, clause=clause, expected=expected, observed="")
