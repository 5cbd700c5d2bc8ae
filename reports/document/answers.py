"""The plain questions that a reader comes with, and what this run answers: counts and findings, never a score.

Made from the finished document alone, so that every number of an answer stands in ``evidence.json``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.criteria import GOOD_PRACTICE, POLICY
from reports.document.levels import levels
from reports.document.sums import names_faults, validated
from reports.document.titles import consequence_of_clause
from reports.evidence import (
    AnswerState,
    ConsequenceName,
    Evidence,
    Finding,
    Params,
    PlainAnswer,
    QuestionName,
    Statement,
)
from reports.evidence.statements import StatementKind

_SHOWN = ("fail", "warn")
# What of the findings answers a question, and what is said where some failed, some are
# warnings, there are none, and nothing looked.
_BY_CONSEQUENCE: dict[QuestionName, tuple[tuple[ConsequenceName, ...], tuple[StatementKind, ...]]] = {
    "answers": (("wrong_answer", "data_of_others"), ("wrong_seen", "wrong_warned", "wrong_unseen", "wrong_untested")),
    "access": (("security",), ("access_seen", "access_warned", "access_unseen", "access_untested")),
    "serving": (("crash_or_hang",), ("serving_seen", "serving_warned", "serving_unseen", "serving_untested")),
}
# Statements of the summary that are said again under a question.
_REDUNDANCY = ("redundancy_", "failover_", "drills_")
# What is said where load or the loss of a replica was not tried.
_UNSEEN = ("load_none", "drills_none", "drills_not_run")
_GAPS = ("cut_short", "nothing_tested", "only_load", "silent")


def answers(document: Evidence) -> list[PlainAnswer]:
    """One answer a question, in the order in which the report asks them."""
    serving = [_load(document), *_repeated(document, _REDUNDANCY)]
    unseen = any(each.kind in _UNSEEN for each in serving)
    return [
        _protocol(document),
        _by_consequence(document, "answers"),
        _by_consequence(document, "access", held="recorded" if document.run.facts else "held"),
        _by_consequence(document, "serving", serving, held="partly" if unseen else "held"),
        _levels(document),
        _origin(document),
        _sure(document),
        _silence(document),
    ]


def _protocol(document: Evidence) -> PlainAnswer:
    seen = [row for row in document.catalogue.clauses if row.verdict in ("pass", "warn", "fail")]
    must = [row for row in seen if row.level == "must"]
    soft = [row for row in seen if row.level in ("should", "ambiguous")]
    broken = {row.id for row in must if row.verdict == "fail"}
    warned = sum(row.verdict == "warn" for row in soft)
    causes = [each for each in document.summary.findings if each.verdict == "fail" and broken & {*each.clauses}]
    tested: Params = {"tested": len(must)}
    if broken:
        said = [Statement(kind="protocol_broken", params={**tested, "broken": len(broken), "causes": len(causes)})]
    else:
        said = [Statement(kind="protocol_kept", params=tested) if must else Statement(kind="protocol_untested")]
    if warned:
        said.append(Statement(kind="protocol_warned", params={"warned": warned, "tested": len(soft)}))
    state: AnswerState = "broken" if broken else "warned" if warned else "held" if must else "not_shown"
    told = [each for each in document.summary.findings if each.verdict in _SHOWN and _of_protocol(each)]
    return PlainAnswer(question="protocol", state=state, statements=said, findings=_roots(told))


def _of_protocol(finding: Finding) -> bool:
    return any(not clause.startswith((POLICY, GOOD_PRACTICE)) for clause in finding.clauses)


def _by_consequence(
    document: Evidence, question: QuestionName, more: Iterable[Statement] = (), held: AnswerState = "held"
) -> PlainAnswer:
    """What findings of some consequences say; without any, how many checks that look for one passed.

    ``held`` is the state where nothing was found, which is less than it sounds where something was not tried.
    """
    consequences, (some, warned, none, untested) = _BY_CONSEQUENCE[question]
    told = [each for each in document.summary.findings if each.consequence in consequences and each.verdict in _SHOWN]
    passed = sum(
        check.verdict == "pass" and any(consequence_of_clause(each.clause) in consequences for each in check.clauses)
        for check in document.checks
    )
    state: AnswerState
    if told:
        failed = any(each.verdict == "fail" for each in told)
        said = Statement(kind=some if failed else warned, params={"findings": len(told)})
        state = "broken" if failed else "warned"
    elif passed:
        said, state = Statement(kind=none, params={"checks": passed}), held
    else:
        said, state = Statement(kind=untested), "not_shown"
    return PlainAnswer(question=question, state=state, statements=[said, *more], findings=_roots(told))


def _load(document: Evidence) -> Statement:
    runs = len(document.series)
    return Statement(kind="load_measured", params={"runs": runs}) if runs else Statement(kind="load_none")


def _levels(document: Evidence) -> PlainAnswer:
    decided = Counter[str](each.decision or "inconclusive" for each in levels(document))
    measured = len(document.accuracy) + len(document.robustness) + len(document.attacks)
    state: AnswerState
    if decided:
        params: Params = {name: decided[name] for name in ("supports", "contradicts", "inconclusive")}
        said = Statement(kind="levels_decided", params={**params, "declared": decided.total()})
        state = "broken" if decided["contradicts"] else "undecided" if decided["inconclusive"] else "supported"
    elif measured:
        said, state = Statement(kind="levels_undeclared", params={"measured": measured}), "undecided"
    else:
        said, state = Statement(kind="levels_none"), "not_shown"
    return PlainAnswer(question="levels", state=state, statements=[said])


def _origin(document: Evidence) -> PlainAnswer:
    states = Counter[str](model.identity_state for model in document.item.models)
    links = Counter[str](link.state for chain in document.provenance for link in chain.links)
    state: AnswerState
    if states["changed"]:
        said, state = Statement(kind="identity_changed", params={"models": states["changed"]}), "broken"
    elif states["unchanged"] and not states["unknown"]:
        said, state = Statement(kind="identity_unchanged", params={"models": states["unchanged"]}), "held"
    else:
        said, state = Statement(kind="identity_unknown", params={"models": states["unknown"]}), "not_shown"
    names = ("verified", "computed", "claimed", "missing", "contradicted")
    if links:
        more = Statement(kind="links_seen", params={name: links[name] for name in names})
        state = "broken" if links["contradicted"] else state
    else:
        more = Statement(kind="links_none")
    if state == "held" and not links["verified"]:
        # That its metadata stay the same does not say which model it is.
        state = "partly"
    return PlainAnswer(question="origin", state=state, statements=[said, more])


def _sure(document: Evidence) -> PlainAnswer:
    """What the failures rest on, and what the checks do: whether they came again, and were seen to fail."""
    sent = [case.replayed for check in document.checks for case in check.counterexamples if case.replayed is not None]
    found, slugs = validated(document.checks)
    said = []
    if sent:
        always = sum(each.k == each.n for each in sent)
        said.append(Statement(kind="sure_again", params={"cases": len(sent), "always": always}))
    if slugs and names_faults(document):
        said.append(Statement(kind="sure_validated", params={"validated": found, "checks": slugs}))
    return PlainAnswer(question="sure", state="recorded", statements=[*said, Statement(kind="sure_once")])


def _silence(document: Evidence) -> PlainAnswer:
    said = _repeated(document, _GAPS)
    undecided = sum(duty.state == "inconclusive" for duty in document.duties)
    if undecided:
        said.append(Statement(kind="duties_open", params={"duties": undecided}))
    left_out = document.summary.verdicts.get("untestable", 0)
    if left_out:
        params: Params = {"left_out": left_out, "checks": len(document.checks)}
        said.append(Statement(kind="checks_left_out", params=params))
    return PlainAnswer(question="silence", state="not_shown", statements=said)


def _repeated(document: Evidence, begins: tuple[str, ...]) -> list[Statement]:
    return [each for each in document.summary.kinds if each.kind.startswith(begins)]


def _roots(findings: Iterable[Finding]) -> list[str]:
    return [each.root for each in findings]
