"""The sealed plan: what runs under it are held to, and in what a run is otherwise."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.bundle.limits import MAX_PLAN, counted
from harness.foreign import read_given
from reports.evidence import Plan, Record

SEALED_SCHEMA = "art15-plan/1"
# What each run has of its own, and what other members say as well.
_OWN = ("run_id", "sealed_at", "sealed", "policy_sha256", "endpoint")
_SHOWN = 60


class PlanRefused(Exception):
    """A sealed plan that cannot be read; one line that says why."""


class SealedPlan(Record, frozen=True, kw_only=True):
    """Everything that is fixed before the first request of the first run under it.

    Attributes:
        tool: name and version of what made it; only the same one carries it out.
        endpoint: that is probed; ``embedded`` for the reference server, which has an address of its own each time.
        stop_rule, exclusion_rule: when a run ends, and which observations do not count.
        sizes: how much is tried.
        files: SHA-256 of the files that the policy names, by their path as it stands there.
        plan: criteria, decision rule, budget, policy with levels, samples and waivers, checks, requirement set.
    """

    schema: str
    sealed_at: str
    tool: str
    endpoint: str
    stop_rule: str
    exclusion_rule: str
    sizes: dict[str, int]
    files: dict[str, str]
    plan: Plan


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A sealed plan as it lies in a file."""

    path: Path
    sha256: str
    sealed: SealedPlan

    @property
    def ledger(self) -> Path:
        """Where its ledger lies."""
        return ledger_beside(self.path)


def ledger_beside(path: Path) -> Path:
    """Where the ledger of a plan lies."""
    return path.with_suffix(".ledger.jsonl")


def read_sealed(path: Path) -> SealedFile:
    """Read a sealed plan.

    Raises:
        PlanRefused: it cannot be read, or is none.
    """
    try:
        data = read_given(path, MAX_PLAN)
        sealed = msgspec.json.decode(counted(data), type=SealedPlan)
    except OSError as error:
        raise PlanRefused(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PlanRefused(f"{path} is no sealed plan (art15 plan makes one): {error}") from error
    if sealed.schema != SEALED_SCHEMA:
        raise PlanRefused(f"{path} is of schema {sealed.schema!r:.60} where {SEALED_SCHEMA!r} is due")
    return SealedFile(path, hashlib.sha256(data).hexdigest(), sealed)


def otherwise(planned: SealedPlan, given: SealedPlan) -> list[str]:
    """In what a run would be otherwise than was planned, each by its name; budgets are not among it."""
    found = [*_members(planned, given, ("tool", "endpoint", "stop_rule", "exclusion_rule", "sizes", "files"))]
    return [*found, *plan_otherwise(planned.plan, given.plan)]


def plan_otherwise(planned: Plan, given: Plan) -> list[str]:
    """The same of the plan of a run that has taken place."""
    names = [name for name in planned.__struct_fields__ if name not in (*_OWN, "budget")]
    return [*_members(planned, given, names)]


def told_otherwise(planned: SealedPlan, given: SealedPlan) -> list[str]:
    """What may be otherwise and is told: how much a run may cost, and a policy that says the same in other bytes."""
    found = [*_members(planned.plan, given.plan, ("budget",))]
    if planned.plan.policy_sha256 != given.plan.policy_sha256:
        found.append("policy: the file has other bytes, and says the same")
    return found


def _members(planned: Record, given: Record, names: Iterator[str] | tuple[str, ...] | list[str]) -> Iterator[str]:
    for name in names:
        # As JSON has them: what was read has lists where what was made has tuples.
        yield from _apart(
            name, *(msgspec.json.decode(msgspec.json.encode(getattr(each, name))) for each in (planned, given))
        )


def _apart(name: str, planned: Any, given: Any) -> Iterator[str]:  # noqa: ANN401 -- values of JSON
    if planned == given:
        return
    rows = [_by_slug(each) for each in (planned, given)]
    if isinstance(rows[0], Mapping) and isinstance(rows[1], Mapping):
        for key in sorted({*rows[0], *rows[1]}):
            yield from _apart(f"{name}.{key}", rows[0].get(key), rows[1].get(key))
    else:
        yield f"{name}: planned {_short(planned)}, now {_short(given)}"


def _by_slug(value: Any) -> Any:  # noqa: ANN401 -- values of JSON
    """Checks by their names, so that one that is missing is told and not all that follow it."""
    if isinstance(value, list) and value and all(isinstance(each, dict) and "slug" in each for each in value):
        return {each["slug"]: each for each in value}
    return value


def _short(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
