"""Attacks on samples against the limits that the policy declares for their success."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from harness.budget import BudgetExhausted
from harness.bundle.attacks import AttackSeen, AttacksRecord, AttacksSeen, ServiceReaction
from harness.criteria import Criterion
from harness.judging.robustness.bench import Bench, bench, domain_words
from harness.judging.robustness.evasion import Attacked, attack_of, attack_seen, attacked, targets
from harness.judging.robustness.honest import HonestAgain, honest_again, reaction_of
from harness.judging.robustness.perturbed import share_words
from harness.probing.labelled import described
from harness.probing.probe import Probe
from harness.robustness.declared import RobustnessTable
from harness.robustness.shares import Family
from harness.statistics.family import decided_together


@dataclass(slots=True)
class _Done:
    """One attack and what came after it."""

    found: Attacked
    again: HonestAgain | None = None


def judge_evasion(probe: Probe, table: RobustnessTable) -> list[str]:
    """Attack the samples, report a case for each limit that is decided, and give what is not, in words.

    Raises:
        TesterFailed: the samples cannot be read, or the policy asks for what there is not.
        BudgetExhausted: the budget does not reach; what was seen until then is on record, and nothing is decided.
    """
    for each in table.attack:
        attack_of(each)
    on = bench(probe, table)
    _afford(probe, on)
    done: list[_Done] = []
    cut_short = None
    try:
        for each in table.attack:
            attacked(on, each, lambda found: done.append(_Done(found)))
            done[-1].again = honest_again(probe, on, done[-1].found)
    except BudgetExhausted as error:
        cut_short = error
    family = Family(table.confidence, sum(each.max_success is not None for each in table.attack), probe.endpoint.seed)
    seen = [_seen(on, each, family) for each in done]
    if cut_short is None:
        seen = _decided(seen, family)
    record = attacks_record(probe, on, family.size)
    probe.outcome.series.append(AttacksSeen(attacks=msgspec.structs.replace(record, attacks=seen)))
    for one in seen:
        probe.observe(words(one))
    if cut_short is not None:
        raise cut_short
    undecided: list[str] = []
    for carried_out, one in zip(done, seen, strict=True):
        undecided += _reported(probe, carried_out, one)
        _report_honest(probe, carried_out)
    return undecided


def attacks_record(probe: Probe, on: Bench, family: int = 0) -> AttacksRecord:
    """What is on record whatever was asked."""
    return AttacksRecord(
        model=probe.model.id,
        transport=on.table.transport,
        data=described(probe, on.table, on.data),
        domain=domain_words(on.table),
        seed=on.seed,
        queries=on.decider.queries,
        confidence=on.table.confidence,
        family=family,
    )


def words(seen: AttackSeen) -> str:
    """One attack in a sentence."""
    last = seen.curve[-1]
    distance = "none" if last.median is None else f"{last.median:.6g}"
    limit = "" if seen.limit is None else f", {seen.successes} of them within {seen.limit:g}"
    missing = f", {seen.missing} of which nothing can be said" if seen.missing else ""
    share = "" if seen.share is None else f"; share {share_words(seen.share)}"
    refused = ", ".join(f"{count} times {status}" for status, count in seen.reaction.refused.items())
    reaction = f"; {seen.unanswered} queries without an answer ({refused})" if seen.unanswered else ""
    return (
        f"{seen.kind}: another decision for {last.found} of {seen.samples} samples{limit}{missing} with {seen.queries} "
        f"queries, at most {seen.allowed} each; median {seen.norm} distance {distance}{share}{reaction}"
    )


def _afford(probe: Probe, on: Bench) -> None:
    """Do not begin what the budget of requests cannot end."""
    needed = sum(len(targets(on, each)[0]) * each.queries for each in on.table.attack)
    left = probe.model.over(on.table.transport).client.budget.requests_left
    if needed > left and not on.decider.batched:
        raise BudgetExhausted(f"the attacks need up to {needed} requests, and {left:g} are left; queries = asks less")


def _seen(on: Bench, done: _Done, family: Family) -> AttackSeen:
    reaction = ServiceReaction() if done.again is None else reaction_of(done.found, done.again)
    return attack_seen(on, done.found, family, reaction)


def _decided(seen: list[AttackSeen], family: Family) -> list[AttackSeen]:
    """The attacks with what is decided of every limit, all of them together."""
    limited = [each.share for each in seen if each.share is not None and each.share.limit is not None]
    chances = [(each.within_chance or 0.0, each.beyond_chance or 0.0) for each in limited]
    decisions = iter(decided_together(chances, family.confidence))
    return [
        each
        if each.share is None or each.share.limit is None
        else msgspec.structs.replace(each, share=msgspec.structs.replace(each.share, decision=next(decisions)))
        for each in seen
    ]


def _reported(probe: Probe, done: _Done, seen: AttackSeen) -> Iterator[str]:
    """Report a case for the limit of an attack if it is decided; if not, in words."""
    share = seen.share
    if share is None or share.decision is None:
        return
    if share.decision == "inconclusive":
        more = f"; about {share.would_decide} samples would decide" if share.would_decide else ""
        yield f"{words(seen)}{more}"
        return
    worst = done.found.worst
    probe.repeated = None if worst is None or worst.after is None else worst.after.exchange
    probe.holds(
        share.decision == "supports",
        clause=Criterion.DECLARED_ROBUSTNESS.clause,
        root="evasion-limit-missed",
        expected=(
            f"{seen.kind} changes at most {share.limit:g} of the decisions within {seen.limit:g} ({seen.norm}) and "
            f"{seen.allowed} queries each, as declared"
        ),
        observed=words(seen),
    )


def _report_honest(probe: Probe, done: _Done) -> None:
    """Report whether samples get the same answers after the attack as before."""
    again, table = done.again, done.found.table
    if again is None or not again.asked:
        return
    if again.put_off:
        probe.observe(f"{len(again.put_off)} of {again.asked} samples were put off after {table.kind}")
    refused = [] if table.may_block else again.refused
    for exchanges, what, root in (
        (again.changed, "answered otherwise than before", "honest-rows-answered-otherwise-after-attack"),
        (refused, "refused", "honest-rows-refused-after-attack"),
    ):
        # Without a limit nothing was asked of the model: that a guard does no harm is then no pass.
        if not exchanges and table.max_success is None:
            continue
        probe.holds(
            not exchanges,
            clause=Criterion.DECLARED_ROBUSTNESS.clause,
            root=root,
            expected="samples that were answered before an attack get the same answers after it",
            observed=f"{len(exchanges)} of {again.asked} samples were {what} after {table.kind}, each of them twice",
            exchange=exchanges[0] if exchanges else None,
        )
