"""Titles of findings: what is wrong, in one positive sentence, with counts where they say more."""

from __future__ import annotations

from collections.abc import Iterable

from harness.criteria import GOOD_PRACTICE, Advice, Criterion
from reports.causes import CONSEQUENCES, Cause, Consequence, load_causes
from reports.document.breaches import Breach
from reports.document.excerpt import clip
from reports.evidence import CheckResult
from reports.text.sentences import sentences

TITLE = 160
# Values of a field that are named in a title; of more, the number of the rest.
NAMED = 4
# What breaking a criterion of the policy, or advice, means where no cause says it more closely.
_BEYOND: dict[str, Consequence] = {
    Criterion.NO_LEAK.clause: "data_of_others",
    Criterion.NO_CRASH.clause: "crash_or_hang",
    Criterion.NO_HANG.clause: "crash_or_hang",
    Criterion.READY_INFERS.clause: "crash_or_hang",
    Criterion.SERVICE_LEVEL.clause: "crash_or_hang",
    Criterion.FAILOVER.clause: "crash_or_hang",
    Criterion.SAME_ANSWER.clause: "wrong_answer",
    Criterion.DECLARED_ACCURACY.clause: "wrong_answer",
    Criterion.DECLARED_ROBUSTNESS.clause: "wrong_answer",
    Criterion.DECLARED_CONFIDENTIALITY.clause: "security",
    Criterion.NO_SILENT_CHANGE.clause: "wrong_answer",
    Criterion.NO_OPEN_ACCESS.clause: "security",
    Advice.SERVES_OTHERS.clause: "crash_or_hang",
    Advice.KEEPS_SERVING.clause: "crash_or_hang",
    Criterion.ROLLOUT.clause: "wrong_answer",
    Advice.ANSWERS_EVERYTHING.clause: "interoperability",
    Advice.STEADY_RESOURCES.clause: "crash_or_hang",
    Advice.BOUNDED_LABELS.clause: "crash_or_hang",
    Advice.SHEDS_CLEANLY.clause: "crash_or_hang",
    Advice.KEEPS_THROUGHPUT.clause: "crash_or_hang",
    Advice.RECOVERS.clause: "crash_or_hang",
    Advice.ONE_LEVEL.clause: "crash_or_hang",
    Advice.TURNS_NOBODY_AWAY.clause: "crash_or_hang",
    Advice.CLOSES_CLEANLY.clause: "crash_or_hang",
    Advice.STEADY_OVER_TIME.clause: "crash_or_hang",
    Criterion.PROVENANCE.clause: "interoperability",
    Criterion.INFERENCE_LOG.clause: "interoperability",
    Advice.CONSISTENT_CLAIMS.clause: "interoperability",
}


def title_of(cause: Cause | None, identity: str, breaches: list[Breach], counted: list[Breach]) -> str:
    """The title of a finding, with counts where they say more.

    Args:
        counted: these and what the cause explains, which is counted with it.
    """
    sentence = sentence_of(cause, identity, breaches)
    return _counted(sentence, cause, counted) if cause is not None else sentence


def sentence_of(cause: Cause | None, identity: str, breaches: list[Breach]) -> str:
    """The sentence of a cause, or else what was expected beside what was seen."""
    if cause is None:
        return _seen(identity, breaches)
    names = dict.fromkeys(name for breach in breaches for name in breach.fields)
    values = {name: listed(breach.fields[name] for breach in breaches if breach.fields.get(name)) for name in names}
    return cause.title.format_map(values)


def consequence_of(cause: Cause | None, breaches: list[Breach]) -> Consequence:
    """What a finding means for who uses the endpoint."""
    if cause is not None:
        return cause.consequence
    return min((consequence_of_clause(breach.tally.clause) for breach in breaches), key=CONSEQUENCES.index)


def undecided_title(verdict: str, reason: str, checks: list[CheckResult]) -> str:
    """The title of what is red though nothing was found: how it ended, and why."""
    slugs = list(dict.fromkeys(check.slug for check in checks))
    said = sentences()
    what = slugs[0] if len(slugs) == 1 else said.counted(len(slugs), "check")
    why = clip(reason.strip().rstrip("."), TITLE) or said("finding.no_reason")
    # Of a criterion that was missed without one case to show, the numbers are the reason.
    kind = verdict if verdict in ("untestable", "inconclusive", "tool_error") else "missed"
    return said(f"finding.{kind}", what=what, why=why)


def listed(values: Iterable[str]) -> str:
    """The different values, as words of a sentence; of many the first, and the number of the rest."""
    different = list(dict.fromkeys(values))
    shown, rest = different[:NAMED], len(different) - NAMED
    if rest > 0:
        return sentences().listed(different, NAMED)
    return sentences().joined([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _counted(title: str, cause: Cause, breaches: list[Breach]) -> str:
    """The title with how often, of how many: in the check that looked most often. A search ends at its first."""
    looked = [breach for breach in breaches if breach.tally.cases and breach.check.kind != "search"]
    if cause.noun is None or not looked:
        return title
    most = max(looked, key=lambda breach: (breach.tally.cases, breach.tally.failures))
    cases = most.tally.cases
    # A cause may have several roots in one check.
    same = [breach for breach in looked if (breach.check.id, breach.tally.clause) == (most.check.id, most.tally.clause)]
    failures = min(sum(breach.tally.failures for breach in same), cases)
    # A check whose every case is the finding of some cause has counted causes.
    every = sum(tally.failures for tally in most.check.tallies if tally.clause == most.tally.clause)
    if failures < cases <= every:
        return title
    if cases == 1:
        return title
    return sentences()("finding.counted", title=title, failures=failures, cases=cases, noun=cause.noun)


def consequence_of_clause(clause: str) -> Consequence:
    """What breaking a clause, a criterion or advice means where no root says it more closely."""
    known = load_causes().find(clause)
    if known is not None:
        return known[0].consequence
    return _BEYOND.get(clause, "security" if clause.startswith(GOOD_PRACTICE) else "interoperability")


def _seen(identity: str, breaches: list[Breach]) -> str:
    """For what no cause describes, such as the checks of third parties."""
    case = next((case for breach in breaches for case in breach.cases), None)
    if case is None:
        return sentences()("finding.broken", cause=identity)
    expected, observed = (clip(text.strip().rstrip("."), TITLE) for text in (case.expected, case.observed))
    return sentences()("finding.seen", observed=observed, expected=expected)
