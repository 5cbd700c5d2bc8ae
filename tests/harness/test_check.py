"""Declaring a check: what registration refuses, and how cases become verdicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.check import Check, CheckDefinitionError, Registry, check
from harness.outcome import Outcome, Violation
from harness.verdicts import Level, Verdict


def declare(**changes: Any) -> Callable[[Any], None]:
    """A well-formed declaration but for the changes."""
    arguments = {"slug": "some-check-holds", "clauses": ["REST-HEALTH-01"], "criterion": "it does", **changes}
    name = changes.pop("name", "some_check_holds")
    doc = changes.pop("doc", "Something holds.\n\nHow.")
    arguments.pop("name", None)
    arguments.pop("doc", None)

    def function(probe: object) -> None:
        del probe

    function.__name__, function.__doc__ = name, doc
    return check(arguments.pop("slug"), **arguments)(function)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slug": "Some_Check"}, "kebab-case"),
        ({"slug": "7"}, "kebab-case"),
        ({"name": "other"}, "function named some_check_holds"),
        ({"clauses": []}, "no clause and no duty"),
        ({"criterion": ""}, "no criterion"),
        ({"doc": ""}, "no docstring"),
        ({"doc": "no full stop"}, "sentence"),
    ],
)
def test_incomplete_declarations_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckDefinitionError, match=message):
        declare(**changes)


def test_wrong_signature_is_refused() -> None:
    def some_check_holds() -> None:
        """Something holds."""

    with pytest.raises(CheckDefinitionError, match="exactly one parameter"):
        check("some-check-holds", clauses=["X-1"], criterion="c")(some_check_holds)  # type: ignore[arg-type]


def made(slug: str, module: str, needs: tuple[str, ...] = ()) -> Check:
    """A check without a declaration."""

    def function(probe: object) -> None:
        del probe

    function.__module__ = module
    return Check(
        slug, criterion="c", clauses=["C-1"], needs=needs, suite="conformance",
        function=function, title="t.", method="", group="g",
    )  # fmt: skip


def test_two_functions_cannot_share_a_slug() -> None:
    registry = Registry()
    registry.add(made("a-b", "suites.x.test_one"))
    registry.add(made("a-b", "suites.x.test_one"))
    with pytest.raises(CheckDefinitionError, match="declared twice"):
        registry.add(made("a-b", "suites.x.test_two"))


def test_needs_must_exist() -> None:
    registry = Registry()
    registry.add(made("a-b", "m", needs=("c-d",)))
    with pytest.raises(CheckDefinitionError, match="needs 'c-d'"):
        registry.validate_needs()


def outcome(**levels: str) -> Outcome:
    """An outcome over clauses with these levels."""
    return Outcome({name: Level(level) for name, level in levels.items()})


def test_severity_comes_from_the_clause() -> None:
    seen = outcome(A="must", B="should", C="ambiguous", D="may")
    for name in "ABCD":
        seen.cases[name] = 1
    for name, verdict in {"D": "pass", "C": "warn", "B": "warn", "A": "fail"}.items():
        seen.violations.append(Violation(name, "e", "o", "r"))
        assert seen.clause_verdict(name) == verdict
        assert seen.verdict() == verdict


def test_seeing_nothing_is_never_a_pass() -> None:
    assert outcome(A="must").verdict() is Verdict.UNTESTABLE


def test_a_finding_stands_although_the_check_ended_early() -> None:
    seen = outcome(A="must")
    seen.cases["A"] = 1
    seen.ended = Verdict.UNTESTABLE
    assert seen.verdict() is Verdict.UNTESTABLE
    seen.violations.append(Violation("A", "e", "o", "r"))
    assert seen.verdict() is Verdict.FAIL


def test_a_clause_that_did_not_arise_does_not_hide_one_that_held() -> None:
    seen = outcome(A="must", B="should")
    seen.cases["A"] = 1
    assert seen.verdict() is Verdict.PASS
    assert seen.clause_verdict("B") is Verdict.NOT_APPLICABLE


def test_the_policy_can_raise_a_should() -> None:
    seen = outcome(B="should")
    seen.cases["B"] = 1
    seen.violations.append(Violation("B", "e", "o", "r", by_policy=True))
    assert seen.clause_verdict("B") is Verdict.FAIL
    assert seen.verdict() is Verdict.FAIL
