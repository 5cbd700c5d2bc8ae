"""What may be said of a run that sends sensitive samples: nothing that an endpoint answered, or that was sent to it.

A text is kept where nobody could have put a value into it: where its member says what it is, such as the name of a
check, or where it stands word by word in this program. Every other one is withheld, also that of a kind of line, or of
a member of one, that is new.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from harness.bundle.events import JournalEvent
from harness.bundle.exchange import NOT_KEPT
from harness.outcome import ObservedFact, Outcome
from harness.record.framing import MEDIA_TYPES
from harness.record.sensitive import Withholding
from harness.run.results import BUDGET, LOST
from harness.verdicts import Verdict

# Where the words of the program stand, and how short one may be that could be anything.
_ROOMS, _SHORTEST = ("harness", "suites"), 16
# Lines that are written of the run itself, of the policy, and of what describes the endpoint.
_WHOLE = {
    "baseline", "catalogue", "close", "deviation", "drill", "exchange", "identity", "incident", "items", "model",
    "open", "target",
}  # fmt: skip
_OF_DATA = frozenset(
    {"check", "model", "transport", "file", "origin", "label", "cluster", "prediction", "scores", "metric",
     "about", "group", "method", "side", "decision", "reason", "kind", "title", "size", "unit", "features", "domain",
     "source", "exchange", "techniques", "norm", "words"}
)  # fmt: skip
# How the reason of a check says what became of one that it needs.
_HOW = {f"is {each}" for each in Verdict} | {f"was not carried out ({each})" for each in (BUDGET, LOST)}
_NO_USE = "does not apply: "
# Causes that have in their names what an answer says of itself, and what of that is well known.
_OF_ANSWER = re.compile(r"(error-label:|error-object-missing:[^:]*:(?:body|members)-)(.*)", re.DOTALL)
_SAID = MEDIA_TYPES | {"no Content-Type", "untyped", "empty"}
_MEMBERS = {"code", "detail", "details", "errors", "message", "msg", "path", "reason", "status", "timestamp", "title",
            "type", "none"}  # fmt: skip
# Members of a line whose texts are kept, wherever in it they stand.
_KEPT: dict[str, frozenset[str]] = {
    "accuracy": _OF_DATA,
    "attacks": _OF_DATA - {"reason"},
    "robustness": _OF_DATA - {"reason"},
    "check": frozenset(
        {"id", "slug", "title", "suite", "group", "clause", "clauses", "level", "verdict", "duties", "transport",
         "model", "method", "criterion", "hint", "kind", "root", "exchange", "exchanges", "method_validation",
         "faults_found", "owner", "cure", "standing", "unreached", "started", "waiver"}
    ),
    "fact": frozenset({"check", "subject", "exchange", "name"}),
    "fingerprint": frozenset({"check", "model", "transport", "when"}),
    "series": frozenset(
        {"check", "name", "model", "transport", "run", "loop", "arrivals", "plan_sha256", "verdict", "reason",
         "code", "rank_rule", "files", "host", "status", "kind"}
    ),
    "provenance": frozenset({"check", "model", "transport", "place", "about", "state"}),
    "self_check": frozenset({"check", "exchange", "transport", "meant"}),
    "unsampled": frozenset({"model", "paste"}),
}  # fmt: skip


@dataclass(slots=True)
class ValueFree:
    """What may be told, in a run that sends sensitive samples; in any other all of it.

    Attributes:
        bodies: takes the content out of exchanges; None where nothing is sensitive.
    """

    bodies: Withholding | None = None
    # Checks that have ended, by id.
    _ended: set[str] = field(default_factory=set)
    # Values of headers that tell replicas apart: a header may hold anything.
    _replicas: dict[str, str] = field(default_factory=dict)

    def words(self, text: str) -> str:
        """A text about what was sent and answered, as it may be told."""
        return text if self.bodies is None or not text or _own(text) or self._is_need(text) else NOT_KEPT

    def _is_need(self, text: str) -> bool:
        """Whether a text names a check that has ended, and how, as the reason of another."""
        need, _, how = text.partition(", which ")
        if need.removeprefix("needs ") not in self._ended or not need.startswith("needs "):
            return False
        why = how.removeprefix(_NO_USE)
        return how in _HOW or (why != how and why == self.words(why))

    def ended(self, check: str) -> None:
        """Note that a check has ended, by its id."""
        self._ended.add(check)

    def line(self, event: JournalEvent) -> Any:  # noqa: ANN401 -- JSON-like data
        """The data of a line of the journal as it may be written."""
        kind, data = event.kind_of_line, msgspec.to_builtins(event)
        if self.bodies is None or kind in _WHOLE:
            return data
        return self._told(_SHAPED.get(kind, _as_it_is)(data), "", _KEPT.get(kind, frozenset()))

    def outcome(self, outcome: Outcome) -> None:
        """Take the words of what a check has seen out of it, before anybody is told."""
        if self.bodies is None:
            return
        words = self.words
        outcome.violations[:] = [
            replace(each, expected=words(each.expected), observed=words(each.observed), root=_root(each.root))
            for each in outcome.violations
        ]
        outcome.observations[:] = [(clause, words(text)) for clause, text in outcome.observations]
        outcome.facts[:] = [self._fact(each) for each in outcome.facts]
        outcome.reason = words(outcome.reason)

    def _fact(self, fact: ObservedFact) -> ObservedFact:
        name = fact.name
        if fact.subject == "replica-header":
            name = self._replicas.setdefault(name, f"replica {len(self._replicas) + 1}")
        return replace(fact, name=name, text=self.words(fact.text))

    def _told(self, value: Any, member: str, kept: frozenset[str]) -> Any:  # noqa: ANN401 -- JSON-like data
        if member in kept:
            return value
        if isinstance(value, str):
            return self.words(value)
        if isinstance(value, dict):
            return {name: self._told(each, name, kept) for name, each in value.items()}
        return [self._told(each, member, kept) for each in value] if isinstance(value, list | tuple) else value


def _root(root: str) -> str:
    """A cause; what an answer says of itself is kept in its name where it is well known."""
    found = _OF_ANSWER.fullmatch(root)
    if found is None:
        return root
    kind, said = found.groups()
    known = _MEMBERS.issuperset(said.split("-")) if kind.endswith("members-") else said in _SAID
    return root if known else f"{kind}something else"


def _own(text: str) -> bool:
    """Whether a text stands in the program as it is, so that nothing of the endpoint is in it."""
    return len(text) >= _SHORTEST and " " in text and f'"{text}"' in _program()


@functools.cache
def _program() -> str:
    """Every line of the program that may speak of an answer."""
    rooms = (importlib.resources.files(room) for room in _ROOMS)
    return "\n".join(_lines(each) for each in rooms)


def _lines(folder: Any) -> str:  # noqa: ANN401 -- a folder, as packages are found
    found = []
    for each in folder.iterdir():
        if each.is_dir():
            found.append(_lines(each))
        elif each.name.endswith(".py"):
            found.append(each.read_text("utf-8"))
    return "\n".join(found)


def _as_it_is(data: Any) -> Any:  # noqa: ANN401 -- JSON-like data
    return data


def _fingerprint(data: dict[str, Any]) -> dict[str, Any]:
    """Digests of answers: of few possible ones each could be tried."""
    return {**data, "fingerprint": {**data["fingerprint"], "answers": [], "sha256": None, "reason": NOT_KEPT}}


def _pictures(data: Any) -> Any:  # noqa: ANN401 -- JSON-like data
    """No picture of an input."""
    if isinstance(data, dict):
        gone: dict[str, Any] = {"pictures": [], "picture": None}
        return {name: gone[name] if name in gone else _pictures(each) for name, each in data.items()}
    return [_pictures(each) for each in data] if isinstance(data, list | tuple) else data


_SHAPED: dict[str, Callable[[Any], Any]] = {
    "attacks": _pictures,
    "fingerprint": _fingerprint,
    "robustness": _pictures,
}
