"""The shortest list of earlier requests after which a fixed request gets another answer.

The state of an endpoint cannot be put back. So a history counts only where it brings the difference about again and
again, and where the request has its right answer when it is asked without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.oracles.whole import Deviation, deviations
from harness.probing.menu.answers import whole
from harness.probing.menu.menu import KnownKind
from harness.probing.menu.values import Values
from harness.record.exchange import Exchange

# Requests that one reduction may send, and how often a history has to bring the difference about.
MOST, TWICE = 300, 2
# How often a request is asked before a history that has left something behind is taken to be over.
SETTLING = 3
# How often it is asked without a history before one is blamed.
CONTROLS = 5
# How often in a row an answer is wrong that stays wrong.
FOR_GOOD = 9
LONGEST = 64


@dataclass(frozen=True, slots=True)
class EarlierRequest:
    """A request of a history.

    Attributes:
        same: whether it has the very values of the request that is judged.
    """

    one: KnownKind
    same: bool = False

    @property
    def words(self) -> str:
        """The request, for people."""
        return f"{self.one.name}{' with the same values' if self.same else ''}"


History = Sequence[EarlierRequest]


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a fixed request after a history; ``wrong`` is empty where it got the answer that is due."""

    wrong: list[Deviation]
    exchange: Exchange


def words_of(history: History) -> str:
    """The requests of a history in their order, for people."""
    return ", then ".join(each.words for each in history)


def after(history: History, fixed: KnownKind, values: Values, *, anew: bool) -> Judged:
    """Send a history and then a fixed request, and judge its answer.

    Args:
        anew: with values that were not there before: other rows, where rows are answered alike in any order.
    """
    request, due, but = fixed.request, fixed.due, fixed.varies
    rows = fixed.kind.rows or values.rows
    if anew and fixed.rowwise and rows > 1:
        request, due, but = fixed.reordered(values.order(rows))
    elif anew and due is not None:
        request = values.fresh(rows)
        but |= {f"{what} of {name!r}" for name in due.outputs for what in ("data", "shape")}
    for each in history:
        each.one.kind.send(request if each.same else each.one.request)
    exchange = fixed.kind.send(request)
    found = whole(exchange)
    return Judged([] if found is None or due is None else deviations(found, due, but), exchange)


@dataclass(slots=True)
class Reduction:
    """Looks for the shortest history of one difference, within a bounded number of requests.

    Attributes:
        anew: as for :func:`after`.
        left: requests that may still be sent.
        last: the latest answer that was wrong.
        again: how often the shortest history brought the difference about, of how many tries.
    """

    fixed: KnownKind
    values: Values
    anew: bool
    left: int = MOST
    last: Judged | None = None
    again: tuple[int, int] = field(default=(0, 0), init=False)

    def shortest(self, history: History) -> History | None:
        """The shortest history that was found to bring the difference about; None where none does so again."""
        found = self._tail(history)
        if found is None:
            return None
        found = self._without_idle(found)
        plain = tuple(EarlierRequest(each.one) for each in found)
        if any(each.same for each in found) and self.breaks(plain):
            found = plain
        tries = []
        for _ in range(TWICE):
            tries.append(self.breaks(found))
            if not self._stays_right():
                return None
        self.again = (sum(tries), len(tries))
        return found if any(tries) else None

    def _stays_right(self) -> bool:
        """Whether, without a history, the request is answered right from the first right answer on.

        Where one of several workers answers otherwise, it is right and wrong by turns, whatever came before.
        """
        wrong = self._alone(CONTROLS)
        return not any(wrong[wrong.index(False) :]) if False in wrong else True

    def _alone(self, times: int) -> list[bool]:
        """Whether the request is answered otherwise without a history, each time."""
        self.left -= times
        return [bool(after((), self.fixed, self.values, anew=self.anew).wrong) for _ in range(times)]

    def steady(self) -> bool | None:
        """Whether the request is answered right without a history; None where it never is so again."""
        wrong = self._alone(3)
        if not any(wrong[1:]):
            return True
        # Where one of several workers answers otherwise, it often does so three times in a row.
        return None if all(wrong) and all(self._alone(FOR_GOOD)) else False

    def breaks(self, history: History) -> bool:
        """Whether the request is answered otherwise after the history; no, where there is no budget left to see."""
        if self.left <= len(history):
            return False
        self.left -= len(history) + 1
        found = after(history, self.fixed, self.values, anew=self.anew)
        if found.wrong:
            self.last = found
            # What a history has left behind may last: the next one begins where the request is answered right.
            for _ in range(SETTLING):
                self.left -= 1
                if not after((), self.fixed, self.values, anew=self.anew).wrong:
                    break
        return bool(found.wrong)

    def _tail(self, history: History) -> History | None:
        """The shortest end of the history, by doubling, that brings the difference about."""
        size = 1
        while True:
            tail = tuple(history[-size:])
            if self.breaks(tail):
                return tail
            if size >= min(len(history), LONGEST):
                return None
            size *= 2

    def _without_idle(self, history: History) -> History:
        """The history without what it breaks without (delta debugging: parts alone, and all but a part)."""
        parts = 2
        while len(history) > 1:
            size = -(-len(history) // parts)
            cuts = range(0, len(history), size)
            alone = [history[cut : cut + size] for cut in cuts]
            rest = [(*history[:cut], *history[cut + size :]) for cut in cuts] if parts > 2 else []
            shorter = next((each for each in (*alone, *rest) if self.breaks(each)), None)
            if shorter is not None:
                history, parts = shorter, 2 if shorter in alone else max(parts - 1, 2)
            elif size == 1:
                break
            else:
                parts = min(parts * 2, len(history))
        return history
