"""Whether a candidate can take the place of the version under test: what the policy states, and what is only told."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.check import Inconclusive
from harness.criteria import Criterion
from harness.declared.rollout import RolloutTable
from harness.oracles.drift import drift
from harness.outcome import Proportion
from harness.probing.probe import Probe
from harness.probing.rollout.comparing import ComparedInput, Likeness
from harness.probing.rollout.comparison import Comparison
from harness.record.exchange import Exchange
from harness.statistics.binomial import clopper_pearson, decide, trials_without_failure
from harness.statistics.order import interval_places
from harness.wire.messages import ModelMetadata

ROLLOUT = Criterion.ROLLOUT.clause
OTHERWISE, REFUSES, UNANSWERED = "candidate-answers-otherwise", "candidate-refuses", "candidate-leaves-unanswered"
SLOWER, DESCRIBED = "candidate-slower", "candidate-described-otherwise"
METHOD = "Clopper-Pearson, each bound one-sided; share of inputs with the same answer, within the tolerance"
# Inputs that are listed one by one, and characters of a digest.
LISTED, DIGEST = 20, 16


@dataclass(frozen=True, slots=True)
class MedianRatio:
    """Bounds on how many times as long the candidate takes, and the same in words."""

    lower: float
    upper: float
    words: str


@dataclass(slots=True)
class CandidateVerdict:
    """Reports the cases of one comparison.

    Attributes:
        ratios_apart: measures latency once more, over connections of their own.
        undecided: which limits of the policy the inputs do not decide.
    """

    probe: Probe
    found: Comparison
    table: RolloutTable
    ratios_apart: Callable[[], list[float]]
    undecided: list[str] = field(default_factory=list)

    def judge(self) -> None:
        """Report everything that was compared.

        Raises:
            Inconclusive: a limit that the policy states is neither kept nor broken by what was seen.
        """
        self._told()
        self._serves()
        # What the version under test answers in two ways is no measure for anybody.
        if varying := self.found.of(Likeness.STABLE_VARIES):
            raise Inconclusive(f"{len(varying)} inputs were {Likeness.STABLE_VARIES}: {varying[0].words}")
        compared = self.found.compared
        agreeing = [each for each in compared if each.likeness is not Likeness.OTHERWISE]
        deciding = [each for each in compared if each.decides]
        same = [each for each in deciding if not each.changed]
        self._estimate(len(agreeing), len(compared))
        self._share("min_agreement", self.table.min_agreement, compared, agreeing, "the same answer")
        self._share("min_same_decisions", self.table.min_same_decisions, deciding, same, "the same decisions")
        self._count([each for each in deciding if each.changed], len(deciding))
        self._latency([each.ratio for each in compared if each.ratio is not None])
        if self.found.of(Likeness.NOBODY) or self.found.of(Likeness.NOT_NOW):
            self.undecided.append(f"the candidate did not take all inputs: {self.found.stopped or 'some were put off'}")
        if varying := self.found.of(Likeness.CANDIDATE_VARIES):
            self.undecided.append(f"{len(varying)} inputs were {Likeness.CANDIDATE_VARIES}: {varying[0].words}")
        if self.undecided and not self.probe.outcome.violations:
            raise Inconclusive("; ".join(self.undecided))
        for text in self.undecided:
            self.probe.observe(text, ROLLOUT)

    def _told(self) -> None:
        """What came of how many inputs, and those that came to something else than the same answer."""
        inputs, probe = self.found.inputs, self.probe
        samples = sum(each.sample for each in inputs)
        parts = ", ".join(f"{count} {likeness}" for likeness, count in self.found.counts.items())
        stopped = f"; not more: {self.found.stopped}" if self.found.stopped else ""
        asked = f"{len(inputs)} inputs, {samples} of them samples and {len(inputs) - samples} drawn"
        probe.observe(f"{asked}: {parts or 'none'}{stopped}", ROLLOUT)
        odd = [each for each in inputs if each.changed or each.words]
        for each in sorted(odd, key=lambda one: not one.changed)[:LISTED]:
            what = f"changed decision, {each.changed}" if each.changed else f"{each.likeness}, {each.words}"
            probe.observe(f"input {each.digest[:DIGEST]}: {what}", ROLLOUT)
        if len(odd) > LISTED:
            probe.observe(f"{len(odd) - LISTED} further inputs that differ are not listed", ROLLOUT)

    def _serves(self) -> None:
        """Whatever the policy says, what the version under test answers is answered."""
        for likeness, root in ((Likeness.REFUSED, REFUSES), (Likeness.UNANSWERED, UNANSWERED)):
            bad = self.found.of(likeness)
            if bad or (likeness is Likeness.REFUSED and self.found.compared):
                self.probe.holds(
                    not bad,
                    clause=ROLLOUT,
                    expected="the candidate answers what the version under test answers",
                    observed=f"{len(bad)} of {len(self.found.inputs)} inputs {likeness}, both times; "
                    f"input {bad[0].digest[:DIGEST]}: {bad[0].words}"
                    if bad
                    else "answered",
                    exchange=bad[0].exchange if bad else None,
                    root=root,
                )

    def _estimate(self, agreeing: int, compared: int) -> None:
        if compared:
            share = clopper_pearson(agreeing, compared, self.table.confidence)
            self.probe.outcome.estimate = Proportion(
                agreeing, compared, METHOD, share.lower, share.upper, share.confidence
            )

    def _share(
        self,
        name: str,
        required: float | None,
        inputs: Sequence[ComparedInput],
        good: Sequence[ComparedInput],
        what: str,
    ) -> None:
        """A share of inputs: told, and held against the policy where it states one."""
        if not inputs:
            if required is not None:
                self.undecided.append(f"{name} = {required:g}: no input was compared that decides it")
            return
        confidence = self.table.confidence
        bounds = clopper_pearson(len(good), len(inputs), confidence)
        seen = (
            f"{len(good)} of {len(inputs)} inputs have {what}: a share of {bounds.lower:.4f} or more, and of "
            f"{bounds.upper:.4f} or less, each with {confidence:.0%} confidence"
        )
        self.probe.observe(seen, ROLLOUT)
        if required is None:
            return
        decision = decide(len(good), len(inputs), required, confidence)
        if decision == "inconclusive":
            needed = trials_without_failure(required, confidence)
            self.undecided.append(f"{name} = {required:g} is not decided: {seen}; {needed} would, if none differs")
            return
        worst = next((each for each in inputs if each not in good), None)
        self._holds(decision == "supports", f"{name} = {required:g}, as the policy states", seen, worst)

    def _count(self, changed: Sequence[ComparedInput], inputs: int) -> None:
        most = self.table.max_changed_decisions
        if most is None:
            return
        if not inputs:
            self.undecided.append("max_changed_decisions: no input was compared whose answer is a decision")
            return
        seen = f"{len(changed)} of {inputs} inputs have another decision"
        if self.found.stopped and len(changed) <= most:
            self.undecided.append(f"max_changed_decisions = {most}: {seen}, and not all were compared")
            return
        shown = changed[0] if changed else None
        self._holds(len(changed) <= most, f"max_changed_decisions = {most}, as the policy states", seen, shown)

    def _holds(self, condition: bool, expected: str, seen: str, shown: ComparedInput | None) -> None:
        words = f"; input {shown.digest[:DIGEST]}: {shown.changed or shown.words}" if shown is not None else ""
        exchange = shown.exchange if shown is not None else None
        self.probe.holds(
            condition, clause=ROLLOUT, expected=expected, observed=seen + words, exchange=exchange, root=OTHERWISE
        )

    def _latency(self, ratios: list[float]) -> None:
        """A limit is missed only where it is over connections of their own as well."""
        most = self.table.max_latency_ratio
        found = self._median(ratios)
        if found is not None:
            self.probe.observe(found.words, ROLLOUT)
        if most is None:
            return
        if found is None:
            self.undecided.append(f"max_latency_ratio = {most:g}: {len(ratios)} pairs are too few")
            return
        seen, slower = found.words, False
        if found.lower > most:
            apart = self._median(self.ratios_apart())
            slower = apart is not None and apart.lower > most
            seen += f"; over connections of their own: {'too few pairs' if apart is None else apart.words}"
        if not slower and found.upper > most:
            self.undecided.append(f"max_latency_ratio = {most:g} is not decided: {seen}")
            return
        self.probe.holds(
            not slower,
            clause=ROLLOUT,
            expected=f"max_latency_ratio = {most:g}, as the policy states",
            observed=seen,
            root=SLOWER,
        )

    def _median(self, ratios: list[float]) -> MedianRatio | None:
        """The median over pairs, each of both orders, between two of them (W. J. Conover, 3.2); None of too few."""
        confidence = self.table.confidence
        # Each end errs with 1 - confidence at most, as the bounds of shares do.
        low, high = interval_places(len(ratios), 0.5, 2 * confidence - 1) if ratios else (None, None)
        if low is None or high is None:
            return None
        ordered = sorted(ratios)
        lower, upper = ordered[low], ordered[high]
        words = (
            f"the candidate takes {statistics.median(ordered):.3f} times as long in the median of {len(ratios)} inputs "
            f"asked in alternating order: {lower:.3f} or more, and {upper:.3f} or less, each with {confidence:.0%} "
            "confidence"
        )
        return MedianRatio(lower, upper, words)


def judge_metadata(
    probe: Probe, stable: ModelMetadata | None, candidate: ModelMetadata | None, shown: Exchange
) -> None:
    """Report what is described otherwise; only what the policy does not allow is held against the candidate.

    Args:
        shown: the metadata of the candidate, as it came.
    """
    if stable is None or candidate is None:
        who = "the version under test" if stable is None else "the candidate"
        probe.observe(f"metadata: not compared, since {who} gives none that can be read", ROLLOUT)
        return
    found = drift(stable, candidate)
    probe.observe(f"metadata: {'; '.join(found.values()) or 'no difference'}", ROLLOUT)
    allowed = probe.endpoint.policy.rollout.allow_metadata
    if allowed is not None:
        others = {aspect: words for aspect, words in found.items() if aspect not in allowed}
        probe.holds(
            not others,
            clause=ROLLOUT,
            expected=f"only {', '.join(allowed) or 'nothing'} described otherwise, as allow_metadata states",
            observed="; ".join(others.values()) or "no other difference",
            exchange=shown,
            root=DESCRIBED,
        )
