"""Nothing is caused without permission, whatever kind of fault it is."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from harness.drills.faults.fault import FaultError
from harness.drills.injector import PERMISSION, Injector
from harness.drills.kinds import FaultTable
from harness.run.options import ALLOWANCES
from tests.harness.drills.conftest import Started, asked, declared, drill_of, hooks

KINDS = {str(kind.__struct_config__.tag) for kind in get_args(FaultTable)}
PROXIED = {"delay", "bandwidth", "refuse", "reset", "half-open", "cut", "slow-body", "errors", "corrupt"}


def fault_of(kind: str, process: str) -> str:
    """A fault of each kind that would do something at once."""
    if kind == "hooks":
        return hooks(inject="open('caused', 'w')", revert="open('caused', 'w')", status="open('caused', 'w')")
    if kind == "chaos":
        return "kind = 'chaos'\nexperiment = 'none.json'\nprogram = ['touch', 'caused']"
    if kind == "toxiproxy":
        return "kind = 'toxiproxy'\nproxy = 'r'\napi = 'http://127.0.0.1:1'"
    if kind in PROXIED:
        return f"kind = '{kind}'\nlisten = '127.0.0.1:1'\nto = '127.0.0.1:2'"
    if kind == "rolling-restart":
        return f"kind = '{kind}'\nprocesses = [{process}, {process}]"
    return "kind = 'none'" if kind == "none" else f"kind = '{kind}'\nprocess = {process}"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_is_caused_without_permission(kind: str, replica: Started, tmp_path: Path) -> None:
    table = replica("r1")
    pid = asked(table)
    drill = drill_of(fault_of(kind, declared(table)), tmp_path)
    assert drill.fault.__struct_config__.tag == kind
    with Injector(["load", "stress", "repository"]) as injector:
        with pytest.raises(FaultError, match="nothing is caused without --oip-allow faults"):
            injector.prepared(drill)
        with pytest.raises(FaultError, match="nothing is caused without --oip-allow faults"):
            injector.inject(drill)
        assert injector._watchdog.pid is None
    assert not (tmp_path / "caused").exists()
    assert asked(table) == pid


def test_the_permission_is_one_that_can_be_given() -> None:
    assert PERMISSION in ALLOWANCES


def test_what_was_not_prepared_is_not_caused(tmp_path: Path) -> None:
    with Injector([PERMISSION]) as injector, pytest.raises(FaultError, match="was not prepared"):
        injector.inject(drill_of(hooks(inject="open('caused', 'w')"), tmp_path))
    assert not (tmp_path / "caused").exists()


def test_the_control_drill_causes_nothing() -> None:
    drill = drill_of("kind = 'none'")
    with Injector([PERMISSION]) as injector:
        fault = injector.prepared(drill)
        happenings = injector.inject(drill), injector.revert(drill)
        assert (fault.name, fault.target, injector._watchdog.pid) == ("none", "", None)
    assert [happening.error for happening in happenings] == [None, None]
    assert happenings[0].ended_ns <= happenings[1].began_ns
