"""A server that delivers CloudEvents of its inferences in the shape of KServe's logger, rightly or wrongly.

    ART15_TESTS_LOG=HOST:PORT python -m tests.endtoend.delivering_models --fault events-right [OPTIONS]

Whoever imports this has the ways of delivering among the faults of its process, so nobody but that server does.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

LOG = "ART15_TESTS_LOG"
KIND = "org.kubeflow.serving.inference."
Event = tuple[dict[str, str], bytes]
Way = Callable[[int, list[Event]], list[Event]]
Send = Callable[[list[Event]], list[tuple[dict[str, str], bytes]]]


def binary(events: list[Event]) -> list[tuple[dict[str, str], bytes]]:
    """A delivery an event, attributes in headers."""
    return [({"Content-Type": "application/json", **{f"Ce-{name}": value for name, value in attributes.items()}}, body)
            for attributes, body in events]  # fmt: skip


def batch(events: list[Event]) -> list[tuple[dict[str, str], bytes]]:
    """One delivery, data written anew with its members in another order."""
    made = [{**attributes, "data": dict(sorted(json.loads(body).items()))} for attributes, body in events]
    return [({"Content-Type": "application/cloudevents-batch+json"}, json.dumps(made, indent=1).encode())]


def delivers(hooks: Hooks, way: Way, send: Send = binary) -> None:
    """Deliver what a way makes of request and response of each inference over REST, after its answer."""
    numbers, waiting = count(1), queue.Queue[list[Event]]()

    def work() -> None:
        while True:
            for headers, body in send(waiting.get()):
                # Before the tester listens, and after it, nobody takes them.
                with contextlib.suppress(OSError, http.client.HTTPException):
                    connection = http.client.HTTPConnection(os.environ[LOG], timeout=5)
                    connection.request("POST", "/", body, headers)
                    connection.getresponse().read()
                    connection.close()

    def rest(call: Call, reply: Reply) -> None:
        if call.op != "infer":
            return
        number = next(numbers)
        found = [(_attributes(number, call, "request"), call.body)]
        if reply.status == 200:
            found.append((_attributes(number, call, "response"), reply.body or b""))
        waiting.put(way(number, found))

    hooks.bodies.append(rest)
    threading.Thread(target=work, daemon=True).start()


def _attributes(number: int, call: Call, side: str) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "type": KIND + side,
        "source": "http://localhost:9081/",
        "inferenceservicename": call.model,
        "namespace": "tests",
        "component": "predictor",
        "endpoint": "default",
    }


def _of_another_version(number: int, events: list[Event]) -> list[Event]:
    if number % 10 or len(events) == 1:
        return events
    said: dict[str, Any] = json.loads(events[1][1])
    return [events[0], (events[1][0], json.dumps({**said, "model_version": "1"}).encode())]


def _anew(number: int, events: list[Event]) -> list[Event]:
    more = [({**attributes, "id": f"again-{number}"}, body) for attributes, body in events]
    return events if number % 10 else events + more


@fault("events-right", "log", text="each inference has its events")
def right(hooks: Hooks) -> None:
    delivers(hooks, lambda _, events: events)


@fault("events-in-batches", "log", text="each inference has its events, delivered twice in one batch")
def in_batches(hooks: Hooks) -> None:
    delivers(hooks, lambda _, events: [*events, *events], batch)


@fault("events-dropped", "log", text="every tenth inference has no events")
def dropped(hooks: Hooks) -> None:
    delivers(hooks, lambda number, events: events if number % 10 else [])


@fault("events-anew", "log", text="every tenth inference has its events twice, with other ids")
def anew(hooks: Hooks) -> None:
    delivers(hooks, _anew)


@fault("events-of-another-version", "log", text="every tenth response names another version in its event")
def of_another_version(hooks: Hooks) -> None:
    delivers(hooks, _of_another_version)


if __name__ == "__main__":
    # Which faults may be named is settled when this is imported.
    from harness.reference.command import main

    main()
