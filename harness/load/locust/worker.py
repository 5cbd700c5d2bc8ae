"""A worker's part of a distributed run: it prepares its share, starts when the master says, and says that it lives."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import msgspec
from gevent.event import Event
from locust.exception import RPCError

from harness.load.locust.worker_run import WorkerRun
from harness.load.plan.load_plan import decode_plan, shared_plan

if TYPE_CHECKING:
    from locust.env import Environment
    from locust.runners import WorkerRunner

    from harness.load.plan.answers import Validate

logger = logging.getLogger("locust.oip")
BEAT_S = 0.5


class Worker:
    """A worker's side."""

    def __init__(self, environment: Environment, runner: WorkerRunner, validate: Validate | None) -> None:
        self._environment, self._runner, self._validate = environment, runner, validate
        self._worker_run: WorkerRun | None = None
        self._run = ""
        self._gone = Event()
        runner.register_message("oip_plan", self._on_plan, concurrent=True)
        runner.register_message("oip_ping", self._on_ping)
        runner.register_message("oip_go", self._on_go, concurrent=True)
        runner.register_message("oip_stop", self._on_stop, concurrent=True)
        events: Any = environment.events
        self._reporting = events.report_to_master
        self._reporting.add_listener(self._report)
        runner.greenlet.spawn(self._beat)

    def stop(self) -> None:
        """End the run under way, if there is one, and wait for it."""
        worker_run = self._worker_run
        if worker_run is not None and worker_run.engine.start_ns:
            worker_run.stop()
            self._gone.wait(2)

    def _on_plan(self, msg: Any, **_: object) -> None:  # noqa: ANN401
        data = msg.data
        self._run = data["run"]
        self._gone.clear()
        try:
            plan = shared_plan(data["shared"]) if "shared" in data else decode_plan(data["plan"])
            worker_run = WorkerRun(self._environment, plan, data["worker"], Path(data["directory"]), self._validate)
            worker_run.prepare()
        except Exception as error:  # noqa: BLE001 -- the master must hear of it, whatever it is
            self._send("oip_done", {"error": f"it could not prepare: {type(error).__name__}: {error}"})
            return
        self._worker_run = worker_run
        self._send("oip_ready", {"boot": boot_id()})

    def _on_ping(self, msg: Any, **_: object) -> None:  # noqa: ANN401
        self._send("oip_pong", {"at": msg.data["at"], "clock": time.monotonic_ns()})

    def _on_go(self, msg: Any, **_: object) -> None:  # noqa: ANN401
        worker_run = self._worker_run
        if worker_run is None:
            return
        worker_run.offset_ns = msg.data["offset"]
        try:
            facts = worker_run.run(msg.data["start"])
        except Exception as error:  # noqa: BLE001 -- as above
            self._send("oip_done", {"error": f"{type(error).__name__}: {error}"})
        else:
            # First the counts, then the word that they are complete: locust's own report comes every 3 s only.
            data: dict[str, Any] = {}
            self._reporting.fire(client_id=self._runner.client_id, data=data)
            self._runner.send_message("stats", data)
            self._send("oip_done", {"facts": msgspec.json.encode(facts)})
        finally:
            self._worker_run = None
            self._gone.set()

    def _on_stop(self, **_: object) -> None:
        worker_run = self._worker_run
        if worker_run is None:
            return
        if worker_run.engine.start_ns:
            worker_run.engine.stop()
            return
        self._worker_run = None
        self._send("oip_done", {"facts": msgspec.json.encode(worker_run.abandon())})

    def _beat(self) -> None:
        while True:
            engine = self._worker_run.engine if self._worker_run is not None else None
            counts = {"finished": engine.completion.finished, "open": engine.pool.open} if engine is not None else {}
            try:
                self._send("oip_beat", counts)
            except RPCError as error:
                logger.warning("the master was not told that this worker lives: %s", error)
            gevent.sleep(BEAT_S)

    def _report(self, data: dict[str, Any], **_: object) -> None:
        """locust's users are the open connections."""
        worker_run = self._worker_run
        if worker_run is not None and (names := list(data.get("user_classes_count", {}))):
            data["user_count"] = worker_run.engine.pool.open
            data["user_classes_count"] = {**dict.fromkeys(names, 0), names[0]: worker_run.engine.pool.open}

    def _send(self, name: str, data: dict[str, Any]) -> None:
        self._runner.send_message(name, {**data, "run": self._run})


def boot_id() -> str:
    """Names the running kernel: processes that see the same one share a monotonic clock. Empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
