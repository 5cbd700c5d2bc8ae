"""Faults of the proxy that stands in front of a replica."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from harness.drills.faults.fault import HARNESS, FaultError, Happening, Undo, done
from harness.drills.faults.members import MemberProxy
from harness.drills.kinds import NoFault
from harness.drills.proxies import OwnProxy, UsersProxy
from harness.drills.proxy_kinds import ProxyFault
from harness.drills.undoing import command


@dataclass(slots=True)
class Proxied:
    """Harm done to connections; see :class:`harness.drills.faults.fault.DrillFault`."""

    table: ProxyFault
    proxy: OwnProxy | UsersProxy | MemberProxy
    caused_by: str = HARNESS
    # The tester's own proxy ends with it; one of the user is told so by the watchdog.
    standing: Sequence[Undo] = ()

    @property
    def name(self) -> str:
        """Its kind."""
        return str(type(self.table).__struct_config__.tag)

    @property
    def target(self) -> str:
        """The replica behind the proxy."""
        return self.table.to or self.table.control or self.table.replica

    @property
    def undo(self) -> Sequence[Undo]:
        """Tell a proxy of the user to let everything pass."""
        if not isinstance(self.proxy, UsersProxy):
            return ()
        return (Undo(command("clear-proxy", self.proxy.path)),)

    def prepare(self) -> None:
        """See that the proxy stands."""
        self.proxy.start()

    def inject(self) -> Happening:
        """Tell it what to do."""
        return done(f"the proxy was told: {self.name}", lambda: self._tell(msgspec.json.encode(self.table)))

    def revert(self) -> Happening:
        """Tell it to let everything pass; says how much the fault has met."""
        return done("the proxy was told: none", self._pass)

    def close(self) -> None:
        """The proxy stands as long as the run."""

    def _tell(self, order: bytes) -> str:
        said = self.proxy.tell(order)
        if said.fault != self.name:
            raise FaultError(f"the proxy says that it does {said.fault}")
        return f"{said.open} connections were open"

    def _pass(self) -> str:
        met = self.proxy.tell()
        self.proxy.tell(msgspec.json.encode(NoFault()))
        return f"the fault met {met.touched} connections, {met.times} times"
