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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Any, Literal

from harness.criteria import Advice, Criterion
from harness.incident import EndpointLost
from harness.suite import suite_named
from harness.verdicts import Level

__all__ = [
    "REGISTRY",
    "Check",
    "CheckDefinitionError",
    "EndpointLost",
    "Inconclusive",
    "NotApplicable",
    "Registry",
    "TesterFailed",
    "Untestable",
    "check",
]  # fmt: skip

Per = Literal["server", "model"]
Kind = Literal["search", "sampling", "direct"]
CheckFunction = Callable[[Any], None]

# Values of ``last``: see :class:`Declaration`.
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
class Declaration:
    """What its author says of a check. As the decorator ``@check(...)`` it registers the function ``(probe) -> None``.

    Attributes:
        slug: kebab-case identity; the function has the same name with underscores.
        criterion: what must be seen, stated before anything is sent.
        clauses: ids of the protocol clauses it decides; the level of a finding is the level of its clause.
        duties: ids of the duties of Article 15 that its result is evidence for.
        per: run once for the server, or once per model.
        needs: checks without whose success this one cannot be carried out.
        faults: seeded faults of the reference server that make this check fail (method validation).
        kind: ``direct``, ``search`` (a counterexample or none) or ``sampling`` (an estimate with an interval).
        transport: ``rest``, ``grpc``, ``both``, or ``any``: whichever the policy names for what it asks.
        allow: the ``--oip-allow`` word without which the check does not run; several are joined by ``+``. Without one,
            that of its suite (``suite.toml``).
        fix: how a server usually mends a finding, one sentence.
        suite: name of the suite for checks outside ``suites/``; otherwise that of the folder.
        only_records: nothing can break it, since its clauses allow every answer; so it needs no seeded fault.
        criteria: criteria of the policy that it decides (:class:`harness.criteria.Criterion`); a case of one is
            reported with the clause ``policy:NAME``, and breaking it fails, whatever the protocol says.
        advice: good practice (:class:`harness.criteria.Advice`); a case is reported as ``advice:NAME``, and
            breaking it warns.
        shown_by: the test that shows both directions of a check that the reference server cannot be put before.
        first, last: run before (after) every check that does not ask for the same, whatever it needs;
            ``last=HINDSIGHT`` after those, for a check that reads what others have put on record as well, and
            ``last=PASSIVE`` at the very end, for one that sends nothing of its own.
    """

    slug: str
    _: KW_ONLY
    criterion: str
    clauses: Sequence[str] = ()
    duties: Sequence[str] = ()
    per: Per = "server"
    needs: Sequence[str] = ()
    faults: Sequence[str] = ()
    kind: Kind = "direct"
    transport: str = "rest"
    allow: str | None = None
    fix: str = ""
    suite: str = ""
    only_records: bool = False
    criteria: Sequence[str] = ()
    advice: Sequence[str] = ()
    shown_by: str = ""
    first: bool = False
    last: int = 0

    def __post_init__(self) -> None:
        # Authors write lists; who is registered is never changed.
        for name in ("clauses", "duties", "needs", "faults", "criteria", "advice"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def __call__(self, function: CheckFunction) -> CheckFunction:
        """Register the function as a check.

        Raises:
            CheckDefinitionError: the declaration is incomplete.
        """
        title, method = _texts(self.slug, function)
        suite, group = _place(function.__module__, self.suite)
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        said |= {"suite": suite, "allow": _permission(suite, self.allow)}
        new = Check(**said, function=function, title=title, method=method, group=group)
        _refuse_incomplete(new)
        REGISTRY.add(new)
        function.__check__ = new  # type: ignore[attr-defined]  # how the plugin finds it again
        return function


check = Declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Declaration):
    """A registered check: a declaration with its function, and what the function's docstring and place say."""

    function: CheckFunction
    title: str
    method: str
    group: str

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


def _texts(slug: str, function: CheckFunction) -> tuple[str, str]:
    doc = inspect.getdoc(function)
    if not doc and sys.flags.optimize > 1:
        raise CheckDefinitionError("python -OO leaves out the docstrings that name the checks: use -O, or neither")
    if not doc:
        raise CheckDefinitionError(f"check {slug!r} has no docstring: its first line is the title, the rest the method")
    title, _, method = doc.partition("\n")
    return title.strip(), " ".join(method.split())


def _place(module: str, suite: str) -> tuple[str, str]:
    """Suite and clause group from where the check stands: ``suites.conformance.rest.test_health``."""
    parts = module.split(".")
    group = parts[-1].removeprefix("test_").replace("_", "-")
    if suite:
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
