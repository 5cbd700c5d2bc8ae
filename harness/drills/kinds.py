"""What ``[drills.fault]`` of a policy may say: one table for each ``kind`` of fault."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from harness.drills.proxy_kinds import ProxyFault
from harness.drills.tables import FaultKind, FaultPart, Patience, Seconds, Share, Words


class NoFault(FaultKind, frozen=True, kw_only=True, tag="none"):
    """Nothing is caused: the control drill, in which nothing may fail."""


class ProcessTable(FaultPart, frozen=True, kw_only=True):
    """A process of the user: the one with a number, or one that ``start`` runs; or a replica of the embedded cluster.

    Attributes:
        name: what the report calls it.
        pid, pid_file: its number, or a file that holds it. Without both, the tester runs ``start`` before the
            baseline, and ends that process with the last drill.
        replica: of ``--endpoint embedded-cluster``: its name.
        children: what it meets, the processes that it started meet as well.
        start: the command that starts it. It may stay in the foreground, or end with 0 once it has left a server.
        ready: ``http://`` address that answers 200 once it serves.
        ready_s: seconds that this may take.
        stop_s: seconds that it may take to end after SIGTERM; then it is killed.
    """

    name: str = ""
    pid: Annotated[int, msgspec.Meta(ge=2)] | None = None
    pid_file: str = ""
    replica: str = ""
    children: bool = False
    start: Words | None = None
    ready: str = ""
    ready_s: Patience = 30.0
    stop_s: Patience = 10.0

    def __post_init__(self) -> None:
        named = [self.pid is not None, self.pid_file != "", self.replica != ""]
        if sum(named) > 1 or (self.replica and self.start is not None):
            raise ValueError("one of pid, pid_file and replica names the process; a replica is started by its cluster")
        if not any(named) and self.start is None:
            raise ValueError("no process is named: pid, pid_file, replica, or start, the command that starts it")
        if self.pid is not None and self.start is not None:
            raise ValueError("a process that is started anew has another pid: pid_file instead, or start alone")
        if self.ready and not self.ready.startswith(("http://", "https://")):
            raise ValueError(f"ready = {self.ready!r} is no address that begins with http:// or https://")


class KillFault(FaultKind, frozen=True, kw_only=True, tag="kill"):
    """SIGKILL; the revert starts the process again, or waits for whoever else does."""

    process: ProcessTable

    def __post_init__(self) -> None:
        if self.process.pid is not None and not self.process.ready:
            raise ValueError("once it is killed, nothing tells when it is back: ready, or pid_file in place of pid")


class StopFault(FaultKind, frozen=True, kw_only=True, tag="stop"):
    """SIGSTOP, and SIGCONT: a grey failure, in which the kernel goes on taking connections."""

    process: ProcessTable


class RestartFault(FaultKind, frozen=True, kw_only=True, tag="restart"):
    """SIGTERM, and started again at once."""

    process: ProcessTable

    def __post_init__(self) -> None:
        _startable([self.process])


class SlowStartFault(FaultKind, frozen=True, kw_only=True, tag="slow-start"):
    """SIGTERM, and started again only ``delay_s`` later.

    Attributes:
        delay_s: seconds between the end of the process and its start.
    """

    process: ProcessTable
    delay_s: Patience = 3.0

    def __post_init__(self) -> None:
        _startable([self.process])


class RollingRestartFault(FaultKind, frozen=True, kw_only=True, tag="rolling-restart"):
    """Each process in turn: drained, ended, started again, ready; then a pause.

    Attributes:
        drain: a command that takes it out of service first, such as one that calls the balancer; ``{name}`` and
            ``{pid}`` in it are the name and the number of the process.
        drain_s: seconds between that and SIGTERM.
        pause_s: seconds between a process that is ready and the next one.
    """

    processes: Annotated[list[ProcessTable], msgspec.Meta(min_length=2)]
    drain: Words | None = None
    drain_s: Seconds = 0.0
    pause_s: Seconds = 1.0

    def __post_init__(self) -> None:
        _startable(self.processes)
        if self.drain_s and self.drain is None:
            raise ValueError("drain_s without drain, the command that takes a process out of service")


class HooksFault(FaultKind, frozen=True, kw_only=True, tag="hooks"):
    """Commands of the user; exit code 0 means that it is done. ``{r1}`` is a replica of the embedded cluster.

    Attributes:
        inject, revert: cause the fault, and take it back. ``revert`` always runs, whatever ``inject`` came to.
        status: exit code 0 means that everything is as it was. Asked before the baseline, where it must be, and after
            ``revert`` until it is.
        target: what the report says that it hits.
        timeout_s: seconds for each command; then it and its process group are ended.
    """

    inject: Words
    revert: Words | None = None
    status: Words | None = None
    target: str = ""
    timeout_s: Patience = 30.0


class ChaosFault(FaultKind, frozen=True, kw_only=True, tag="chaos"):
    """An experiment of Chaos Toolkit, which runs while the fault is held; its own rollbacks are the revert.

    Attributes:
        experiment: its file.
        program: how Chaos Toolkit is called; by default the one that is installed beside the tester.
        timeout_s: seconds that the experiment may go on after the fault was held; then it is asked to roll back.
    """

    experiment: str
    program: Words | None = None
    timeout_s: Patience = 60.0


TOXICS = {
    "latency": ("latency", "jitter"),
    "bandwidth": ("rate",),
    "slow_close": ("delay",),
    "timeout": ("timeout",),
    "reset_peer": ("timeout",),
    "slicer": ("average_size", "size_variation", "delay"),
    "limit_data": ("bytes",),
}
"""Toxics of Toxiproxy with their attributes, as its README documents them."""


class ToxicTable(FaultPart, frozen=True, kw_only=True):
    """One toxic, in the words of Toxiproxy's API.

    Attributes:
        type: of the toxic.
        stream: whether it touches what the replica sends, or what it is sent.
        toxicity: share of the connections that it touches.
        attributes: whole numbers, in Toxiproxy's own units.
    """

    type: Literal["latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data"]
    stream: Literal["downstream", "upstream"] = "downstream"
    toxicity: Share = 1.0
    attributes: dict[str, Annotated[int, msgspec.Meta(ge=0)]] = {}

    def __post_init__(self) -> None:
        unknown = sorted(set(self.attributes) - set(TOXICS[self.type]))
        if unknown:
            raise ValueError(f"{self.type} has no attribute {unknown[0]!r} (allowed: {', '.join(TOXICS[self.type])})")


class ToxiproxyFault(FaultKind, frozen=True, kw_only=True, tag="toxiproxy"):
    """Toxics that are added to a proxy of Toxiproxy and removed; or the proxy itself, disabled and enabled.

    Attributes:
        api: address of its HTTP API.
        proxy: name of the proxy there.
        toxics: without any, the proxy is disabled.
        timeout_s: seconds that one call of the API may take.
    """

    proxy: Annotated[str, msgspec.Meta(min_length=1)]
    api: str = "http://127.0.0.1:8474"
    toxics: list[ToxicTable] = []
    timeout_s: Patience = 10.0

    def __post_init__(self) -> None:
        if not self.api.startswith(("http://", "https://")):
            raise ValueError(f"api = {self.api!r} is no address that begins with http:// or https://")


ProcessFault: TypeAlias = KillFault | StopFault | RestartFault | SlowStartFault | RollingRestartFault
FaultTable: TypeAlias = NoFault | ProcessFault | ProxyFault | HooksFault | ChaosFault | ToxiproxyFault


def _startable(processes: list[ProcessTable]) -> None:
    for process in processes:
        if process.start is None and not process.replica:
            raise ValueError("a process that is started again needs start, the command that does it")
