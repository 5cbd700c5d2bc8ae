"""The fault of a drill, made of what the policy declares."""

from __future__ import annotations

from collections.abc import Sequence

from harness.drills.declared import Drill
from harness.drills.faults.chaos import Experiment
from harness.drills.faults.ended import Drain, Killed, Restarted, Stopped
from harness.drills.faults.fault import DrillFault
from harness.drills.faults.hooks import Hooked
from harness.drills.faults.none import Nothing
from harness.drills.faults.processes import OwnedProcess
from harness.drills.faults.proxied import Proxied
from harness.drills.faults.toxic import Toxic
from harness.drills.kinds import (
    ChaosFault,
    HooksFault,
    KillFault,
    NoFault,
    ProcessFault,
    ProcessTable,
    RestartFault,
    RollingRestartFault,
    SlowStartFault,
    StopFault,
    ToxiproxyFault,
)
from harness.drills.proxies import Proxies, UsersProxy


def made(drill: Drill, proxies: Proxies) -> DrillFault:
    """The fault that a drill declares; nothing is looked at or started yet."""
    table = drill.fault
    if isinstance(table, NoFault):
        return Nothing()
    if isinstance(table, HooksFault):
        return Hooked(table, drill.folder)
    if isinstance(table, ChaosFault):
        return Experiment(table, drill.folder)
    if isinstance(table, ToxiproxyFault):
        return Toxic(table, drill.name)
    if isinstance(table, KillFault | StopFault | RestartFault | SlowStartFault | RollingRestartFault):
        return _of_processes(table, drill.folder)
    proxy = UsersProxy(table.control, drill.folder) if table.control else proxies.own(table.listen, table.to)
    return Proxied(table, proxy)


def _of_processes(table: ProcessFault, folder: str) -> DrillFault:
    if isinstance(table, RollingRestartFault):
        drain = Drain(table.drain or (), table.drain_s)
        return Restarted("rolling-restart", _owned(table.processes, folder), pause_s=table.pause_s, drain=drain)
    processes = _owned([table.process], folder)
    if isinstance(table, KillFault):
        return Killed("kill", processes)
    if isinstance(table, StopFault):
        return Stopped("stop", processes)
    if isinstance(table, RestartFault):
        return Restarted("restart", processes)
    return Restarted("slow-start", processes, delay_s=table.delay_s)


def _owned(tables: Sequence[ProcessTable], folder: str) -> list[OwnedProcess]:
    return [OwnedProcess(table, folder) for table in tables]
