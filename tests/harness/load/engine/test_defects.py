"""Errors of the tester itself: counted, told, never the endpoint's, and the run ends all the same."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.load.analysis.summary import summarise
from harness.load.analysis.validity import invalid_reasons
from harness.load.analysis.verdict import judge
from harness.load.records.rows import Flag
from harness.verdicts import Verdict
from tests.harness.load.engines import plan_for, run
from tests.harness.load.hostile_server import answer, body_of, http, serving
from tests.harness.load.runs import facts_of, merged_of, plan_of, rows_of


def good(connection: socket.socket, body: bytes, number: int) -> bool:
    connection.sendall(answer(body_of(body)))
    return True


def slow(connection: socket.socket, body: bytes, number: int) -> bool:
    time.sleep(0.1)
    return good(connection, body, number)


def test_a_check_that_breaks_down_has_found_nothing(tmp_path: Path) -> None:
    with serving(http(good)) as port:
        ran = run(plan_for(port), tmp_path, "validator")
    assert ran.statuses == {"OK": 50}
    assert not (ran.merged.rows["flags"] & Flag.CHECKED).any()
    assert ran.facts["defects"] == 50
    assert ran.facts["first_defect"] == "defect in the check of answers: RuntimeError: no judge"
    assert ran.facts["kept"] == []


def test_a_defect_while_reading_is_not_the_endpoints(tmp_path: Path) -> None:
    with serving(http(good)) as port:
        ran = run(plan_for(port), tmp_path, "reading")
    assert ran.statuses == {"NEVER_SENT": 50}
    assert ran.facts["defects"] == 50


def test_a_full_disk_ends_the_run(tmp_path: Path) -> None:
    # More than one block of records, so that the disk is met in the loop.
    with serving(http(good)) as port:
        ran = run(plan_for(port, rate=2000, seconds=20), tmp_path, "disk")
    assert ran.facts["took"] < 15
    assert ran.facts["defects"] > 0
    assert "No space left" in ran.facts["first_defect"]
    assert ran.facts["stopped_ns"] is not None


def test_a_request_that_never_ends_does_not_hold_the_run(tmp_path: Path) -> None:
    with serving(http(good)) as port:
        ran = run(plan_for(port, timeout_s=0.2), tmp_path, "forgotten")
    assert ran.statuses == {"OK": 50}
    assert ran.facts["took"] < 15
    assert "1 requests had no end" in ran.facts["first_defect"]
    assert ran.facts["stopped_ns"] is not None


def test_after_a_standstill_answers_in_the_kernel_come_first(tmp_path: Path) -> None:
    """The process stands still for longer than the timeout; the answers have come long before its end."""
    with serving(http(slow)) as port:
        ran = run(plan_for(port, rate=100, seconds=0.2), tmp_path, "frozen")
    assert ran.statuses == {"OK": 20}


@pytest.mark.parametrize(
    ("facts", "said"), [({"defects": 3, "defect": "KeyError"}, "KeyError"), ({"defects": 1}, "1 e")]
)
def test_a_defect_makes_the_run_invalid(facts: dict[str, Any], said: str) -> None:
    plan = plan_of(workers=2)
    merged = merged_of(plan, rows_of(plan, response_ms=500))
    summary = summarise(merged, plan)
    found = judge(summary, plan, invalid_reasons(summary, merged, plan, facts_of(plan, **facts)))
    assert found.verdict is Verdict.TOOL_ERROR
    assert [reason.code for reason in found.invalid] == ["defect"]
    assert found.invalid[0].observed == facts["defects"]
    assert said in found.reason
    assert msgspec.json.decode(msgspec.json.encode(found.invalid)) != []
