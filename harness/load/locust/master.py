"""A run over several workers: the master hands out the plan and a common start, and notices who falls silent.

Clocks need not agree: the master measures each worker's monotonic clock against its own and names the start in the
worker's time. Each worker says twice a second that it lives; locust's own heartbeat would take five seconds.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import msgspec

from harness.load.locust.worker import boot_id
from harness.load.plan.load_plan import LoadPlan
from harness.load.plan.schedule import NANOSECONDS
from harness.load.records.run_facts import RunFacts, without_secrets, write_facts
from harness.load.records.worker_facts import WorkerFacts

if TYPE_CHECKING:
    from locust.env import Environment
    from locust.runners import MasterRunner

logger = logging.getLogger("locust.oip")
NOTICE_S = 0.25
"""Silence is told this much before its bound, so that it is noticed within it."""
START_S = 0.3
_GATHER_S, _READY_S, _DONE_S = 60.0, 30.0, 3.0
_PINGS = 5
_SAME_CLOCK_NS = 10_000_000


@dataclass(slots=True)
class WorkerState:
    """A worker as the master sees it; times on the master's monotonic clock."""

    client: str
    worker: int
    heard: float = 0.0
    silent: float = 0.0
    ready: bool = False
    offset_ns: int = 0
    trip_ns: int = 1 << 62
    facts: RunFacts | None = None
    lost: str = ""
    boot: str = ""
    beat: dict[str, Any] = field(default_factory=dict)

    def hear(self) -> None:
        """It said something."""
        now = time.monotonic()
        if self.heard:
            self.silent = max(self.silent, now - self.heard)
        self.heard = now

    @property
    def over(self) -> bool:
        """Nothing more is expected of it."""
        return self.facts is not None or bool(self.lost)


class Master:
    """The master's side."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        self._environment, self._runner = environment, runner
        self._nodes: dict[str, WorkerState] = {}
        self._run = ""
        self._stopped = False
        self._bound = 0.0
        for name, listener in (
            ("oip_ready", self._on_ready),
            ("oip_pong", self._on_pong),
            ("oip_beat", self._on_beat),
            ("oip_done", self._on_done),
        ):
            runner.register_message(name, listener)

    def gather(self) -> int:
        """Wait until all expected workers have taken up locust's start; how many they are.

        Raises:
            ValueError: they did not come.
        """
        options = self._environment.parsed_options
        expected = max(1, options.expect_workers if options and options.headless else 1)
        deadline = time.monotonic() + _GATHER_S
        while True:
            clients = [each for each in self._runner.clients.all if each.state in {"spawning", "running"}]
            if len(clients) >= max(expected, self._runner.worker_count):
                break
            if time.monotonic() > deadline:
                raise ValueError(f"{len(clients)} of {expected} workers are there")
            gevent.sleep(0.02)
        number_of: Any = self._runner.get_worker_index
        ordered = sorted(clients, key=lambda each: int(number_of(each.id)))
        now = time.monotonic()
        self._nodes = {each.id: WorkerState(each.id, number, heard=now) for number, each in enumerate(ordered)}
        return len(self._nodes)

    def run(self, plan: LoadPlan, directory: Path, shared: int | None = None) -> list[WorkerFacts]:
        """Hand out, start, watch, and collect; facts of every worker, lost ones too.

        Args:
            shared: the descriptor of the plan, where the workers have it as well: then only its number goes over
                locust's port, which anybody on this machine may speak to, and no credentials.
        """
        self._run, self._stopped = plan.prefix, False
        self._bound = plan.bounds.silent_s - NOTICE_S
        given: dict[str, Any] = {"plan": msgspec.json.encode(plan)} if shared is None else {"shared": shared}
        for node in self._nodes.values():
            self._send("oip_plan", {**given, "worker": node.worker, "directory": str(directory)}, node)
        self._wait(lambda node: node.ready, _READY_S, "it never became ready")
        if not self._lost():
            self._compare_clocks()
            start = time.monotonic_ns() + round(START_S * NANOSECONDS)
            for node in self._nodes.values():
                self._send("oip_go", {"start": start + node.offset_ns, "offset": node.offset_ns}, node)
            self._watch(plan)
        for node in self._nodes.values():
            if not node.over:
                self._send("oip_stop", {}, node)
        self._wait(lambda node: node.over, plan.timeout_s * 2 + _DONE_S, "it did not end")
        return self._facts(directory, plan)

    @property
    def finished(self) -> int:
        """Requests that are over, as the workers said last."""
        return sum(int(node.beat.get("finished", 0)) for node in self._nodes.values())

    def stop(self) -> None:
        """locust stops the workers itself; only do not take them for lost."""
        self._stopped = True

    def _watch(self, plan: LoadPlan) -> None:
        deadline = time.monotonic() + plan.longest_s + START_S + _DONE_S
        while not all(node.over for node in self._nodes.values()) and not self._stopped and not self._lost():
            self._listen()
            for node in self._nodes.values():
                if not node.over and time.monotonic() > deadline:
                    self._lose(node, "it did not reach its end in time")
            gevent.sleep(0.05)

    def _listen(self) -> None:
        """Who has said nothing for too long is lost."""
        now = time.monotonic()
        for node in self._nodes.values():
            if not node.over and now - node.heard > self._bound:
                self._lose(node, f"no word for {now - node.heard:.2f} s")

    def _lose(self, node: WorkerState, why: str) -> None:
        node.silent = max(node.silent, time.monotonic() - node.heard if node.heard else 0.0)
        node.lost = why
        logger.error("worker %d is lost: %s; the run is INVALID", node.worker, why)

    def _lost(self) -> bool:
        return any(node.lost for node in self._nodes.values())

    def _wait(self, done: Any, seconds: float, why: str) -> None:  # noqa: ANN401 -- a predicate
        deadline = time.monotonic() + seconds
        while not all(done(node) or node.over for node in self._nodes.values()):
            self._listen()
            if time.monotonic() > deadline:
                for node in self._nodes.values():
                    if not done(node) and not node.over:
                        self._lose(node, why)
                return
            gevent.sleep(0.01)

    def _compare_clocks(self) -> None:
        for _ in range(_PINGS):
            for node in self._nodes.values():
                self._send("oip_ping", {"at": time.monotonic_ns()}, node)
            gevent.sleep(0.02)
        self._wait(lambda node: node.trip_ns < 1 << 62, _DONE_S, "it answered no ping")
        for node in self._nodes.values():
            if node.boot and node.boot == boot_id() and abs(node.offset_ns) < _SAME_CLOCK_NS:
                node.offset_ns = 0

    def _facts(self, directory: Path, plan: LoadPlan) -> list[WorkerFacts]:
        found = []
        for node in self._nodes.values():
            given = node.facts or RunFacts(facts=WorkerFacts(worker=node.worker), run=self._run)
            facts = msgspec.structs.replace(given.facts, worker=node.worker, lost=node.lost, silent_s=node.silent)
            whole = without_secrets(msgspec.structs.replace(given, facts=facts), plan.secrets, plan.secret_prefix)
            write_facts(directory, whole)
            found.append(whole.facts)
        return found

    def _send(self, name: str, data: dict[str, Any], node: WorkerState) -> None:
        self._runner.send_message(name, {**data, "run": self._run}, client_id=node.client)

    def _node(self, message: Any) -> WorkerState | None:  # noqa: ANN401 -- locust's message
        if message.data.get("run") != self._run:
            return None
        node = self._nodes.get(message.node_id)
        if node is not None:
            node.hear()
        return node

    def _on_ready(self, msg: Any, **_: object) -> None:  # noqa: ANN401
        if (node := self._node(msg)) is not None:
            node.ready, node.boot = True, msg.data["boot"]

    def _on_pong(self, msg: Any, **_: object) -> None:  # noqa: ANN401
        now = time.monotonic_ns()
        if (node := self._node(msg)) is not None:
            sent = msg.data["at"]
            if now - sent < node.trip_ns:
                node.trip_ns, node.offset_ns = now - sent, msg.data["clock"] - (sent + now) // 2

    def _on_beat(self, msg: Any, **_: object) -> None:  # noqa: ANN401
        # A beat counts for any run: the worker lives.
        if (node := self._nodes.get(msg.node_id)) is not None:
            node.hear()
            node.beat = msg.data

    def _on_done(self, msg: Any, **_: object) -> None:  # noqa: ANN401
        if (node := self._node(msg)) is None:
            return
        if msg.data.get("error"):
            self._lose(node, msg.data["error"])
        else:
            node.facts = msgspec.json.decode(msg.data["facts"], type=RunFacts)
