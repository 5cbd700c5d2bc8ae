"""An endpoint that went away during a run: when, after which requests, and whether it came back.

It is told once, whatever the checks make of it. A request that met nobody says nothing about the endpoint, so it is
never a case of a clause (:class:`EndpointLost` ends the check instead).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from harness.criteria import Criterion

IncidentKind = Literal["gone", "silent"]
# Kinds of suspects that are named; more are counted.
NAMED = 3
_ROOTS: dict[IncidentKind, str] = {"gone": "endpoint-gone", "silent": "endpoint-silent"}


def is_of_incident(root: str) -> bool:
    """Whether a root cause is that of an incident, which is told by whichever check runs when it is noticed."""
    return root.partition(":")[0] in _ROOTS.values()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A request that was under way, or just answered, when the endpoint went away.

    Attributes:
        sha256: digest of its exchange record.
        what: method and path, for people.
        check: id of the check that sent it; None for one of the run's own.
        under_way: whether it had no answer yet.
        differs_in: members in which its body differs from a request that the model has accepted; empty if nobody knows.
        k, n: sent again on its own n times, the endpoint went away k times; n is 0 where it was not sent again.
    """

    sha256: str
    what: str
    check: str | None
    under_way: bool
    differs_in: tuple[str, ...] = ()
    k: int = 0
    n: int = 0

    @property
    def words(self) -> str:
        """What it is, and what it has that a valid request has not."""
        known = self.differs_in if self.what.endswith(("/infer", "ModelInfer")) else ()
        return f"{self.what} (unlike a valid one in: {', '.join(known)})" if known else self.what


@dataclass(slots=True)
class Incident:
    """The endpoint was away.

    Attributes:
        kind: ``gone``: it took no connection; ``silent``: it took connections and answered nothing.
        at: UTC, ISO 8601, when that was noticed.
        address: host and port.
        check: id of the check that ran then; None outside of checks.
        patience_s: how long it was waited for.
        back_after_s: seconds until it served again; None if it did not within the patience.
        suspects: most likely first; never a request that did not reach it.
        crowd: what was under way beside single requests, in words, such as load.
        together: ``(k, n)`` of all suspects sent again in their order, where none did it alone.
    """

    kind: IncidentKind
    at: str
    address: str
    check: str | None
    patience_s: float
    back_after_s: float | None = None
    suspects: tuple[Suspect, ...] = ()
    crowd: str = ""
    together: tuple[int, int] | None = None
    why_not_back: str = field(default="")

    @property
    def lost(self) -> bool:
        """Whether it did not come back."""
        return self.back_after_s is None

    @property
    def criterion(self) -> str:
        """The criterion of the policy that it breaks."""
        return Criterion.NO_CRASH if self.kind == "gone" else Criterion.NO_HANG

    @property
    def culprit(self) -> Suspect | None:
        """The request that did it: seen to do it again, or alone under suspicion and not sent again in vain."""
        proven = [each for each in self.suspects if each.k]
        if proven or self.crowd:
            return proven[0] if proven else None
        alone = self.suspects[0] if len(self.suspects) == 1 else None
        return alone if alone is not None and alone.under_way and not alone.n else None

    @property
    def root(self) -> str:
        """The root cause: what the request that did it has that a valid one has not."""
        known = self.culprit
        name = _ROOTS[self.kind]
        return f"{name}:{'+'.join(known.differs_in)}" if known is not None and known.differs_in else name

    @property
    def text(self) -> str:
        """One true sentence."""
        did = "stopped answering" if self.kind == "gone" else "took connections and answered nothing any more"
        where = f"during {self.check}" if self.check else "outside of any check"
        parts = [f"the endpoint ({self.address}) {did} at {_clock(self.at)}, {where}, {self._after()}"]
        if self.back_after_s is not None:
            parts.append(f"it served again {self.back_after_s:.1f} s later")
        else:
            parts.append(self.why_not_back or f"it did not come back within {self.patience_s:g} s")
        return "; ".join([*parts, *self._again()])

    def _after(self) -> str:
        under_way = sum(each.under_way for each in self.suspects)
        answered = len(self.suspects) - under_way
        if self.crowd:
            return self.crowd
        if not self.suspects:
            return "after no request that could have done it"
        # Newest first, and those of one kind together.
        kinds = Counter(each.words for each in self.suspects)
        named = ", ".join(f"{count} of {what}" if count > 1 else what for what, count in list(kinds.items())[:NAMED])
        rest = f" and {len(kinds) - NAMED} more kinds" if len(kinds) > NAMED else ""
        if len(self.suspects) == 1:
            state = "while this request was under way" if under_way else "right after the answer to this request"
            return f"{state}: {named}"
        how = [f"{under_way} under way"] if under_way else []
        how += [f"{answered} just answered"] if answered else []
        return f"after one of these {len(self.suspects)} requests ({', '.join(how)}): {named}{rest}"

    def _again(self) -> list[str]:
        proven = [each for each in self.suspects if each.k]
        if proven:
            return [f"sent again on its own, {proven[0].words} did it {proven[0].k} of {proven[0].n} times"]
        if self.together is not None and self.together[0]:
            return [f"all of them sent again in their order did it {self.together[0]} of {self.together[1]} times"]
        if any(each.n for each in self.suspects):
            return ["none of them did it again"]
        return []


class EndpointLost(Exception):
    """The endpoint went away while a check ran: nothing more can be said by this check; only the run handles it."""

    def __init__(self, incident: Incident) -> None:
        super().__init__(incident.text)
        self.incident = incident


def _clock(at: str) -> str:
    """The time of day in UTC, to a tenth of a second."""
    time = at.partition("T")[2].removesuffix("Z")
    return f"{time[:10]} UTC" if time else at
