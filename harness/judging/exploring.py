"""A campaign: draws judged by several properties, the smallest counterexample of each root cause reported.

A search ends at its first counterexample. An endpoint that breaks one clause would hide all other breaks from it, so a
campaign searches again, with the same draws, past the root causes that it has reported.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from hypothesis.strategies import SearchStrategy, just

from harness.check import Untestable
from harness.criteria import Criterion
from harness.endpoint.rest_route import outputs_of
from harness.generate.members import carried
from harness.generate.strategies import DrawnRequest, batches, drawable, every_edge, requests
from harness.judging.own_limits import ORDINARY
from harness.judging.still_serves import ServingState, alive
from harness.oracles.equality import preserved
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.probing.searching import ask_ahead, judged_alone
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES

T = TypeVar("T")
# What an endpoint that has gone, or hangs as a whole, leaves of a request.
UNSERVED = frozenset({"connect", "timeout", "reset", "closed"})
# Root causes that one campaign reports; who breaks more of them has enough to do.
ROOTS = 8
# For telling a hang of the whole endpoint from one of a request.
PATIENCE = 20.0
# Once it was found gone for so long, checks that come later wait no more than this.
IMPATIENCE = 2.0
# Requests without an answer in time that one campaign waits for: each costs a whole time limit.
SILENCES = 2


@dataclass(slots=True)
class _Waits:
    """Whether a check before has waited in vain."""

    in_vain: bool = False


@dataclass(frozen=True, slots=True)
class PropertyCase:
    """One property of one draw: whether it held, and the words for the report if not.

    Attributes:
        root: the root cause that it would be; one of each is reported.
        by_policy: as for :meth:`harness.probing.probe.Probe.holds`.
    """

    clause: str
    held: bool
    expected: str
    observed: str
    root: str
    exchange: Exchange | None = None
    by_policy: bool = False


def explore(
    probe: Probe,
    strategy: SearchStrategy[T] | Sequence[SearchStrategy[T]],
    judge: Callable[[T], list[PropertyCase]],
    *,
    examples: int,
    label: Callable[[T], list[str]] | None = None,
    sends: Callable[[T], object] | None = None,
) -> None:
    """Draw, judge, and report: every case that held on the first pass, and each root cause once, shrunk and replayed.

    Args:
        strategy: what to draw; of several each gets the same share of the draws. Left to one strategy that chooses
            between dozens of kinds, Hypothesis dwells on some and never comes to others.
        judge: sends what was drawn and says what came of it; may end the check.
        examples: number of draws, rounded up to whole shares.
        label: input classes of a draw, for counting.
        sends: sends the same as ``judge``, where no draw depends on what came of another.
    """
    known: set[str] = set()
    patient = _patient(probe, judge)
    strategies = [strategy] if isinstance(strategy, SearchStrategy) else list(strategy)
    share = -(-examples // len(strategies))
    if sends is not None:
        ask_ahead(probe.endpoint, strategies, sends, share)
    for each in strategies:
        first = True
        while True:
            broken = _Search(probe, patient, known, label if first else None, counts=first)
            found = probe.search(each, broken.holds, examples=share)
            if found is None or broken.root is None:
                break
            first = False
            case = broken.cases[repr(found.smallest)]
            probe.holds(False, clause=case.clause, expected=case.expected, observed=case.observed,
                        exchange=case.exchange, root=case.root, by_policy=case.by_policy)  # fmt: skip
            known.add(broken.root)
            if len(known) == ROOTS:
                probe.observe(f"the search ended after {ROOTS} root causes")
                return


def _patient(probe: Probe, judge: Callable[[T], list[PropertyCase]]) -> Callable[[T], list[PropertyCase]]:
    """``judge`` for an endpoint that answers: ends the check at one that serves no more, or leaves too much unanswered.

    That is no finding here: the checks with the criteria no-crash and no-hang make it one (:func:`unanswered`).
    """
    silences = 0

    def judged(value: T) -> list[PropertyCase]:
        nonlocal silences
        if silences >= SILENCES:
            probe.untestable(f"the search ended after {silences} requests without an answer in time")
        with probe.client.recorder.watching() as exchanges:
            cases = judged_alone(probe.endpoint.ahead, lambda: judge(value), _all_held)
        lost = [each.error.kind for each in exchanges if each.error is not None]
        if any(kind in UNSERVED for kind in lost) and look(probe).problem is not None:
            probe.untestable("the endpoint serves no more")
        silences += "timeout" in lost
        return cases

    return judged


def _all_held(cases: list[PropertyCase]) -> bool:
    return all(each.held for each in cases)


class _Search(Generic[T]):
    """One search for the next root cause that is not known yet."""

    def __init__(
        self,
        probe: Probe,
        judge: Callable[[T], list[PropertyCase]],
        known: set[str],
        label: Callable[[T], list[str]] | None,
        *,
        counts: bool,
    ) -> None:
        self._probe, self._judge, self._known, self._label, self._counts = probe, judge, known, label, counts
        self.root: str | None = None
        self.cases: dict[str, PropertyCase] = {}

    def holds(self, value: T) -> bool:
        if self.root is None and self._label is not None:
            for name in self._label(value):
                self._probe.event(name)
        cases = self._judge(value)
        broken = [case for case in cases if not case.held and case.root not in self._known]
        if self.root is None:
            for case in cases:
                if case.held and self._counts:
                    self._probe.holds(True, clause=case.clause, expected=case.expected, observed=case.observed)
            self.root = broken[0].root if broken else None
        same = [each for each in broken if each.root == self.root]
        if same:
            self.cases[repr(value)] = same[0]
        return not same


def unanswered(
    probe: Probe, exchange: Exchange, again: Callable[[], Exchange], what: str, *, closed: str | None = None
) -> list[PropertyCase]:
    """Whether a request got an answer, and if not, whether that is a crash, a hang or a close.

    The check must declare the criteria no-crash and no-hang. After a crash nothing more can be searched, and each
    further hang costs a whole time limit: both are reported, and the check ends. One lost answer is neither: the
    request is sent once more on a connection of its own.

    Args:
        again: sends the request on a new connection.
        what: the request in words, short.
        closed: the clause that a closed connection breaks; None where that is right, and gives no case.
    """
    if exchange.error is None:
        return [_answered(exchange, what)]
    seen = look(probe)
    if seen.problem is not None:
        observed = f"{what}: {status_of(exchange)}; then {seen.problem}"
        probe.holds(False, clause=Criterion.NO_CRASH.clause, expected="an endpoint that still serves",
                    observed=observed, exchange=exchange, root=seen.root)  # fmt: skip
        probe.untestable("the endpoint serves no more")
    second = again()
    if second.error is None:
        probe.observe(f"{what}: {status_of(exchange)}, and {status_of(second)} on a new connection")
        return [_answered(second, what)]
    observed = f"{what}: {status_of(exchange)}; once more on a new connection: {status_of(second)}"
    if second.timed_out:
        probe.holds(False, clause=Criterion.NO_HANG.clause, expected="an answer within the time for one request",
                    observed=observed, exchange=second, root="no-answer:timeout")  # fmt: skip
        probe.untestable("the search ended at a request that hangs")
    if closed is None:
        return []
    return [
        PropertyCase(
            closed, False, "an answer with an error status", observed, f"no-answer:{second.error.kind}", second
        )
    ]


def look(probe: Probe) -> ServingState:
    """Whether it serves; with little patience where a check before has waited in vain, until it serves again."""
    known = probe.model.memory.of(_Waits) if probe.on_model else _Waits()
    seen = alive(probe, IMPATIENCE if known.in_vain else PATIENCE)
    known.in_vain = seen.problem is not None
    return seen


def _answered(exchange: Exchange, what: str) -> PropertyCase:
    return PropertyCase(Criterion.NO_HANG.clause, True, "an answer", f"{what}: {status_of(exchange)}", "", exchange)


def drawn_requests(probe: Probe, *, finite: bool = True) -> list[SearchStrategy[DrawnRequest]]:
    """Requests by the metadata and from samples, by size of batch; not applicable where neither gives any."""
    inputs = probe.model.metadata.inputs if probe.model.metadata else ()
    inputs = inputs if drawable(inputs) else ()
    if not inputs and not probe.model.samples:
        probe.not_applicable("the metadata describes no inputs that requests could be drawn for; samples would do")
    like = None
    with contextlib.suppress(Untestable):
        like = probe.accepted().request
    dress = partial(replace, like=like)
    drawn = [requests(inputs, probe.model.samples, finite=finite, batch=each).map(dress) for each in batches(inputs)]
    # Last: what was drawn shrinks, and of one root cause the first counterexample is reported.
    finites = (True,) if finite else (True, False)
    edges = [just(dress(every_edge(inputs, finite=each))) for each in finites] if inputs else []
    return [*drawn, *edges]


def plain_echoes(probe: Probe) -> dict[str, str]:
    """Input -> output of the echoes that keep ordinary values too: a model that clips or trims computes."""
    pairs = probe.model.rest.echoes()
    base = {tensor.name: tensor for tensor in probe.accepted().request.inputs}
    found = {}
    for name, output in pairs.items():
        tensor = base.get(name)
        if tensor is None:
            continue
        values = ORDINARY[DATATYPES[tensor.datatype].kind]
        request = probe.model.with_elements(probe.accepted().request, name, values)
        answer = outputs_of(probe.model.rest.infer(request)).get(output)
        if answer is not None and preserved(tensor.datatype, carried(request, name), answer.elements) is None:
            found[name] = output
    return found
