"""What a fault is to a drill: something that is caused and taken back, and what came of either."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.drills.commands import Ran
from harness.record.clock import now

HARNESS, USER, CHAOS, TOXIPROXY = "the tester", "a command of the user", "Chaos Toolkit", "Toxiproxy"
"""Who causes a fault."""


@dataclass(frozen=True, slots=True)
class Undo:
    """A command that takes a fault back when the tester is gone; what it leaves behind, such as a server, stays."""

    argv: tuple[str, ...]
    folder: str = ""
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Happening:
    """What was done, when, and what came of it.

    Attributes:
        what: in words.
        began_ns, ended_ns: on the monotonic clock, as the records of load.
        began, ended: UTC, for readers.
        argv: of the command, where there was one; ``code``: its exit code.
        output: of the command, clipped, not redacted yet.
        error: why it could not be done; None where it was.
    """

    what: str
    began_ns: int
    ended_ns: int
    began: str
    ended: str
    argv: tuple[str, ...] = ()
    code: int | None = None
    output: str = ""
    error: str | None = None


class FaultError(Exception):
    """A fault could not be prepared, caused or taken back: the tester's part, and no word about the endpoint.

    Attributes:
        happening: what was tried; None where nothing was done yet.
    """

    def __init__(self, message: str, happening: Happening | None = None) -> None:
        super().__init__(message)
        self.happening = happening


class DrillFault(Protocol):
    """A fault of one drill."""

    @property
    def name(self) -> str:
        """Its kind."""
        ...

    @property
    def target(self) -> str:
        """Which replica, or what else it hits."""
        ...

    @property
    def caused_by(self) -> str:
        """Who causes it."""
        ...

    @property
    def undo(self) -> Sequence[Undo]:
        """What takes it back where the tester is gone; asked before it is caused, and once more afterwards."""
        ...

    @property
    def standing(self) -> Sequence[Undo]:
        """What ends that which :meth:`prepare` started, where the tester is gone."""
        ...

    def prepare(self) -> None:
        """Look, before the baseline, whether it can be caused; start what must stand by then. Causes nothing.

        Raises:
            FaultError: it cannot be caused.
        """
        ...

    def inject(self) -> Happening:
        """Cause it.

        Raises:
            FaultError: it was not caused, or not wholly; it is to be reverted all the same.
        """
        ...

    def revert(self) -> Happening:
        """Take it back, and wait until that is done; right at any time, also where nothing was caused.

        Raises:
            FaultError: it stands, or may stand.
        """
        ...

    def close(self) -> None:
        """End what :meth:`prepare` started; no further drill comes."""
        ...


def done(what: str, act: Callable[[], Ran | str | None]) -> Happening:
    """Do something, and note what happened.

    Args:
        act: does it, and gives the command that it ran, or what there is to say. An :class:`OSError` or a
            :class:`FaultError` of it is what went wrong.

    Raises:
        FaultError: it could not be done; has the happening.
    """
    began, began_ns = now(), time.monotonic_ns()
    ran: Ran | str | None = None
    error = ""
    try:
        ran = act()
    except (OSError, FaultError) as problem:
        error = str(problem)
    command = ran if isinstance(ran, Ran) else Ran((), None, ran or "", error)
    happening = Happening(
        what=what,
        began_ns=began_ns,
        ended_ns=time.monotonic_ns(),
        began=began,
        ended=now(),
        argv=command.argv,
        code=command.code,
        output=command.output,
        error=command.error or None,
    )
    if happening.error is not None:
        raise FaultError(f"{what}: {happening.error}", happening)
    return happening
