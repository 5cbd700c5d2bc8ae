"""Faults by commands of the user, such as ``kubectl delete pod``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from harness.cluster.cluster import Member
from harness.drills.commands import Ran, run
from harness.drills.faults.fault import USER, FaultError, Happening, Undo, done
from harness.drills.kinds import HooksFault
from harness.waiting import wait

ASK_AGAIN_S = 0.5


@dataclass(slots=True)
class Hooked:
    """Commands of the user; see :class:`harness.drills.faults.fault.DrillFault`.

    Attributes:
        members: replicas of the embedded cluster, which the words of a command may name.
    """

    table: HooksFault
    folder: str = ""
    members: Sequence[Member] = ()
    name: str = "hooks"
    caused_by: str = USER
    standing: Sequence[Undo] = ()

    @property
    def target(self) -> str:
        """As the user calls it."""
        return self.table.target

    @property
    def undo(self) -> Sequence[Undo]:
        """The revert of the user."""
        if self.table.revert is None:
            return ()
        return (Undo(self._placed(self.table.revert), self.folder, self.table.timeout_s),)

    def prepare(self) -> None:
        """Ask ``status``: a service that is not as it should be is not drilled."""
        if self.table.status is not None and (asked := self._run(self.table.status)).error:
            raise FaultError(f"before anything was caused, status says that it is not as it should be: {asked.error}")

    def inject(self) -> Happening:
        """Run ``inject``."""
        return done("inject", lambda: self._run(self.table.inject))

    def revert(self) -> Happening:
        """Run ``revert``, and ask ``status`` until it says that everything is as it was."""
        return done("revert", self._revert)

    def _revert(self) -> Ran | str:
        ran = self._run(self.table.revert) if self.table.revert is not None else None
        if (ran is not None and ran.error) or self.table.status is None:
            return ran or "nothing is to be run"
        end = time.monotonic() + self.table.timeout_s
        while (asked := self._run(self.table.status)).error and time.monotonic() < end:
            wait(ASK_AGAIN_S)
        if asked.error:
            raise FaultError(f"after the revert, status goes on saying that it is not as it was: {asked.error}")
        return ran or asked

    def _run(self, argv: Sequence[str]) -> Ran:
        return run(self._placed(argv), folder=self.folder, timeout_s=self.table.timeout_s)

    def _placed(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command with the address of each replica where it is now, in place of ``{r1}`` and so on."""
        words = tuple(argv)
        for each in self.members:
            words = tuple(word.replace(f"{{{each.place.name}}}", each.place.url) for word in words)
        return words

    def close(self) -> None:
        """Nothing was started."""
