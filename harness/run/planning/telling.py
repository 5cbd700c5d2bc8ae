"""What a run with a budget does first: the checks that tell most for what they cost, after what they stand on.

Weights are data (``telling.toml``), costs are measured (``suites/costs.json``, made by ``benchmarks/costs.py``).
"""

from __future__ import annotations

import functools
import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import suites
from harness.check import Check
from harness.clauses import Catalogue
from harness.suite import InPlanning, suite_named
from harness.verdicts import Level

COSTS = Path(suites.__path__[0]) / "costs.json"
WEIGHTS = Path(__file__).with_name("telling.toml")
# Draws of one search, by profile; costs of "deep" were not measured, and follow from those of "standard".
EXAMPLES = {"quick": 5, "standard": 20, "deep": 300}


@dataclass(frozen=True, slots=True)
class Cost:
    """What carrying out a check once takes: requests, and seconds beside an endpoint that answers at once."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Prices:
    """What checks cost in a run.

    Attributes:
        profile: of the run.
        credentials: whether it was given any; checks of access only send where it was.
    """

    profile: str
    credentials: bool = False

    def of(self, check: Check) -> Cost:
        """What a check costs on one model (or once, for the server)."""
        return _cost(check, self.profile, ["credentials"] if self.credentials else [])


def _cost(check: Check, profile: str, more: list[str]) -> Cost:
    if check.slug in _weights()["own_share"]["checks"]:
        return Cost(0, 0.0)
    tables = [*more, "standard" if profile == "deep" else profile]
    measured = next((found for name in tables if (found := _costs().get(name, {}).get(check.slug))), None)
    requests, seconds = measured or _weights()["unmeasured"][check.kind]
    if profile == "deep" and check.kind != "direct":
        factor = EXAMPLES["deep"] / EXAMPLES["standard"]
        return Cost(math.ceil(requests * factor), seconds * factor)
    return Cost(requests, seconds)


def most_telling_first(checks: Iterable[Check], catalogue: Catalogue, prices: Prices) -> dict[str, int]:
    """The place of each check, by slug: greedy by worth per request, round by round, each after what it needs.

    Args:
        checks: of the run.
        catalogue: levels and areas of clauses.
        prices: what they cost in this run.
    """
    waiting = {check.slug: check for check in checks}
    worth = _Worth(catalogue)
    costs = {slug: max(1, prices.of(check).requests) for slug, check in waiting.items()}
    placed: dict[str, int] = {}
    for number in range(len(_weights()["rounds"])):
        candidates = {slug: check for slug, check in waiting.items() if _round(check, costs[slug]) == number}
        while candidates:
            # A check is as good as what it brings along with all that it stands on.
            ways = {slug: _way(check, waiting) for slug, check in candidates.items()}
            best = max(ways, key=lambda slug: worth.of(ways[slug]) / sum(costs[each.slug] for each in ways[slug]))
            for check in ways[best]:
                worth.take(check)
                placed[check.slug] = len(placed)
                del waiting[check.slug]
                candidates.pop(check.slug, None)
    return placed


def _way(check: Check, waiting: Mapping[str, Check]) -> list[Check]:
    """The check, after all that it stands on and that has no place yet."""
    found: dict[str, Check] = {}

    def walk(each: Check, above: tuple[str, ...]) -> None:
        for need in (*each.needs, *_payers(each.slug)):
            if need in waiting and need not in found and need not in above:
                walk(waiting[need], (*above, each.slug))
        found[each.slug] = each

    walk(check, ())
    return list(found.values())


def _payers(slug: str) -> list[str]:
    """The check that sends what this one looks at as well."""
    pays: dict[str, list[str]] = _weights()["pays"]
    return [payer for payer, others in pays.items() if slug in others]


class _Worth:
    """What checks are worth, given what the ones before them decide."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._decided: set[str] = set()

    def of(self, checks: list[Check]) -> float:
        """The worth of all of them together."""
        return sum(_planned(check).worth.get(check.group, 1.0) * self._one(check) for check in checks)

    def take(self, check: Check) -> None:
        """It has its place: what it decides is worth less from now on."""
        self._decided.update(check.asked)

    def _one(self, check: Check) -> float:
        weights: dict[str, dict[str, float]] = _weights()
        worth = 0.0
        for asked in check.asked:
            clause = self._catalogue.clauses.get(asked)
            level = clause.level if clause else check.beyond_clauses.get(asked, Level.MAY)
            share = weights["levels"]["again"] if asked in self._decided else 1.0
            worth += weights["levels"][level.value] * share * (weights["areas"].get(clause.area, 1.0) if clause else 1)
        return worth


def _planned(check: Check) -> InPlanning:
    """What its suite says of it; nothing where it is a third party's."""
    suite = suite_named(check.suite)
    return suite.planning if suite is not None else InPlanning()


def _round(check: Check, requests: int) -> int:
    disturbing, basic = check.allow is not None, _planned(check).basic
    for number, each in enumerate(_weights()["rounds"]):
        suits = (
            each.get("basic", basic) == basic,
            check.group in each.get("groups", (check.group,)),
            check.kind in each.get("kinds", (check.kind,)),
            each.get("disturbing", disturbing) == disturbing,
            requests <= each.get("most_requests", requests),
        )
        if all(suits):
            return number
    return len(_weights()["rounds"]) - 1


@functools.cache
def _weights() -> dict[str, Any]:
    return tomllib.loads(WEIGHTS.read_text(encoding="utf-8"))


@functools.cache
def _costs() -> dict[str, dict[str, tuple[int, float]]]:
    try:
        loaded: dict[str, dict[str, tuple[int, float]]] = json.loads(COSTS.read_bytes())["profiles"]
    except (OSError, ValueError, KeyError):
        return {}
    return loaded
