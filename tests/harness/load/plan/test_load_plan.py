"""The plan: the same after writing and reading, refused when it cannot be meant, no credential in public."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.load.plan.load_plan import ClosedLoop, ExpectedAnswer, LoadCase, LoadPlan, ServiceLevel, read_plan
from harness.load.plan.schedule import Schedule, constant, poisson

CASE = LoadCase(
    name="tiny",
    path="/v2/models/m/infer",
    before=b'{"id":"\xff',
    after=b'"}',
    answer=ExpectedAnswer(before=b"", after=b""),
)


def plan_of(**changes: Any) -> LoadPlan:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 8000,
        "cases": (CASE,),
        "schedule": poisson(100, 2),
        "level": ServiceLevel(latency_s=0.1),
    }
    return LoadPlan(**{**given, **changes})


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = plan_of(headers=(("authorization", "Bearer secret"),), schedule=poisson(100.3, 2), workers=3)
    plan.write(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == plan
    assert (tmp_path / "plan.json").stat().st_mode & 0o077 == 0


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    data = msgspec.json.encode({**msgspec.to_builtins(plan_of()), "speed": 1})
    (tmp_path / "plan.json").write_bytes(data)
    with pytest.raises(msgspec.ValidationError, match="speed"):
        read_plan(tmp_path / "plan.json")


def test_credentials_are_not_public_and_do_not_change_the_digest() -> None:
    plan = plan_of(headers=(("authorization", "Bearer secret"),))
    assert b"secret" not in msgspec.json.encode(plan.public())
    assert plan.digest == plan_of(headers=(("authorization", "Bearer other"),)).digest
    assert plan.digest != plan_of().digest


def test_the_id_stands_in_the_body() -> None:
    assert CASE.body(b"ab12cd3400000000") == b'{"id":"\xffab12cd3400000000"}'


def test_the_workload_has_a_time_and_a_case_for_each_request() -> None:
    times, cases = plan_of(cases=(CASE, CASE), schedule=constant(100, 1)).workload()
    assert times[:3].tolist() == [0, 10_000_000, 20_000_000]
    assert len(times) == len(cases) == 100
    assert set(cases.tolist()) == {0, 1}
    closed = plan_of(schedule=None, closed_loop=ClosedLoop(concurrency=4, seconds=2.5))
    assert [len(part) for part in closed.workload()] == [0, 0]
    assert closed.seconds == 2.5


@pytest.mark.parametrize(
    "changes",
    [
        {"cases": ()},
        {"schedule": None},
        {"closed_loop": ClosedLoop(concurrency=1, seconds=1)},
        {"prefix": "short"},
        {"prefix": 'a"bcdefg'},
        {"prefix": "äbcdefg"},
        {"workers": 0},
        {"timeout_s": 0},
        {"max_rate": 99},
        {"schedule": Schedule(trace=np.array([0.0]).tobytes(), trace_cases=np.array([1], "<u2").tobytes())},
    ],
    ids=str,
)
def test_a_plan_that_cannot_be_meant_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        plan_of(**changes)


def test_a_level_is_a_fraction_and_a_time() -> None:
    with pytest.raises(ValueError, match="no service level"):
        ServiceLevel(percentile=99, latency_s=0.1)
