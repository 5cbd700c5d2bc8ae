"""What ``[drills.fault]`` of a policy may say: one table for each ``kind`` of fault."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Patience = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Words = Annotated[list[str], msgspec.Meta(min_length=1)]
"""A command: its program and arguments, each as it is; no shell reads them."""
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
BytesPerSecond = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class _Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    pass


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class NoFault(_Fault, frozen=True, kw_only=True, tag="none"):
    """Nothing is caused: the control drill, in which nothing may fail."""


class ProcessTable(_Part, frozen=True, kw_only=True):
    """A process of the user: the one with a number, or one that ``start`` runs.

    Attributes:
        name: what the report calls it.
        pid, pid_file: its number, or a file that holds it. Without both, the tester runs ``start`` before the
            baseline, and ends that process with the last drill.
        children: what it meets, the processes that it started meet as well.
        start: the command that starts it. It may stay in the foreground, or end with 0 once it has left a server.
        ready: ``http://`` address that answers 200 once it serves.
        ready_s: seconds that this may take.
        stop_s: seconds that it may take to end after SIGTERM; then it is killed.
    """

    name: str = ""
    pid: Annotated[int, msgspec.Meta(ge=2)] | None = None
    pid_file: str = ""
    children: bool = False
    start: Words | None = None
    ready: str = ""
    ready_s: Patience = 30.0
    stop_s: Patience = 10.0

    def __post_init__(self) -> None:
        if self.pid is not None and self.pid_file:
            raise ValueError("pid and pid_file name the same process: one of them")
        if self.pid is None and not self.pid_file and self.start is None:
            raise ValueError("no process is named: pid, pid_file, or start, the command that starts it")
        if self.pid is not None and self.start is not None:
            raise ValueError("a process that is started anew has another pid: pid_file instead, or start alone")
        if self.ready and not self.ready.startswith(("http://", "https://")):
            raise ValueError(f"ready = {self.ready!r} is no address that begins with http:// or https://")


class KillFault(_Fault, frozen=True, kw_only=True, tag="kill"):
    """SIGKILL; the revert starts the process again, or waits for whoever else does."""

    process: ProcessTable


class StopFault(_Fault, frozen=True, kw_only=True, tag="stop"):
    """SIGSTOP, and SIGCONT: a grey failure, in which the kernel goes on taking connections."""

    process: ProcessTable


class RestartFault(_Fault, frozen=True, kw_only=True, tag="restart"):
    """SIGTERM, and started again at once."""

    process: ProcessTable

    def __post_init__(self) -> None:
        _startable([self.process])


class SlowStartFault(_Fault, frozen=True, kw_only=True, tag="slow-start"):
    """SIGTERM, and started again only ``delay_s`` later."""

    process: ProcessTable
    delay_s: Patience = 3.0

    def __post_init__(self) -> None:
        _startable([self.process])


class RollingRestartFault(_Fault, frozen=True, kw_only=True, tag="rolling-restart"):
    """Each process in turn: drained, ended, started again, ready; then a pause.

    Attributes:
        drain: a command that takes it out of service first, such as one that calls the balancer; ``{name}`` in it is
            the name of the process.
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


class _Proxied(_Fault, frozen=True, kw_only=True):
    """A fault of the proxy that stands in front of a replica.

    Attributes:
        listen, to: HOST:PORT at which the tester listens, and of the replica.
        control: instead of both, the socket of a proxy that the user started (``python -m harness.drills.proxy``).
        share: of the connections that it touches.
    """

    listen: str = ""
    to: str = ""
    control: str = ""
    share: Share = 1.0

    def __post_init__(self) -> None:
        if bool(self.control) == bool(self.listen or self.to) or bool(self.listen) != bool(self.to):
            raise ValueError("a proxy has listen and to, each HOST:PORT; or control, the socket of one that runs")
        for name in ("listen", "to"):
            value = getattr(self, name)
            host, _, port = value.rpartition(":")
            if value and not (host and port.isdecimal() and 0 < int(port) < 65536):
                raise ValueError(f"{name} = {value!r} is no HOST:PORT")


class DelayFault(_Proxied, frozen=True, kw_only=True, tag="delay"):
    """What the replica sends comes later: by ``delay_s``, more or less ``jitter_s``."""

    delay_s: Patience = 0.3
    jitter_s: Seconds = 0.0


class BandwidthFault(_Proxied, frozen=True, kw_only=True, tag="bandwidth"):
    """No more bytes a second than that, in either direction of a connection."""

    bytes_per_s: BytesPerSecond = 10_000


class RefuseFault(_Proxied, frozen=True, kw_only=True, tag="refuse"):
    """Nobody listens any more, and open connections end: what the host of a dead process does."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share != 1:
            raise ValueError("refuse touches all connections: nobody listens; reset has a share")


class ResetFault(_Proxied, frozen=True, kw_only=True, tag="reset"):
    """Open connections are reset, and so is each new one with its first byte."""


class HalfOpenFault(_Proxied, frozen=True, kw_only=True, tag="half-open"):
    """Connections are taken and stay open, and nothing comes back."""


class CutFault(_Proxied, frozen=True, kw_only=True, tag="cut"):
    """An answer ends in the middle, with the end of its connection."""


class SlowBodyFault(_Proxied, frozen=True, kw_only=True, tag="slow-body"):
    """The head of an answer comes at once, its body at so many bytes a second."""

    bytes_per_s: BytesPerSecond = 20


class ErrorsFault(_Proxied, frozen=True, kw_only=True, tag="errors"):
    """Bursts of an HTTP error in place of the replica's answers (HTTP/1.1 only, and so not over gRPC).

    Attributes:
        status: of HTTP.
        retry_after_s: with a Retry-After of so many seconds.
        burst_s, every_s: errors for so long, and again that many seconds after the last burst began; without
            ``every_s`` as long as the fault is held.
    """

    status: Literal[429, 500, 502, 503, 504] = 503
    retry_after_s: Annotated[int, msgspec.Meta(ge=0, le=3600)] | None = None
    burst_s: Patience = 1.0
    every_s: Patience | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.every_s is not None and self.every_s <= self.burst_s:
            raise ValueError("every_s is longer than burst_s: between bursts the replica's own answers pass")


class CorruptFault(_Proxied, frozen=True, kw_only=True, tag="corrupt"):
    """One bit of each answer is another."""


class HooksFault(_Fault, frozen=True, kw_only=True, tag="hooks"):
    """Commands of the user; exit code 0 means that it is done.

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


class ChaosFault(_Fault, frozen=True, kw_only=True, tag="chaos"):
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


class ToxicTable(_Part, frozen=True, kw_only=True):
    """One toxic, in the words of Toxiproxy's API.

    Attributes:
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


class ToxiproxyFault(_Fault, frozen=True, kw_only=True, tag="toxiproxy"):
    """Toxics that are added to a proxy of Toxiproxy and removed; or the proxy itself, disabled and enabled.

    Attributes:
        api: address of its HTTP API.
        proxy: name of the proxy there.
        toxics: without any, the proxy is disabled.
    """

    proxy: Annotated[str, msgspec.Meta(min_length=1)]
    api: str = "http://127.0.0.1:8474"
    toxics: list[ToxicTable] = []
    timeout_s: Patience = 10.0

    def __post_init__(self) -> None:
        if not self.api.startswith(("http://", "https://")):
            raise ValueError(f"api = {self.api!r} is no address that begins with http:// or https://")


ProcessFault: TypeAlias = KillFault | StopFault | RestartFault | SlowStartFault | RollingRestartFault
ProxyFault: TypeAlias = (
    DelayFault | BandwidthFault | RefuseFault | ResetFault | HalfOpenFault | CutFault | SlowBodyFault | ErrorsFault
    | CorruptFault
)  # fmt: skip
FaultTable: TypeAlias = NoFault | ProcessFault | ProxyFault | HooksFault | ChaosFault | ToxiproxyFault


def _startable(processes: list[ProcessTable]) -> None:
    for process in processes:
        if process.start is None:
            raise ValueError("a process that is started again needs start, the command that does it")
