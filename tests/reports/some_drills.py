"""Drills as a run journals them: their records, and the load that each repetition names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.statistics.binomial import clopper_pearson
from reports.bundle import finish
from tests.reports import factory

CHECK = "failover-drills[iris]"
STEP, RATE, SECONDS = 0.1, 100, 10.0
CAUSED, UNDONE = 2.0, 6.0

Drill = dict[str, Any]
Line = tuple[str, dict[str, Any]]


def tally(sent: int, **bad: int) -> dict[str, int]:
    """Requests of a phase, all correct but these."""
    other = {"refused": 0, "failed": 0, "wrong": 0, "lost": 0, "slow": 0, "unsent": 0} | bad
    unwell = sum(other[name] for name in ("refused", "failed", "wrong", "lost"))
    return {"sent": sent, "correct": sent - unwell, **other}


def happening(what: str, at: float, **more: Any) -> dict[str, Any]:
    """What was carried out, and when."""
    moment = f"2026-11-21T09:02:{20 + int(at):02d}.000000Z"
    return {"what": what, "began": moment, "ended": moment, "began_s": at, "ended_s": at, "argv": [], "code": None,
            "output": "", **more}  # fmt: skip


def repetition(run: str, lost: int = 0, took: float = 0.0, broken: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """One that was carried out, with so many requests lost while the fault stood."""
    account = {
        "before": tally(200), "during": tally(400, lost=lost), "after": tally(400),
        "first_bad": CAUSED if lost else None, "last_bad": CAUSED + took if lost else None,
        "recovered_s": took, "outage_s": 0.02, "worst_s": 0.4,
        "refusal_s": 1.0 if lost else None, "kinds": {"timeout": lost} if lost else {},
    }  # fmt: skip
    return {
        "ending": "carried out", "reason": "", "run": run, "injected": happening("inject", CAUSED),
        "reverted": happening("revert", UNDONE), "account": account, "executions": None, "broken": list(broken), **more,
    }  # fmt: skip


def ended(ending: str, reason: str, run: str = "", **more: Any) -> dict[str, Any]:
    """One that was not carried out."""
    return {"ending": ending, "reason": reason, "run": run, **more}


def drill(name: str, repetitions: list[dict[str, Any]], **more: Any) -> Drill:
    """The record of a drill, with the counts that follow from its repetitions."""
    done = [each for each in repetitions if each["ending"] == "carried out"]
    held = sum(not each["broken"] for each in done)
    bound = clopper_pearson(held, len(done), 0.95).lower if done else None
    return {
        "name": name, "fault": "stop", "target": "r1", "caused_by": "the tester", "model": "iris", "transport": "rest",
        "rate": float(RATE), "replicas": 3, "repeat": len(repetitions), "slow_s": 1.0, "timeout_s": 3.0,
        "criteria": {"max_failed": 0.0, "max_recovery_s": 2.0}, "baseline": f"{name}-base", "repetitions": repetitions,
        "carried_out": len(done), "held": held, "lower": bound, "confidence": 0.95 if done else None, **more,
    }  # fmt: skip


def load_of(run: str, lost: int = 0, seconds: float = SECONDS) -> dict[str, Any]:
    """The series of the load of a repetition: ten requests a step; those that are lost, from the fault on."""
    steps = round(seconds / STEP)
    failed = [0] * steps
    for each in range(lost):
        failed[(round(CAUSED / STEP) + each) % steps] += 1
    points = {
        "step_s": STEP, "planned": [10] * steps, "sent": [10] * steps, "ok": [10 - each for each in failed],
        "failed": failed, "wrong": [0] * steps, "p50": [0.004] * steps, "p99": [0.009] * steps, "worst": [0.01] * steps,
        "lag": [0.0] * steps,
    }  # fmt: skip
    count = 10 * steps
    return {
        "check": CHECK, "name": run, "model": "iris", "transport": "rest", "run": run, "loop": "open",
        "verdict": "pass", "reason": "", "planned": count, "tried": count, "ok": count - lost, "wrong": 0,
        "response": {"percentiles": []}, "points": points,
    }  # fmt: skip


def every_kind() -> list[Line]:
    """Drills of every state, with hostile words in what commands and the policy say."""
    hook = happening(
        "inject", CAUSED, argv=["kubectl", factory.HOSTILE, "delete"], code=0, output=f"said\n{factory.HOSTILE}"
    )
    ran = {"twice": 45, "unanswered": 3, "unexecuted": 0}
    hangs = [
        repetition("hangs-1", executions=ran), repetition("hangs-2", 30, 3.5, ("max_failed", "max_recovery_s")),
        repetition("hangs-3"),
    ]  # fmt: skip
    tried = {"injected": happening("inject", CAUSED), "reverted": happening("revert", UNDONE)}
    stuck = ended("fault failed", f"the fault was not taken back: {factory.HOSTILE}", "stuck-2", **tried)
    control = {"fault": "none", "target": "", "replicas": 1}
    told = [
        drill("control", [repetition("control-1")], **control),
        drill("hangs", hangs),
        drill("recorded", [repetition("recorded-1", 7, 0.5)], criteria={}),
        drill("hooks", [repetition("hooks-1", injected=hook)], fault="hooks", target=f"a pod {factory.HOSTILE}"),
        drill("unclean", [ended("not run", "of 200 requests of the baseline 3 failed", "unclean-base")]),
        drill("stuck", [repetition("stuck-1"), stuck]),
        drill("late", [ended("invalid", "INVALID: the tester was away for 3 s")]),
        drill("again", [ended("invalid", "INVALID: the tester was late"), repetition("again-1")], repeat=1),
    ]
    lines: list[Line] = [("series", load_of(f"{each['name']}-base", seconds=2.0)) for each in told]
    lost = {"hangs-2": 30, "recorded-1": 7}
    names = [each["run"] for record in told for each in record["repetitions"] if each["run"] != record["baseline"]]
    lines += [("series", load_of(name, lost.get(name, 0))) for name in names if name]
    return lines + [("drill", {"check": CHECK, "drill": each}) for each in told]


def finished(folder: Path, lines: list[Line]) -> None:
    """A whole bundle with these lines in its journal."""
    bundle = factory.start(folder)
    factory.fill(bundle)
    bundle.journal.append("check", factory.check("failover-drills", suite="failover", clauses=[], level=None))
    for kind, data in lines:
        bundle.journal.append(kind, data)
    bundle.journal.append("close", {"exit_code": 1})
    bundle.journal.close()
    finish(folder)
