"""What the provider declares of redundancy, what of it was seen, and what clients saw while a replica failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.bundle.drills import AccountSeen, DrillRecord, RepetitionSeen
from reports.document.drills import CARRIED_OUT
from reports.evidence import Params, Statement
from reports.evidence.statements import StatementKind
from reports.journal.state import JournalState
from reports.text.formats import seconds
from reports.text.sentences import sentences

CONTROL = "none"
BOUND = "max_recovery_s"
LOSSES = frozenset({"kill", "stop", "restart", "slow-start", "refuse", "half-open"})
"""Faults that take a replica away."""


def redundancy(recorded: JournalState) -> Iterator[Statement]:
    """The statements of the first screen about redundancy and drills."""
    service = recorded.plan.policy.get("service")
    declared: dict[str, Any] = service if isinstance(service, dict) else {}
    replicas, words = declared.get("replicas"), declared.get("failover")
    if replicas is None and words is None:
        yield Statement(kind="redundancy_none")
    if isinstance(replicas, int):
        yield _replicas(replicas, _met(recorded))
    if isinstance(words, str):
        yield _failover(words, declared.get("failover_s"), recorded.drills)
    yield _drills(recorded.drills, len(recorded.plan.policy.get("drills") or ()))


def _met(recorded: JournalState) -> list[str]:
    """Replicas that were told apart: by the header that names them, or at addresses of their own."""
    by_subject = [
        list(dict.fromkeys(fact.name for fact in recorded.facts if fact.subject == subject))
        for subject in ("replica-header", "replica-address")
    ]
    return max(by_subject, key=len)


def _replicas(declared: int, met: list[str]) -> Statement:
    params: Params = {"replicas": declared, "names": met}
    if not met:
        return Statement(kind="redundancy_unseen", params={"replicas": declared})
    return Statement(kind="redundancy_seen" if len(met) >= declared else "redundancy_part", params=params)


def _failover(words: str, within: float | None, drills: Sequence[DrillRecord]) -> Statement:
    said, lost = sentences(), [drill for drill in drills if drill.fault in LOSSES]
    # A drill that states a bound of its own is held to that one.
    bounded = [each for drill in lost if drill.criteria.get(BOUND) == within for each in _carried_out(drill)]
    if within is not None and bounded:
        held = sum(BOUND not in each.broken for each in bounded)
        params: Params = {"failover": words, "within": seconds(said, within), "held": held, "done": len(bounded)}
        return Statement(kind="failover_held" if held == len(bounded) else "failover_broken", params=params)
    done = sum(len(_carried_out(drill)) for drill in lost)
    return Statement(
        kind="failover_recorded" if done else "failover_untested", params={"failover": words, "done": done}
    )


def _drills(drills: Sequence[DrillRecord], declared: int) -> Statement:
    faulty = [drill for drill in drills if drill.fault != CONTROL]
    done = [(drill, each, each.account) for drill in faulty for each in _carried_out(drill) if each.account is not None]
    if not done:
        return Statement(kind="drills_not_run" if declared else "drills_none", params={"declared": declared})
    drill, _, account = max(done, key=lambda each: (each[2].since.bad, each[2].recovered_s, each[2].worst_s or 0.0))
    params: Params = {
        "drills": len({each.name for each, _, _ in done}), "repetitions": len(done), "drill": drill.name,
        "fault": drill.fault, "target": drill.target or drill.name, **_seen(account),
    }  # fmt: skip
    return Statement(kind=_kind(account), params=params)


def _kind(account: AccountSeen) -> StatementKind:
    if account.since.bad:
        return "drills_cost"
    return "drills_slow" if account.since.slow else "drills_clean"


def _seen(account: AccountSeen) -> Params:
    said, since = sentences(), account.since
    return {
        "sent": since.sent, "bad": since.bad, "refused": since.refused, "failed": since.failed, "wrong": since.wrong,
        "lost": since.lost, "slow": since.slow, "recovered": seconds(said, account.recovered_s),
        "worst": seconds(said, account.worst_s or 0.0),
    }  # fmt: skip


def _carried_out(drill: DrillRecord) -> list[RepetitionSeen]:
    return [each for each in drill.repetitions if each.ending == CARRIED_OUT]
