"""What results are called and how they are counted, and the exit code they make.

pytest's last line, ours, and ``junit.xml`` take their words from here, so that none contradicts another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from xml.etree import ElementTree

from harness.verdicts import Verdict
from reports.text.markdown import cut
from reports.text.sentences import Sentences

OK, FINDINGS, TESTER, NOTHING = 0, 1, 3, 5
FAILED, TOOL_ERROR, UNREACHED = "failed", "tool error", "not carried out"
WAIVED, KNOWN, NOT_COUNTED = "waived", "known", "not counted"
# Checks that are named in a line, and characters of each: a model may be called as its endpoint likes.
NAMED, LONGEST_NAME = 5, 120

# By the word: the letter and the long word of pytest's progress. The order is that of every line of counts.
WORDS: dict[str, tuple[str, Any]] = {
    FAILED: ("F", ("FAIL", {"red": True})),
    TOOL_ERROR: ("T", ("TOOL ERROR", {"red": True})),
    WAIVED: ("v", ("WAIVED", {"yellow": True})),
    KNOWN: ("k", ("KNOWN", {"yellow": True})),
    NOT_COUNTED: ("c", ("NOT COUNTED", {"yellow": True})),
    "inconclusive": ("i", ("INCONCLUSIVE", {"yellow": True})),
    "untestable": ("u", ("UNTESTABLE", {"yellow": True})),
    UNREACHED: ("-", ("NOT CARRIED OUT", {"yellow": True})),
    "warned": ("w", ("WARN", {"yellow": True})),
    "passed": (".", "PASS"),
    "not applicable": ("n", "NOT APPLICABLE"),
}
_OF_VERDICT = {
    Verdict.FAIL: FAILED,
    Verdict.TOOL_ERROR: TOOL_ERROR,
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.UNTESTABLE: "untestable",
    Verdict.WARN: "warned",
    Verdict.PASS: "passed",
    Verdict.NOT_APPLICABLE: "not applicable",
}
_SEEN = (Verdict.PASS, Verdict.WARN, Verdict.FAIL)


class ResultView(Protocol):
    """What is read of a result (:class:`harness.run.results.Result`)."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def verdict(self) -> Verdict:
        """How it ended."""

    @property
    def unreached(self) -> str:
        """Why it was not carried out."""

    @property
    def accepted(self) -> str:
        """Why what was found is not held against the endpoint: the word of this; empty where it is."""

    @property
    def untested_by_name(self) -> bool:
        """Whether it was asked for by name, and could not be tested."""


def word(result: ResultView) -> str:
    """How one result is called wherever results are counted."""
    if result.unreached:
        return UNREACHED
    if result.accepted and result.verdict in (Verdict.FAIL, Verdict.TOOL_ERROR):
        return result.accepted
    return _OF_VERDICT[result.verdict]


def counted(results: Iterable[ResultView], said: Sentences) -> str:
    """``2 failed, 1 waived, 94 passed``: the counts of pytest's last line, in our order."""
    counts = Counter(word(result) for result in results)
    shown = [f"{counts[each]} {said.spoken('counted', each)}" for each in WORDS if counts[each]]
    return ", ".join(shown) or said("format.none")


@dataclass(frozen=True, slots=True)
class Exit:
    """How a run ends.

    Attributes:
        code: the exit code.
        why: what makes it, a part for each; empty where nothing does.
    """

    code: int
    why: tuple[str, ...]


def exit_of(
    results: Collection[ResultView],
    *,
    status: int,
    others_failed: int,
    stale: Sequence[str],
    wrong_messages: Sequence[str] = (),
) -> Exit:
    """The exit code of a run and its reasons.

    Args:
        results: of all checks that ran.
        status: pytest's own; what is neither 0 nor 1 (interrupted, an internal error, usage) stays.
        others_failed: failed items that are no checks of ours.
        stale: waivers that cover nothing any more, and known findings that occur no more.
        wrong_messages: of the tester, that are not what they were meant to be: no finding stands on such ground.
    """
    parts = {
        FINDINGS: [
            _some([each for each in results if word(each) == FAILED], "failed"),
            _some([each for each in results if each.untested_by_name], "asked for by name and could not be tested"),
            "; ".join(stale),
            f"{others_failed} other tests failed" if others_failed else "",
        ],
        TESTER: [_some([each for each in results if word(each) == TOOL_ERROR], "where the tester failed")],
    }
    codes = [code for code in (FINDINGS, TESTER) if any(parts[code])]
    why = tuple(text for code in codes for text in parts[code] if text)
    why = (*wrong_messages, *why)
    if status not in (OK, FINDINGS):
        return Exit(status, why)
    if wrong_messages:
        return Exit(TESTER, why)
    if codes:
        return Exit(codes[0], why)
    if not any(each.verdict in _SEEN for each in results):
        return Exit(NOTHING, ("no check decided anything",))
    return Exit(OK, ())


def _some(results: list[ResultView], what: str) -> str:
    if not results:
        return ""
    names = ", ".join(cut(each.id, LONGEST_NAME) for each in results[:NAMED]) + (", …" if len(results) > NAMED else "")
    return f"{len(results)} check{'s' if len(results) > 1 else ''} {what} ({names})"


def errors_apart(results: ElementTree.Element) -> None:
    """In a ``junit.xml``: what the tester could not do is an error, and no failure of the endpoint."""
    for suite in results.iter("testsuite"):
        moved = 0
        for case in suite.iter("testcase"):
            properties = {each.get("name"): each.get("value") for each in case.iter("property")}
            for failure in case.findall("failure") if properties.get("verdict") == Verdict.TOOL_ERROR else ():
                failure.tag = "error"
                moved += 1
        if moved:
            suite.set("failures", str(int(suite.get("failures", "0")) - moved))
            suite.set("errors", str(int(suite.get("errors", "0")) + moved))
