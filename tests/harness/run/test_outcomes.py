"""Words, counts and exit codes."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

import pytest

from harness.run.outcomes import counted, errors_apart, exit_of, word
from harness.verdicts import Verdict
from reports.text.sentences import sentences


@dataclass
class One:
    verdict: Verdict
    unreached: str = ""
    accepted: str = ""
    untested_by_name: bool = False
    id: str = "some-check"


PASS, FAIL = One(Verdict.PASS), One(Verdict.FAIL)
BROKE, OPEN = One(Verdict.TOOL_ERROR), One(Verdict.UNTESTABLE)
LEFT = One(Verdict.UNTESTABLE, unreached="budget")
WAIVED = One(Verdict.FAIL, accepted="waived")
NAMED = One(Verdict.UNTESTABLE, untested_by_name=True)


def test_every_result_has_one_word() -> None:
    assert word(LEFT) == "not carried out"
    assert word(WAIVED) == "waived"
    assert word(One(Verdict.WARN, accepted="waived")) == "warned"
    assert counted([PASS, FAIL, LEFT, WAIVED, PASS, BROKE, OPEN], sentences()) == (
        "1 failed, 1 tool error, 1 waived, 1 untestable, 1 not carried out, 2 passed"
    )
    assert counted([], sentences()) == "none"
    assert counted([FAIL, LEFT], sentences("de")) == "1 nicht bestanden, 1 nicht durchgeführt"


@pytest.mark.parametrize(
    ("results", "status", "code"),
    [
        ([PASS], 0, 0),
        ([PASS, OPEN, LEFT, WAIVED], 0, 0),
        ([PASS, FAIL], 1, 1),
        ([PASS, BROKE], 1, 3),
        ([BROKE, FAIL], 1, 1),
        ([PASS, NAMED], 0, 1),
        ([OPEN, LEFT], 0, 5),
        ([One(Verdict.NOT_APPLICABLE)], 0, 5),
        ([], 5, 5),
        ([FAIL], 2, 2),
        ([PASS], 3, 3),
    ],
)
def test_the_exit_code(results: list[One], status: int, code: int) -> None:
    assert exit_of(results, status=status, others_failed=0, stale=[]).code == code


def test_stale_waivers_and_other_tests_are_red_and_said() -> None:
    assert exit_of([PASS], status=0, others_failed=0, stale=["waiver for x ran out"]).code == 1
    found = exit_of([BROKE, FAIL], status=1, others_failed=2, stale=["waiver for x ran out"])
    assert found.code == 1
    assert found.why == (
        "1 check failed (some-check)",
        "waiver for x ran out",
        "2 other tests failed",
        "1 check where the tester failed (some-check)",
    )


def test_tool_errors_are_errors_in_junit() -> None:
    verdict = '<properties><property name="verdict" value="{}"/></properties>'
    case = f'<testcase>{verdict}<failure message="m">t</failure></testcase>'
    cases = case.format("tool_error") + case.format("fail")
    results = ElementTree.fromstring(f'<testsuites><testsuite errors="0" failures="2">{cases}</testsuite></testsuites>')
    errors_apart(results)
    text = ElementTree.tostring(results, "unicode")
    assert 'errors="1" failures="1"' in text
    assert (text.count("<error "), text.count("<failure ")) == (1, 1)
