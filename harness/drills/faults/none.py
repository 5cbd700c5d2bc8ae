"""The fault of the control drill."""

from __future__ import annotations

from collections.abc import Sequence

from harness.drills.faults.fault import HARNESS, Happening, Undo, done


class Nothing:
    """Causes nothing."""

    name = "none"
    target = ""
    caused_by = HARNESS
    undo: Sequence[Undo] = ()
    standing: Sequence[Undo] = ()

    def prepare(self) -> None:
        """Nothing is needed."""

    def close(self) -> None:
        """Nothing is left."""

    def inject(self) -> Happening:
        """Note when it would have been."""
        return done("nothing", lambda: None)

    def revert(self) -> Happening:
        """Note when it would have been."""
        return done("nothing", lambda: None)
