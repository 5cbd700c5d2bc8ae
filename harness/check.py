"""What a check is: a named, documented function that sends something and says which clauses held.

    @check(
        "rest-infer-echoes-id",
        clauses=["REST-RESP-04"],
        duties=["A15-4-d"],
        criterion="every id that was sent comes back unchanged",
        per="model",
        needs=["rest-infer-answers-200"],
        faults=["drops-request-id"],
        fix="Copy the member id of the request into the response.",
    )
    def rest_infer_echoes_id(probe: Probe) -> None:
        '''A non-empty request id comes back unchanged.

        Sends a valid inference with each of several ids and compares by code points.
        '''

The slug is the identity of the check for ever; the function is the slug with underscores; clause numbers are
metadata. Severity is never written here: it comes from the clause. Registration refuses what is incomplete.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from harness.criteria import Advice, Criterion
from harness.incident import EndpointLost
from harness.suite import suite_named
from harness.verdicts import Level, Verdict, combine

__all__ = [
    "REGISTRY",
    "Check",
    "CheckDefinitionError",
    "EndpointLost",
    "Inconclusive",
    "NotApplicable",
    "Outcome",
    "Proportion",
    "Registry",
    "TesterFailed",
    "Untestable",
    "Violation",
    "check",
]  # fmt: skip

Per = Literal["server", "model"]
Kind = Literal["search", "sampling", "direct"]
CheckFunction = Callable[[Any], None]

# Values of ``last``: see :func:`check`.
HINDSIGHT, PASSIVE = 2, 3

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")


class CheckDefinitionError(Exception):
    """A check is declared wrongly; the message names the check and what to write instead."""


class Untestable(Exception):
    """The check could not be carried out; the message says what was missing."""


class NoAcceptedRequest(Untestable):
    """No request is known that the model accepts; the message says what was tried and what to give."""


class NotApplicable(Exception):
    """The clause speaks of something that this endpoint or model does not have; the message says what."""


class Inconclusive(Exception):
    """The check was carried out, but what was seen decides nothing; the message says what would."""


class TesterFailed(Exception):
    """The tester could not do its part, so nothing is said of the endpoint; the message says what went wrong."""


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check; see the module for how one is declared."""

    slug: str
    function: CheckFunction
    clauses: tuple[str, ...]
    duties: tuple[str, ...]
    criterion: str
    title: str
    method: str
    per: Per
    needs: tuple[str, ...]
    faults: tuple[str, ...]
    kind: Kind
    transport: str
    allow: str | None
    fix: str
    suite: str
    group: str
    only_records: bool = False
    criteria: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    shown_by: str = ""
    first: bool = False
    last: int = 0

    @property
    def passive(self) -> bool:
        """Whether it sends nothing of its own, and judges what all others have put on record."""
        return self.last == PASSIVE

    @property
    def asked(self) -> tuple[str, ...]:
        """What its cases are of: clauses, criteria of the policy as ``policy:NAME``, and ``advice:NAME``."""
        return (*self.clauses, *self.beyond_clauses)

    @property
    def beyond_clauses(self) -> dict[str, Level]:
        """What it asks beside clauses: breaking a criterion of the policy fails, breaking advice warns."""
        criteria = {Criterion(name).clause: Level.MUST for name in self.criteria}
        return criteria | {Advice(name).clause: Level.SHOULD for name in self.advice}

    @property
    def builtin(self) -> bool:
        """Whether the check ships with art15 (others come from the entry point group ``art15.checks``)."""
        return self.function.__module__.split(".", 1)[0] == "suites"


@dataclass(slots=True)
class Registry:
    """All checks known to this process, by slug, in order of registration."""

    checks: dict[str, Check] = field(default_factory=dict)

    def add(self, new: Check) -> None:
        """Register a check.

        Raises:
            CheckDefinitionError: another function has the slug already.
        """
        old = self.checks.get(new.slug)
        if old is not None and old.function.__module__ != new.function.__module__:
            raise CheckDefinitionError(
                f"check {new.slug!r} is declared twice: in {old.function.__module__} and {new.function.__module__}"
            )
        self.checks[new.slug] = new

    def __iter__(self) -> Iterator[Check]:
        return iter(self.checks.values())

    def validate_needs(self) -> None:
        """Every prerequisite is a registered check.

        Raises:
            CheckDefinitionError: one is not.
        """
        for each in self:
            for slug in each.needs:
                if slug not in self.checks:
                    raise CheckDefinitionError(f"check {each.slug!r} needs {slug!r}, which is no check")


REGISTRY = Registry()


def check(
    slug: str,
    *,
    clauses: Iterable[str] = (),
    duties: Iterable[str] = (),
    criterion: str,
    per: Per = "server",
    needs: Iterable[str] = (),
    faults: Iterable[str] = (),
    kind: Kind = "direct",
    transport: str = "rest",
    allow: str | None = None,
    fix: str = "",
    suite: str | None = None,
    only_records: bool = False,
    criteria: Iterable[str] = (),
    advice: Iterable[str] = (),
    shown_by: str = "",
    first: bool = False,
    last: int = 0,
) -> Callable[[CheckFunction], CheckFunction]:
    """Declare the decorated function ``(probe) -> None`` as a check.

    Args:
        slug: kebab-case identity; the function has the same name with underscores.
        clauses: ids of the protocol clauses it decides; the level of a finding is the level of its clause.
        duties: ids of the duties of Article 15 that its result is evidence for.
        criterion: what must be seen, stated before anything is sent.
        per: run once for the server, or once per model.
        needs: checks without whose success this one cannot be carried out.
        faults: seeded faults of the reference server that make this check fail (method validation).
        kind: ``direct``, ``search`` (a counterexample or none) or ``sampling`` (an estimate with an interval).
        transport: ``rest``, ``grpc`` or ``both``.
        allow: the ``--oip-allow`` word without which the check does not run; several are joined by ``+``. Without one,
            that of its suite (``suite.toml``).
        fix: how a server usually mends a finding, one sentence.
        suite: name of the suite for checks outside ``suites/``.
        only_records: nothing can break it, since its clauses allow every answer; so it needs no seeded fault.
        criteria: criteria of the policy that it decides (:class:`harness.criteria.Criterion`); a case of one is
            reported with the clause ``policy:NAME``, and breaking it fails, whatever the protocol says.
        advice: good practice (:class:`harness.criteria.Advice`); a case is reported as ``advice:NAME``, and
            breaking it warns.
        shown_by: the test that shows both directions of a check that the reference server cannot be put before.
        first, last: run before (after) every check that does not ask for the same, whatever it needs;
            ``last=HINDSIGHT`` after those, for a check that reads what others have put on record as well, and
            ``last=PASSIVE`` at the very end, for one that sends nothing of its own.

    Raises:
        CheckDefinitionError: the declaration is incomplete.
    """

    def register(function: CheckFunction) -> CheckFunction:
        title, method = _texts(slug, function)
        folder, group = _place(function.__module__, suite)
        new = Check(
            slug=slug,
            function=function,
            clauses=tuple(clauses),
            duties=tuple(duties),
            criterion=criterion,
            title=title,
            method=method,
            per=per,
            needs=tuple(needs),
            faults=tuple(faults),
            kind=kind,
            transport=transport,
            allow=_permission(folder, allow),
            fix=fix,
            suite=folder,
            group=group,
            only_records=only_records,
            criteria=tuple(criteria),
            advice=tuple(advice),
            shown_by=shown_by,
            first=first,
            last=last,
        )
        _refuse_incomplete(new)
        REGISTRY.add(new)
        function.__check__ = new  # type: ignore[attr-defined]  # how the plugin finds it again
        return function

    return register


def _texts(slug: str, function: CheckFunction) -> tuple[str, str]:
    doc = inspect.getdoc(function)
    if not doc and sys.flags.optimize > 1:
        raise CheckDefinitionError("python -OO leaves out the docstrings that name the checks: use -O, or neither")
    if not doc:
        raise CheckDefinitionError(f"check {slug!r} has no docstring: its first line is the title, the rest the method")
    title, _, method = doc.partition("\n")
    return title.strip(), " ".join(method.split())


def _place(module: str, suite: str | None) -> tuple[str, str]:
    """Suite and clause group from where the check stands: ``suites.conformance.rest.test_health``."""
    parts = module.split(".")
    group = parts[-1].removeprefix("test_").replace("_", "-")
    if suite is not None:
        return suite, group
    return (parts[1], group) if parts[0] == "suites" and len(parts) > 2 else (parts[0], group)


def _permission(suite: str, allow: str | None) -> str | None:
    """The words of the check, otherwise the one that all checks of its suite need, if any."""
    own = suite_named(suite)
    return allow or (own.permission if own is not None else "") or None


def _refuse_incomplete(new: Check) -> None:
    problem = None
    if not _SLUG.fullmatch(new.slug):
        problem = "is not a kebab-case slug such as 'rest-live-answers-200'"
    elif new.function.__name__ != new.slug.replace("-", "_"):
        problem = f"belongs to a function named {new.slug.replace('-', '_')}, not {new.function.__name__}"
    elif list(inspect.signature(new.function).parameters) != ["probe"]:
        problem = "must take exactly one parameter, probe"
    elif not new.criterion:
        problem = "states no criterion"
    elif not new.clauses and not new.duties:
        problem = "names no clause and no duty"
    elif set(new.criteria) - set(Criterion):
        problem = f"names an unknown criterion; there are {', '.join(Criterion)}"
    elif set(new.advice) - set(Advice):
        problem = f"names unknown advice; there is {', '.join(Advice)}"
    elif not new.title.endswith("."):
        problem = "has a title (first docstring line) that is not a sentence with a full stop"
    if problem:
        raise CheckDefinitionError(f"check {new.slug!r} {problem}")


@dataclass(frozen=True, slots=True)
class Violation:
    """One case in which a clause did not hold.

    ``root`` names the root cause: violations with the same root, in whatever check, are one finding. ``by_policy``
    says that the operator's policy makes a failure of it, whatever the clause's level; ``mild`` that the catalogue
    itself says of this half of the clause that breaking it is a warning; ``one_of_many`` that it is about many
    requests, such as a run of load, of which the exchange is one.
    """

    clause: str
    expected: str
    observed: str
    root: str
    exchange: str | None = None
    shrunk_from: int | None = None
    shrunk_to: int | None = None
    replayed: tuple[int, int] | None = None
    by_policy: bool = False
    mild: bool = False
    one_of_many: bool = False


@dataclass(frozen=True, slots=True)
class ObservedFact:
    """Something that matters whatever the checks say and that no clause decides, for the first screen.

    ``subject`` is ``management`` (reached with the rights of an inference) or ``credentials-ignored``; ``name`` what it
    is about, such as ``unload``.
    """

    subject: Literal["management", "credentials-ignored"]
    name: str
    text: str
    exchange: str | None = None


@dataclass(frozen=True, slots=True)
class Proportion:
    """``k`` successes in ``n`` independent draws, with an interval by ``method`` at ``confidence``."""

    k: int
    n: int
    method: str
    lower: float
    upper: float
    confidence: float


@dataclass(slots=True)
class Outcome:
    """What one execution of a check has seen so far.

    ``unreached`` says why a planned check was not carried out (``budget``), ``unsampled`` that it had no request that
    the model accepts. ``unshown`` are clauses reported broken that nothing shows.
    """

    levels: dict[str, Level]
    cases: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    observations: list[tuple[str | None, str]] = field(default_factory=list)
    exercised: dict[str, int] = field(default_factory=dict)
    estimate: Proportion | None = None
    series: list[msgspec.Struct] = field(default_factory=list)
    facts: list[ObservedFact] = field(default_factory=list)
    # Those of its clauses that speak of extensions.
    optional: frozenset[str] = frozenset()
    ended: Verdict | None = None
    reason: str = ""
    unreached: str = ""
    unsampled: bool = False
    unshown: set[str] = field(default_factory=set)

    def anew(self) -> None:
        """Forget everything: the check is carried out once more."""
        for seen in (self.cases, self.violations, self.observations, self.exercised, self.series, self.facts):
            seen.clear()
        self.unshown.clear()
        self.estimate, self.ended, self.reason, self.unreached, self.unsampled = None, None, "", "", False

    def weight(self, violation: Violation) -> Verdict:
        """How heavily one violation counts: as the level of its clause says, unless policy or case say else."""
        if violation.by_policy:
            return Verdict.FAIL
        worst = self.levels[violation.clause].violation
        return min(worst, Verdict.WARN, key=lambda verdict: verdict.rank) if violation.mild else worst

    def clause_verdict(self, clause: str) -> Verdict:
        """What this check says of one of its clauses: the level's verdict if broken, pass if only seen to hold."""
        if clause in self.unshown:
            return Verdict.TOOL_ERROR
        broken = [violation for violation in self.violations if violation.clause == clause]
        if broken:
            return combine(self.weight(violation) for violation in broken)
        if self.cases.get(clause):
            return Verdict.PASS
        return self.ended or Verdict.NOT_APPLICABLE

    def verdict(self) -> Verdict:
        """The verdict of the whole check; seeing nothing is never a pass."""
        seen = [self.clause_verdict(clause) for clause in self.levels if self.cases.get(clause)]
        if self.ended is not None:
            seen.append(self.ended)
        return combine(seen)
