"""Replicas of the reference server behind a balancer, for as long as a context lasts."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.cluster.balancer import Balancer, Missing
from harness.cluster.kept import Kept
from harness.cluster.member import ClusterError, Member, wait_ready
from harness.cluster.places import NoPort, places
from harness.cluster.reference import surroundings

__all__ = ["Cluster", "ClusterError", "Member"]


class Cluster:
    """Replicas ``r1``, ``r2`` and so on behind a balancer; all end with the context, and with this process.

    Attributes:
        members: the replicas.
        balancer: its configuration stands as a file in ``folder``, with the logs of all processes.
        place: where the balancer listens: the address of the service.
    """

    def __init__(
        self,
        balancer: Balancer | None = None,
        *,
        replicas: int = 3,
        arguments: Sequence[str] = (),
        own: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Nothing is started yet.

        Args:
            arguments: of every replica, as ``--models pair``.
            own: arguments of a single replica, by its name.
        """
        self.balancer = balancer or Balancer()
        self._names = [f"r{number}" for number in range(1, replicas + 1)]
        self._arguments = tuple(arguments)
        self._own = own or {}
        self.members: list[Member] = []
        self._process: Kept | None = None
        self.folder = Path()

    def __enter__(self) -> Cluster:
        """Start all, and wait until the service is ready.

        Raises:
            ClusterError: something is missing, or did not start.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="art15-cluster-"))
        try:
            self._start()
        except BaseException as error:
            self.stop()
            if isinstance(error, (Missing, NoPort, OSError)):
                raise ClusterError(str(error)) from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def member(self, name: str) -> Member:
        """The replica of that name."""
        return next(each for each in self.members if each.place.name == name)

    def executed(self) -> Counter[str]:
        """How often the inference of each id was carried out, over all replicas."""
        return Counter(row["id"] for row in self.executions() if row["id"] is not None)

    def executions(self) -> list[dict[str, Any]]:
        """Each inference that was carried out, in the order of their ends: ``id``, ``replica``, and ``at`` (ns)."""
        with contextlib.suppress(FileNotFoundError):
            return [json.loads(line) for line in (self.folder / "executed.jsonl").read_bytes().splitlines()]
        return []

    def stop(self) -> None:
        """End the balancer, then the replicas."""
        process, self._process = self._process, None
        for each in ([process] if process is not None else []) + self.members:
            each.stop()
        self.members = []
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        self.place, *replicas = places(["balancer", *self._names])
        common = (*self._arguments, "--id-log", str(self.folder / "executed.jsonl"))
        # Looked for before anything runs.
        line = self.balancer.command(self.place, replicas, self.folder)
        self.members = [Member(each, (*common, *self._own.get(each.name, ())), self.folder) for each in replicas]
        for each in self.members:
            each.begin()
        for each in self.members:
            each.wait_until_ready()
        log = self.folder / "balancer.log"
        self._process = process = Kept(line, surroundings(), log)
        wait_ready(self.place, lambda: process.running, log)
