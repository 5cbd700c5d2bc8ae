"""What was declared of redundancy, what of it was seen, and what drills cost clients: on the first screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reports.document.redundancy import redundancy
from reports.journal.state import load
from reports.text.sentences import sentences
from tests.reports import factory
from tests.reports import some_drills as some

FAILOVER = "another replica is asked"
DECLARED, WITHIN = (
    "Declared failover: “another replica is asked”",
    "within 2.00\u00a0s; when a replica was taken away, every",
)
CONTRADICTED = DECLARED.replace(":", " contradicted:", 1)
COST = (
    "1 drill, 2 repetitions. In the one that cost clients most (hangs: stop, r1), of 800 requests since the fault 30 "
    "had no correct answer: 0 refused, 0 failed, 0 wrong, 30 without an answer in time. Everything was answered as "
    "before 3.50\u00a0s after the fault."
)


def said(folder: Path, service: dict[str, Any], lines: Sequence[some.Line] = (), *, drills: int = 0) -> list[str]:
    """The statements of a run with this ``[service]``, which declares so many drills."""
    bundle = factory.start(folder)
    for kind, data in lines:
        bundle.journal.append(kind, data)
    recorded = load(folder)
    recorded.plan.policy.update(service=service, drills=[{}] * drills)
    return [" ".join(sentences().led("statement", each.kind, each.params)) for each in redundancy(recorded)]


def met(*names: str, subject: str = "replica-header") -> list[some.Line]:
    """What the census noted."""
    return [("fact", {"check": "c", "subject": subject, "name": name, "text": name}) for name in names]


def drilled(*repetitions: dict[str, Any], **more: Any) -> list[some.Line]:
    """A drill with these repetitions."""
    return [("drill", {"check": some.CHECK, "drill": some.drill("hangs", list(repetitions), **more)})]


def test_nothing_is_declared_and_no_drill_was_run(tmp_path: Path) -> None:
    assert said(tmp_path, {"replicas": None, "failover": None, "failover_s": None}) == [
        "Declared redundancy: none. That breaks nothing: a service may run on a single replica.",
        "Drills: none was run; what clients see when a replica fails is not shown.",
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (met("r1", "r2", "r3", "r1"), "3 replicas; as many answered at least (r1, r2, r3)."),
        (met("a:1", "b:1", "c:1", subject="replica-address"), "3 replicas; as many answered at least"),
        (met("r1", "r2"), "3 replicas, of which 2 answered (r1, r2); that there are more is not shown"),
        (met("unload", subject="management"), "3 replicas; nothing in the answers tells one from another"),
    ],
)
def test_replicas_that_are_declared_are_told_as_seen(lines: list[some.Line], words: str, tmp_path: Path) -> None:
    told = said(tmp_path, {"replicas": 3}, lines, drills=2)
    assert told[0].startswith(f"Declared redundancy: {words}")
    assert told[1].startswith("Drills: 2 drills declared, and none with a fault was carried out;")


@pytest.mark.parametrize(
    ("within", "lines", "words"),
    [
        (2.0, [], f"{DECLARED}; no drill took a replica away"),
        (2.0, drilled(some.repetition("1"), fault="none"), f"{DECLARED}; no drill took a replica away"),
        (None, drilled(some.repetition("1")), f"{DECLARED}; a drill took a replica away in 1 repetition"),
        (
            2.0,
            drilled(some.repetition("1"), some.repetition("2")),
            f"{DECLARED}, {WITHIN} request was answered again within that time in 2 of 2 repetitions.",
        ),
        (
            2.0,
            drilled(some.repetition("1"), some.repetition("2", 9, 3.0, ("max_recovery_s",))),
            f"{CONTRADICTED}, {WITHIN} request was answered again within that time in 1 of 2 repetitions only.",
        ),
        # Held to a bound of its own, which is not that of the service.
        (
            1.0,
            drilled(some.repetition("1", 9, 3.0, ("max_recovery_s",))),
            f"{DECLARED}; a drill took a replica away in 1 repetition",
        ),
    ],
)
def test_only_a_declared_failover_is_contradicted(
    within: float | None, lines: list[some.Line], words: str, tmp_path: Path
) -> None:
    told = said(tmp_path, {"failover": FAILOVER, "failover_s": within}, lines)
    assert told[0].startswith(words)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (drilled(some.repetition("1"), some.repetition("2", 30, 3.5)), COST),
        (drilled(some.repetition("1")), "1 drill, 1 repetition: every request since the fault was answered correctly."),
        (drilled(some.repetition("1"), fault="none"), "none was run; what clients see"),
        (drilled(some.ended("not run", "the baseline was not clean")), "none was run; what clients see"),
    ],
)
def test_what_clients_saw_is_said_in_numbers(lines: list[some.Line], words: str, tmp_path: Path) -> None:
    assert said(tmp_path, {}, lines)[-1].startswith(f"Drills: {words}")
