"""Seeded faults: each breaks clauses that exist, and shows on the models it names."""

from __future__ import annotations

from functools import cache

import pytest

from harness import clauses
from harness.criteria import Advice, Criterion
from harness.reference.faults import FAULTS
from harness.reference.models.catalogue import AWKWARD, BUILDERS
from tests.harness.reference.battery import Answer, answers

# Clauses of the protocol itself; the others belong to extensions.
BASE = ("REST-", "VERS-", "TDATA-", "DTYPE-", "BYTES-", "BATCH-", "PARAM-")
# These end, stall or wear out the process; test_process.py, test_adversarial.py and the two-sided runner show them.
ENDING = ("crash", "hang", "wear")
# Its hostile request is in the battery of test_adversarial.py.
HOSTILE = "huge-shape-is-500"
# What it takes is sent in binary: the battery of test_extensions.py.
BINARY = "infinity-becomes-the-largest-number"
# Faults of gRPC and of the extensions have batteries of their own.
ASKED = sorted(
    name for name, each in FAULTS.items()
    if each.clauses[0].startswith(BASE) and each.transport == "rest" and each.effect not in ENDING
    and name not in (HOSTILE, BINARY)
)  # fmt: skip
SAMPLE = (
    "live-404", "metadata-without-name", "drops-request-id", "count-unchecked-for-second-input", "column-major",
    "batch-neighbours-leak", "ids-swapped-when-concurrent", "poisoned-after-error", "error-422-detail",
    "drops-id-on-second-request", "rows-wrong-above-32", "int64-through-double",
)  # fmt: skip


@cache
def clean(models: tuple[str, ...]) -> list[Answer]:
    return answers(models=models)


def shows(name: str, models: tuple[str, ...]) -> bool:
    return answers(fault=name, models=models) != clean(models)


def test_the_battery_gets_the_same_answers_twice() -> None:
    assert answers() == answers()


@pytest.mark.parametrize("name", SAMPLE)
def test_effect_of_a_sample(name: str) -> None:
    assert shows(name, FAULTS[name].models[:1] or ("pair", "matrix"))


@pytest.mark.slow
@pytest.mark.battery
@pytest.mark.parametrize("name", ASKED)
def test_effect_on_every_model_named(name: str) -> None:
    for model in FAULTS[name].models:
        assert shows(name, (model,)), model
    assert FAULTS[name].models or shows(name, ("pair", "matrix"))


def test_models_named_exist() -> None:
    for fault in FAULTS.values():
        assert set(fault.models) <= {*BUILDERS, *AWKWARD}, fault.name


def test_clauses_exist_and_every_rest_duty_has_a_fault() -> None:
    known = clauses.load().clauses
    broken = {clause for fault in FAULTS.values() for clause in fault.clauses}
    # What fails by policy, whatever the protocol says of it.
    policy = {clause for clause in broken if clause.startswith(("policy:", "advice:"))}
    assert policy <= {each.clause for each in (*Criterion, *Advice)}
    assert broken - policy <= set(known)
    open_must = {
        name
        for name, clause in known.items()
        if clause.transport in ("rest", "both") and str(clause.level) == "must" and name not in broken
    }
    assert not {name for name in open_must if name.startswith(BASE)}
