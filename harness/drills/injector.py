"""Causes faults: only with permission, only while a watchdog holds what takes them back, one run long."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.cluster.cluster import Cluster
from harness.drills.declared import Drill
from harness.drills.executions import read_executions
from harness.drills.faults.fault import DrillFault, FaultError, Happening
from harness.drills.making import FaultMaker
from harness.drills.proxies import Proxies
from harness.drills.watchdog import FaultWatchdog

PERMISSION = "faults"
"""The word of ``--oip-allow`` without which nothing is caused."""


class Injector:
    """All faults of one run; what they need stands until :meth:`close`.

    Args:
        allow: what the operator allowed (``--oip-allow``).
        log: a file in which the watchdog writes what it had to do.
        cluster: the endpoint, where it is the embedded cluster: drills may name its replicas.
    """

    def __init__(self, allow: Collection[str], log: Path | None = None, cluster: Cluster | None = None) -> None:
        self._allow = frozenset(allow)
        self._watchdog = FaultWatchdog(log)
        self._proxies = Proxies()
        self._maker = FaultMaker(self._proxies, cluster)
        self._cluster = cluster
        self._faults: dict[str, DrillFault] = {}
        self._standing: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def members(self) -> int:
        """Replicas of the embedded cluster; 0 where the endpoint is another one."""
        return 0 if self._cluster is None else len(self._cluster.members)

    def prepared(self, drill: Drill, fault: DrillFault | None = None) -> DrillFault:
        """The fault of a drill, found and ready to be caused; nothing is caused yet.

        It is asked for before each baseline: a repetition has the same fault, and looks again whether it can be caused.

        Args:
            fault: in place of the one that the drill declares.

        Raises:
            FaultError: it cannot be caused; the drill is not run.
        """
        self._permitted()
        if drill.name in self._standing:
            raise FaultError(f"the fault of {drill.name} was not taken back, and may stand")
        fault = self._faults.get(drill.name) or fault or self._maker.made(drill)
        self._faults[drill.name] = fault
        try:
            fault.prepare()
        finally:
            self._watchdog.hold(drill.name, fault.standing)
        return fault

    def inject(self, drill: Drill) -> Happening:
        """Cause its fault; the watchdog knows how it is taken back before it happens.

        Raises:
            FaultError: it was not caused, or not wholly. It is to be reverted all the same.
        """
        self._permitted()
        fault = self._faults.get(drill.name)
        if fault is None:
            raise FaultError(f"the fault of {drill.name} was not prepared")
        self._standing.add(drill.name)
        self._watchdog.hold(drill.name, (*fault.undo, *fault.standing))
        try:
            return fault.inject()
        finally:
            # What was started anew has another number by now.
            self._watchdog.hold(drill.name, (*fault.undo, *fault.standing))

    def revert(self, drill: Drill) -> Happening:
        """Take it back; where that fails, the watchdog tries once more when this is closed.

        Raises:
            FaultError: it stands, or may stand.
        """
        fault = self._faults[drill.name]
        happening = fault.revert()
        self._standing.discard(drill.name)
        self._watchdog.hold(drill.name, fault.standing)
        return happening

    def executed(self, drill: Drill) -> Counter[str] | None:
        """How often the service says it executed each id; None where a drill cannot know.

        Raises:
            NoExecutions: what the drill names cannot be read.
        """
        if drill.executions:
            return read_executions(drill.executions, drill.folder)
        return self._cluster.executed() if self._cluster is not None else None

    def close(self) -> None:
        """Take back what still stands, and end what was started for drills. A second time does nothing."""
        for name in self._faults.keys() - self._standing:
            self._end(name)
            self._watchdog.hold(name, ())
        self._watchdog.close()
        for name in self._standing:
            self._end(name)
        self._faults, self._standing = {}, set()
        self._proxies.close()
        self._maker.close()

    def _end(self, name: str) -> None:
        with contextlib.suppress(FaultError, OSError):
            self._faults[name].close()

    def _permitted(self) -> None:
        if PERMISSION not in self._allow:
            raise FaultError(f"nothing is caused without --oip-allow {PERMISSION}")
