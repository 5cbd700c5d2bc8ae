"""What a drill shows: criteria that the policy states for it, and wrong answers whatever the policy says."""

from __future__ import annotations

from collections.abc import Sequence

from harness.check import TesterFailed
from harness.criteria import Criterion
from harness.drills.account import Account
from harness.drills.criteria import observed, stated
from harness.drills.declared import Drill, Rollout
from harness.drills.drill import DrillEnding
from harness.drills.versions import KEPT, MIXED
from harness.judging.load.answers import answers_are_right
from harness.probing.load.drill_record import Drilled, share_held, valid_of
from harness.probing.load.loading import Loader

# Root causes of a rollout.
LATE, INEXACT = "other-version-after-window", "rollback-not-exact"


def judge_drill(load: Loader, drill: Drill, found: Sequence[Drilled]) -> None:
    """Report the cases of a drill: each criterion over all repetitions that were carried out.

    Raises:
        TesterFailed: the fault failed, or the tester did not send and listen all the time, again and again.
        Untestable: a repetition was not carried out, because what came before the fault was not clean.
    """
    for each in found:
        if (run := each.repetition.run) is not None:
            answers_are_right(load, run)
        carried_out = each.repetition.ending is DrillEnding.CARRIED_OUT
        load.probe.observe(f"drill {drill.name}: {words(each) if carried_out else each.repetition.reason}")
    valid, last = valid_of(found), found[-1].repetition
    if valid:
        for name, most in stated(drill).items():
            _holds(load, drill, name, most, valid)
        if drill.rollout is not None:
            _versions_keep_apart(load, drill, drill.rollout, valid)
        load.probe.outcome.estimate = share_held(found)
    reason = f"drill {drill.name}: {last.reason}"
    if last.ending is DrillEnding.NOT_RUN:
        load.probe.untestable(reason)
    if len(valid) < drill.repeat:
        raise TesterFailed(reason)


def _holds(load: Loader, drill: Drill, name: str, most: float, carried_out: Sequence[Drilled]) -> None:
    values = [observed(name, _account(each), each.executions) for each in carried_out]
    broke = [each for each in carried_out if name in each.broken]
    shown = (broke or carried_out)[0]
    seen = ", ".join("unknown" if value is None else f"{value:.4g}" for value in values)
    load.probe.holds(
        not broke,
        clause=Criterion.FAILOVER.clause,
        root=f"drill-costs-too-much:{drill.name}",
        expected=f"{name} = {most:g}, as the policy states for drill {drill.name}",
        observed=f"{seen} in {len(values)} repetition{'s' if len(values) > 1 else ''}; {words(shown)}",
    )


def _versions_keep_apart(load: Loader, drill: Drill, rollout: Rollout, carried_out: Sequence[Drilled]) -> None:
    """Once a window is over, only the version that is due answers.

    Raises:
        Untestable: nothing was due after a window.
    """
    back = rollout.old if rollout.rollback else rollout.new
    after = f"once {rollout.window_s:g} s have passed since"
    for name, due, wrong, expected, root in (
        (MIXED, "due_new", "mixed", f"only answers of version {rollout.new!r} {after} the change", LATE),
        (KEPT, "due_back", "kept", f"only answers of version {back!r} {after} the revert", INEXACT),
    ):
        broke = [each for each in carried_out if name in each.broken]
        seen = [each.versions for each in (broke or carried_out) if each.versions is not None]
        if not seen or not getattr(seen[0], due):
            load.probe.untestable(f"drill {drill.name}: no right answer came after the window")
        load.probe.holds(
            not broke,
            clause=Criterion.FAILOVER.clause,
            root=f"{root}:{drill.name}",
            expected=expected,
            observed=f"{getattr(seen[0], wrong)} of {getattr(seen[0], due)} are of the other one",
        )


def _account(each: Drilled) -> Account:
    account = each.repetition.account
    assert account is not None
    return account


def words(each: Drilled) -> str:
    """The account of one repetition in a sentence."""
    account = _account(each)
    total, since = account.total, account.since
    unwell = f"{total.refused} refused + {total.failed} failed + {total.wrong} wrong + {total.lost} lost"
    parts = [
        f"{total.sent} sent = {total.correct} correct + {unwell}",
        f"{since.bad} of {since.sent} since the fault not correct, {since.slow} slow",
        f"recovered after {account.recovered_s:.3f} s",
        f"longest time without an answer {account.outage_s:.3f} s",
    ]
    if account.refusal_s is not None:
        parts.append(f"first refusal after {account.refusal_s:.3f} s")
    if account.kinds:
        parts.append(", ".join(f"{count} {kind}" for kind, count in account.kinds.items()))
    if each.versions is not None and each.versions.switched_s is not None:
        parts.append(f"last answer of the old version {each.versions.switched_s:.3f} s after the change")
    if each.executions is not None:
        parts.append(f"executed twice {each.executions.twice}, executed without an answer {each.executions.unanswered}")
    return "; ".join(parts)
