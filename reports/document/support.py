"""Whether observations are consistent with a duty: only where all was carried out that the duty asks for.

Every part of this is monotone: it asks that something is there and ended well, never that something is missing. So
whatever is taken away from a run, no duty gains by it; a test draws what to take away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.bundle.events import CheckListed, DutyListed
from reports.evidence import CheckResult
from reports.journal.state import JournalState
from reports.text.sentences import sentences

HELD = ("pass", "not_applicable")
_ENDED = ("warn", "fail", "inconclusive", "tool_error", "untestable")


@dataclass(frozen=True, slots=True)
class Support:
    """What a duty asks for, and what of it there is.

    Attributes:
        required: checks that the duty asks for, each model counted, over the transports with an address.
        held: those of them that passed or do not apply.
        lacking: what keeps the observations from speaking for the duty, in words; empty where nothing does.
        beyond_this_run: whether something is lacking that no selection of checks would have given this run.
        seen: whether any check that serves the duty saw anything.
        where: over which transports, in words.
    """

    required: int
    held: int
    lacking: tuple[str, ...]
    beyond_this_run: bool
    seen: bool
    where: str


def support(duty: DutyListed, recorded: JournalState) -> Support:
    """Hold the results of a run against what a duty asks for."""
    listed = [check for check in recorded.catalogue.checks if duty.id in check.duties]
    tried = recorded.opened.transports
    due = [check for check in listed if _reached(check.transport, tried)]
    results = {(check.slug, check.model): check for check in recorded.checks}
    wanted = [(check, model) for check in due for model in _subjects(check, recorded)]
    found = [(check, results.get((check.slug, model))) for check, model in wanted]
    serving = [check for check in recorded.checks if duty.id in check.duties]
    beyond = tuple(_beyond(duty, listed, recorded))
    lacking = (*beyond, *_conditions(duty, listed, found), *_not_carried_out(found, recorded), *_otherwise(serving))
    if not lacking and not any(check.decides and _passed(result) for check, result in found):
        lacking = (sentences()("support.none_passed"),)
    return Support(
        required=len(wanted),
        held=sum(result is not None and result.verdict in HELD for _, result in found),
        lacking=lacking,
        beyond_this_run=bool(beyond),
        seen=any(check.verdict not in ("untestable", "not_applicable") for check in serving),
        where=sentences()("support.over", transports=tried) if tried else "",
    )


def _reached(name: str, tried: list[str]) -> bool:
    return {"rest", "grpc"} <= {*tried} if name == "both" else name in (*tried, "any")


def _subjects(check: CheckListed, recorded: JournalState) -> list[str | None]:
    """What a check is due of: each model; a model check of a run without models is due of one that is not there."""
    if check.per == "server":
        return [None]
    return [*(model.name for model in recorded.models)] or ["a model"]


def _passed(result: CheckResult | None) -> bool:
    return result is not None and result.verdict == "pass"


def _beyond(duty: DutyListed, listed: list[CheckListed], recorded: JournalState) -> Iterator[str]:
    """What no check of this run could have given."""
    said = sentences()
    if not recorded.catalogue.checks:
        yield said("support.not_listed")
    elif not listed:
        yield said("support.no_check")
    for suite in duty.suites:
        if recorded.catalogue.checks and not any(check.suite == suite for check in listed):
            yield said("support.no_check_of_suite", suite=suite)
    if duty.declared is not None and not is_declared(recorded.plan.policy, duty.declared):
        table, _, key = duty.declared.partition(".")
        yield said("support.undeclared", table=table, key=key)
    if duty.several_runs:
        yield said("support.one_run")


def is_declared(policy: Mapping[str, Any], member: str) -> bool:
    """Whether ``table.key`` of the policy is true."""
    table, _, key = member.partition(".")
    held = policy.get(table)
    return isinstance(held, dict) and held.get(key) is True


def _conditions(
    duty: DutyListed, listed: list[CheckListed], found: list[tuple[CheckListed, CheckResult | None]]
) -> Iterator[str]:
    said = sentences()
    for suite in {check.suite: None for check in listed if check.suite in duty.suites}:
        of_suite = [result for check, result in found if check.suite == suite and check.decides]
        if not any(map(_passed, of_suite)):
            yield said("support.suite_not_passed", suite=suite)
    named_ones = [(check.slug, result) for check, result in found if check.slug in duty.passed]
    if duty.passed and not named_ones:
        yield said("support.unreachable", checks=duty.passed)
    without = [slug for slug, result in named_ones if not _passed(result)]
    if without:
        yield said("support.not_passed", checks=list(dict.fromkeys(without)))


def _not_carried_out(found: list[tuple[CheckListed, CheckResult | None]], recorded: JournalState) -> Iterator[str]:
    missing = [check for check, result in found if result is None]
    if not missing:
        return
    slugs = list(dict.fromkeys(check.slug for check in missing))
    allowed = {*recorded.plan.allow}
    words = {word for check in missing for word in (check.allow or "").split("+")} - allowed - {""}
    counts: dict[str, int | list[str]] = {"missing": len(missing), "due": len(found), "checks": slugs}
    if words:
        yield sentences()("support.not_allowed", **counts, allow=",".join(sorted(words)))
    else:
        yield sentences()("support.not_carried_out", **counts)


def _otherwise(serving: list[CheckResult]) -> Iterator[str]:
    """Results that are no pass, each kind once; a finding that speaks of another duty takes support away as well."""
    for verdict in _ENDED:
        slugs = list(dict.fromkeys(check.slug for check in serving if check.verdict == verdict))
        if slugs:
            yield sentences()(f"support_ended.{verdict}", checks=slugs)
