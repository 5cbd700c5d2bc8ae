"""A server that writes an entry for each inference to a log, rightly or wrongly.

    ART15_TESTS_LOG=FILE python -m tests.endtoend.logged_models --fault log-right [OPTIONS OF harness.reference]

Whoever imports this has the ways of logging among the faults of its process, so nobody but that server does.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from tests.endtoend.logged import LOG

Entry = dict[str, str]
COLUMNS = ("id", "model", "version", "request", "response")
Way = Callable[[int, Entry], list[Entry]]


def _write(entries: list[Entry]) -> None:
    path = Path(os.environ[LOG])
    if path.suffix == ".db":
        with sqlite3.connect(path) as database:
            database.execute(f"CREATE TABLE IF NOT EXISTS inferences ({', '.join(COLUMNS)})")
            rows = [[each.get(name) for name in COLUMNS] for each in entries]
            database.executemany("INSERT INTO inferences VALUES (?, ?, ?, ?, ?)", rows)
        return
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(each) + "\n" for each in entries)


def logs(hooks: Hooks, way: Way, *, refused: bool = False) -> None:
    """Write what a way of logging makes of the entry of each inference, over either transport."""
    numbers = count(1)

    def rest(call: Call, reply: Reply) -> None:
        if call.op != "infer" or (reply.status != 200 and not refused):
            return
        asked, said = _object(call.body), _object(reply.body or b"")
        entry = {"id": str(asked.get("id", "")), "model": call.model, "version": str(said.get("model_version", "")),
                 "request": _digest(call.body), "response": _digest(reply.body or b"")}  # fmt: skip
        _write(way(next(numbers), entry))

    def rpc(call: Call, data: bytes) -> bytes:
        if call.op == "infer":
            from harness.reference.grpc.schema import CLASSES  # noqa: PLC0415 -- where gRPC is served alone

            reply = CLASSES["ModelInferResponse"].FromString(data)
            entry = {"id": reply.id, "model": reply.model_name, "version": reply.model_version}
            _write(way(next(numbers), {**entry, "request": "", "response": _digest(data)}))
        return data

    hooks.bodies.append(rest)
    hooks.grpc.sent.append(rpc)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@fault("log-right", "log", text="each inference that was answered has its entry")
def right(hooks: Hooks) -> None:
    logs(hooks, lambda _, entry: [entry])


@fault("log-refused-too", "log", text="requests that were refused have entries as well")
def refused_too(hooks: Hooks) -> None:
    logs(hooks, lambda _, entry: [entry], refused=True)


@fault("log-drops", "log", text="every tenth entry is dropped")
def drops(hooks: Hooks) -> None:
    logs(hooks, lambda number, entry: [] if number % 10 == 0 else [entry])


@fault("log-repeats", "log", text="every tenth entry is written twice")
def repeats(hooks: Hooks) -> None:
    logs(hooks, lambda number, entry: [entry] * (2 if number % 10 == 0 else 1))


@fault("log-of-another-version", "log", text="every tenth entry names another version")
def another_version(hooks: Hooks) -> None:
    logs(hooks, lambda number, entry: [{**entry, "version": "1"} if number % 10 == 0 else entry])


@fault("log-of-another-payload", "log", text="every tenth entry has the digest of another request")
def another_payload(hooks: Hooks) -> None:
    logs(hooks, lambda number, entry: [{**entry, "request": "0" * 64} if number % 10 == 0 else entry])


@fault("log-without-ids", "log", text="entries have ids of the log's own")
def without_ids(hooks: Hooks) -> None:
    logs(hooks, lambda number, entry: [{**entry, "id": f"entry-{number}"}])


if __name__ == "__main__":
    # Which faults may be named is settled when this is imported.
    from harness.reference.command import main

    main()
