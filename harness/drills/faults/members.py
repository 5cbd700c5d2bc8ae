"""Replicas of the embedded cluster as targets: they end with the tester, so nothing of them needs a watchdog."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.cluster.cluster import ClusterError, Member
from harness.cluster.places import LoopbackPlace, places
from harness.drills.faults.fault import FaultError, Undo
from harness.drills.proxies import OwnProxy, Proxies, ProxyState
from harness.waiting import wait

_GONE_S = 5.0
_LOOK_S = 0.02
# A balancer has missed the replica while it moved behind the proxy, and looks for it again after a while.
_SEEN_AGAIN_S = 2.0


@dataclass(slots=True)
class MemberProcess:
    """The process of a replica; as :class:`harness.drills.faults.processes.OwnedProcess`."""

    member: Member
    folder: str = ""
    is_ours: bool = False
    undo_start: Sequence[Undo] = ()
    undo_end: Sequence[Undo] = ()

    @property
    def label(self) -> str:
        """Its name."""
        return self.member.place.name

    @property
    def pid(self) -> int:
        """Its number."""
        return self.member.pid

    def undo_signal(self, _: signal.Signals) -> Sequence[Undo]:
        """It ends with the tester, also where it is stopped."""
        return ()

    def find(self) -> None:
        """See that it runs."""
        if not self.member.running:
            raise FaultError(f"{self.label} does not run")

    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.member.running

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.find()
        self.member.signal(number)

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        self.send(signal.SIGKILL)
        end = time.monotonic() + _GONE_S
        while self.member.running:
            if time.monotonic() > end:
                raise FaultError(f"{self.label} is still there {_GONE_S:g} s after SIGKILL")
            wait(_LOOK_S)

    def end(self) -> str:
        """SIGTERM."""
        self.member.end()
        return "ended by SIGTERM"

    def start(self) -> None:
        """Start it where it was."""
        try:
            self.member.begin()
        except (ClusterError, OSError) as error:
            raise FaultError(f"{self.label} was not started: {error}") from None

    def run_again(self) -> str:
        """Start it, unless it runs; says that it did."""
        if self.runs():
            return ""
        self.start()
        return f"{self.label} was started again"

    def until_ready(self) -> None:
        """Wait until it serves."""
        try:
            self.member.wait_until_ready()
        except ClusterError as error:
            raise FaultError(str(error)) from None

    def close(self) -> None:
        """It stands as long as its cluster."""


@dataclass(slots=True)
class MemberProxy:
    """Proxies in the place of a replica, for both transports; as :class:`harness.drills.proxies.OwnProxy`.

    The replica moves to other ports, and what the balancer knows leads to the proxies from then on.
    """

    member: Member
    proxies: Proxies
    _own: list[OwnProxy] = field(default_factory=list, init=False)
    _place: LoopbackPlace | None = field(default=None, init=False)

    def start(self) -> None:
        """Move the replica, unless it has moved, and start the proxies."""
        if self._own:
            for each in self._own:
                each.start()
            return
        self._place = before = self.member.place
        (behind,) = places([before.name])
        self._move(behind)
        for port, to in ((before.port, behind.port), (before.grpc_port, behind.grpc_port)):
            self._own.append(self.proxies.own(f"127.0.0.1:{port}", f"127.0.0.1:{to}"))
        for each in self._own:
            each.start()
        wait(_SEEN_AGAIN_S)

    def tell(self, order: bytes = b"") -> ProxyState:
        """Tell both, or only ask; the counts are of both."""
        rest, grpc = (each.tell(order) for each in self._own)
        return ProxyState(
            port=rest.port,
            fault=rest.fault,
            open=rest.open + grpc.open,
            taken=rest.taken + grpc.taken,
            touched=rest.touched + grpc.touched,
            times=rest.times + grpc.times,
        )

    def close(self) -> None:
        """Put the replica back in its place; its proxies have ended."""
        if self._place is not None and self.member.running:
            self._move(self._place)

    def _move(self, place: LoopbackPlace) -> None:
        try:
            self.member.end()
            self.member.place = place
            self.member.start()
        except (ClusterError, OSError) as error:
            raise FaultError(f"{place.name} could not be put behind a proxy, or back: {error}") from None
