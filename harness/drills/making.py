"""The fault of a drill, made of what the policy declares."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from harness.cluster.cluster import Cluster, Member
from harness.drills.declared import Drill
from harness.drills.faults.chaos import Experiment
from harness.drills.faults.ended import Drain, Drilled, Killed, Restarted, Stopped
from harness.drills.faults.fault import DrillFault, FaultError
from harness.drills.faults.hooks import Hooked
from harness.drills.faults.members import MemberProcess, MemberProxy
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
from harness.drills.proxies import OwnProxy, Proxies, UsersProxy
from harness.drills.proxy_kinds import ProxyFault


class FaultMaker:
    """Makes faults of what drills declare.

    Args:
        proxies: of the run.
        cluster: the endpoint, where it is the embedded cluster.
    """

    def __init__(self, proxies: Proxies, cluster: Cluster | None) -> None:
        self._proxies = proxies
        self._cluster = cluster
        self._behind: dict[str, MemberProxy] = {}

    def made(self, drill: Drill) -> DrillFault:
        """The fault of a drill; nothing is looked at or started yet.

        Raises:
            FaultError: it names a replica of a cluster that is not there.
        """
        table = drill.fault
        if isinstance(table, NoFault):
            return Nothing()
        if isinstance(table, HooksFault):
            return Hooked(table, drill.folder, self._cluster.members if self._cluster is not None else ())
        if isinstance(table, ChaosFault):
            return Experiment(table, drill.folder)
        if isinstance(table, ToxiproxyFault):
            return Toxic(table, drill.name)
        if isinstance(table, KillFault | StopFault | RestartFault | SlowStartFault | RollingRestartFault):
            return self._of_processes(table, drill.folder)
        return Proxied(table, self._proxy(table, drill.folder))

    def close(self) -> None:
        """Put replicas back in their places; the proxies of the run have ended."""
        for proxy in self._behind.values():
            with contextlib.suppress(FaultError):
                proxy.close()

    def _of_processes(self, table: ProcessFault, folder: str) -> DrillFault:
        if isinstance(table, RollingRestartFault):
            drain = Drain(table.drain or (), table.drain_s)
            processes = self._found(table.processes, folder)
            return Restarted("rolling-restart", processes, pause_s=table.pause_s, drain=drain)
        processes = self._found([table.process], folder)
        if isinstance(table, KillFault):
            return Killed("kill", processes)
        if isinstance(table, StopFault):
            return Stopped("stop", processes)
        if isinstance(table, RestartFault):
            return Restarted("restart", processes)
        return Restarted("slow-start", processes, delay_s=table.delay_s)

    def _found(self, tables: Sequence[ProcessTable], folder: str) -> list[Drilled]:
        return [
            MemberProcess(self._member(table.replica)) if table.replica else OwnedProcess(table, folder)
            for table in tables
        ]

    def _proxy(self, table: ProxyFault, folder: str) -> OwnProxy | UsersProxy | MemberProxy:
        if table.control:
            return UsersProxy(table.control, folder)
        if not table.replica:
            return self._proxies.own(table.listen, table.to)
        member = self._member(table.replica)
        return self._behind.setdefault(table.replica, MemberProxy(member, self._proxies))

    def _member(self, name: str) -> Member:
        if self._cluster is None:
            raise FaultError(f"replica = {name!r} is of --endpoint embedded-cluster, and this endpoint is another one")
        known = {member.place.name: member for member in self._cluster.members}
        if name not in known:
            raise FaultError(f"the embedded cluster has no replica {name!r} (there are: {', '.join(known)})")
        return known[name]
