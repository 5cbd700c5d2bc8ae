"""One input asked of the version under test and of the candidate, twice each, and what the answers say together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from random import Random

from harness.endpoint.candidate import recorded_as_candidate
from harness.endpoint.route import AnyRoute
from harness.generate.distinct import drawn
from harness.oracles.decisions import deciding, other_decision
from harness.oracles.equality import Outputs, Tolerance, difference
from harness.probing.replies import not_now, refused, status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest

# Refusals that are about who is asking: they say nothing of the version. Over gRPC: PERMISSION_DENIED, UNAUTHENTICATED.
OF_RIGHTS, OF_RIGHTS_RPC = (401, 403), (7, 16)


class Likeness(StrEnum):
    """What came of one input."""

    IDENTICAL = "identical"
    WITHIN = "within the tolerance"
    OTHERWISE = "answered otherwise"
    REFUSED = "refused by the candidate"
    UNANSWERED = "left unanswered by the candidate"
    STABLE_REFUSES = "refused by the version under test"
    STABLE_VARIES = "answered in two ways by the version under test"
    CANDIDATE_VARIES = "answered in two ways by the candidate"
    NOT_NOW = "put off by the candidate"
    NOBODY = "without a connection to the candidate"


COMPARED = (Likeness.IDENTICAL, Likeness.WITHIN, Likeness.OTHERWISE)


@dataclass(frozen=True, slots=True)
class ComparedInput:
    """What came of one input.

    Attributes:
        sample: whether the operator gave it.
        digest: SHA-256 of the input's tensors.
        words: how the answers differ; empty where they do not.
        decides: whether an output of the answer is a decision.
        changed: the first decision that is another one, in words; empty where none is.
        ratio: of the candidate's time to the other's; None where not all four were answered.
        exchange: with the candidate, where it shows something.
    """

    sample: bool
    digest: str
    likeness: Likeness
    words: str = ""
    decides: bool = False
    changed: str = ""
    ratio: float | None = None
    exchange: Exchange | None = None


@dataclass(slots=True)
class Comparing:
    """Asks both. The order alternates, so that neither is always the first, nor the one with warm caches.

    Attributes:
        answered: an answer of the candidate, which stands for the many that show nothing else.
    """

    stable: AnyRoute
    candidate: AnyRoute
    tolerance: Tolerance
    answered: Exchange | None = None
    _turn: bool = False

    def inputs(self, seed: int, most: int) -> Iterator[tuple[InferRequest, bool]]:
        """Different requests, each with whether the operator gave it: all samples, then others.

        Args:
            most: how often another one is drawn.

        Raises:
            harness.check.Untestable: no request is known that the model accepts.
        """
        seen: set[str] = set()
        for request in self.stable.samples:
            if new_to(seen, request):
                yield request, True
        accepted = self.stable.accepted().request
        if new_to(seen, accepted):
            yield accepted, False
        bases = [*self.stable.samples, accepted]
        draw = Random(f"{seed} {self.stable.name}")  # noqa: S311 -- the same inputs for the same seed
        for request in islice(drawn(bases, draw), most):
            if new_to(seen, request):
                yield request, False

    def compare(self, request: InferRequest, *, sample: bool) -> ComparedInput:
        """Ask both for one input, twice each."""
        self._turn = not self._turn
        answers: dict[bool, list[Exchange]] = {True: [], False: []}
        for is_stable in (self._turn, not self._turn, not self._turn, self._turn):
            exchange = self._ask(request, is_stable=is_stable)
            answers[is_stable].append(exchange)
            if is_stable and not exchange.ok:
                return ComparedInput(sample, digest_of(request), Likeness.STABLE_REFUSES)
        return self._held(request, sample, answers[True], answers[False])

    def _ask(self, request: InferRequest, *, is_stable: bool) -> Exchange:
        if is_stable:
            return self.stable.ask(request)
        recorder = self.candidate.client.recorder
        with recorded_as_candidate(recorder), recorder.watching() as seen:
            last = self.candidate.ask(request)
        # What met nobody the second time was left without an answer the first time, on a connection that had served.
        return next((each for each in seen if not _met_nobody(each)), last) if _met_nobody(last) else last

    def _held(
        self, request: InferRequest, sample: bool, stable: list[Exchange], candidate: list[Exchange]
    ) -> ComparedInput:
        digest = digest_of(request)
        due, again = (self.stable.outputs(each) for each in stable)
        if not due:
            return ComparedInput(sample, digest, Likeness.STABLE_REFUSES)
        if (words := self._differ(again, due)) is not None:
            return ComparedInput(sample, digest, Likeness.STABLE_VARIES, words)
        bad = [each for each in candidate if not each.ok]
        if bad:
            shown = next((each for each in bad if not _met_nobody(each)), bad[0])
            return ComparedInput(sample, digest, _without(bad, of=len(candidate)), status_of(shown), exchange=shown)
        self.answered = self.answered or candidate[0]
        names = deciding(due)
        found = [self.stable.outputs(each) for each in candidate]
        differ = [self._differ(each, due) for each in found]
        ratio = sum(each.elapsed_s for each in candidate) / sum(each.elapsed_s for each in stable)
        if any(differ) and not all(differ):
            words = next(each for each in differ if each)
            return ComparedInput(sample, digest, Likeness.CANDIDATE_VARIES, words, exchange=candidate[0])
        # Both times: what came once may be chance.
        changes = [other_decision(each, due, names) for each in found]
        changed = (changes[0] or "") if all(changes) else ""
        same = all(difference(each, due) is None for each in found)
        likeness = Likeness.OTHERWISE if all(differ) else Likeness.IDENTICAL if same else Likeness.WITHIN
        evidence = candidate[0] if changed or likeness is Likeness.OTHERWISE else None
        return ComparedInput(sample, digest, likeness, differ[0] or "", bool(names), changed, ratio, evidence)

    def _differ(self, found: Outputs, due: Outputs) -> str | None:
        """Where an answer differs from the one that is due: in this order in words."""
        return difference(due, found, exact=False, tolerance=self.tolerance)


def _without(bad: list[Exchange], *, of: int) -> Likeness:
    """What a candidate does that does not answer each time."""
    if all(_met_nobody(each) for each in bad):
        return Likeness.NOBODY
    if len(bad) < of:
        return Likeness.CANDIDATE_VARIES
    shown = next(each for each in bad if not _met_nobody(each))
    if not refused(shown):
        return Likeness.UNANSWERED
    rights = shown.status in OF_RIGHTS if shown.rpc is None else shown.rpc.code in OF_RIGHTS_RPC
    return Likeness.NOT_NOW if rights or not_now(shown) else Likeness.REFUSED


def _met_nobody(exchange: Exchange) -> bool:
    return exchange.error is not None and exchange.error.kind == "connect"


def digest_of(request: InferRequest) -> str:
    """SHA-256 of the names, data types, shapes and values of the inputs."""
    return hashlib.sha256(repr(request.inputs).encode("utf-8", "surrogatepass")).hexdigest()


def new_to(seen: set[str], request: InferRequest) -> bool:
    """Whether a request was not there yet; now it is."""
    digest = digest_of(request)
    new = digest not in seen
    seen.add(digest)
    return new
