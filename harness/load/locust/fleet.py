"""The locustfile of a probing run: a master and workers that carry out one plan after another.

:mod:`harness.load.launch` starts them and writes an order for each plan to the master's standard input
(:mod:`harness.load.plan.orders`). A process whose standard input ends has lost its launcher, and ends at once: so none
outlives a pytest that was killed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import gevent
import gevent.os
import msgspec
from gevent.queue import Queue
from locust import User, events, task
from locust.runners import MasterRunner, WorkerRunner

from harness.load.locust import buckets
from harness.load.locust.master import Master
from harness.load.locust.worker import Worker
from harness.load.plan.full_check import same_outputs
from harness.load.plan.load_plan import shared_plan
from harness.load.plan.orders import TELL, Beat, Done, Event, Failed, Order, Ready

if TYPE_CHECKING:
    from locust.env import Environment

_TOLD_EVERY_S = 0.5
_ENDLESS_S = 3600.0
_PIECE = 1 << 16


# Lines of standard input; only a master is sent any.
_ORDERS: Queue[bytes] = Queue()


class Waiting(User):
    """locust wants a user; the engine is what sends."""

    @task
    def idle(self) -> None:
        """Do nothing."""
        gevent.sleep(_ENDLESS_S)


class OrderTaker:
    """Takes orders, one at a time."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        self._master = Master(environment, runner)
        self._pipe = int(os.environ[TELL])
        gevent.spawn(self._serve)

    def _serve(self) -> None:
        try:
            self._master.gather()
            self._tell(Ready())
            while True:
                self._play(msgspec.json.decode(_ORDERS.get(), type=Order))
        except Exception as error:  # noqa: BLE001 -- the launcher must hear of it, whatever it is
            self._tell(Failed(why=f"{type(error).__name__}: {error}"))

    def _play(self, order: Order) -> None:
        plan = shared_plan(order.plan)
        # Workers of an earlier plan keep their numbers; what is known of them does not stay.
        self._master.gather()
        teller = gevent.spawn(self._tell_on)
        try:
            self._master.run(plan, Path(order.directory), order.plan)
        finally:
            teller.kill()
        self._tell(Done(run=plan.prefix))

    def _tell_on(self) -> None:
        while True:
            gevent.sleep(_TOLD_EVERY_S)
            self._tell(Beat(finished=self._master.finished))

    def _tell(self, event: Event) -> None:
        os.write(self._pipe, msgspec.json.encode(event) + b"\n")


def _listen() -> None:
    """Put by each line of standard input; at its end, end this process."""
    gevent.os.make_nonblocking(0)
    rest = b""
    while piece := gevent.os.nb_read(0, _PIECE):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            _ORDERS.put(line)
    os._exit(0)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # locust has no types for it
def _begin(**_: object) -> None:
    # Before there is a runner: that of a worker whose master is gone looks for it for minutes, and then init comes.
    gevent.spawn(_listen)


@events.init.add_listener  # type: ignore[untyped-decorator]  # locust has no types for it
def _init(environment: Environment, **_: object) -> None:
    buckets.install()
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        environment.oip_master = OrderTaker(environment, runner)  # type: ignore[attr-defined]  # kept alive with it
    elif isinstance(runner, WorkerRunner):
        Worker(environment, runner, same_outputs)
