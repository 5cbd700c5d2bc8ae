"""Runs engines in a process of its own: gevent stays out of pytest's.

A line ``PLAN RECORDS FACTS SPOILT`` on input each. SPOILT names what goes wrong in the tester
itself, a function here; empty: nothing.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path

import gevent
import gevent.monkey

gevent.monkey.patch_all()

from harness.load.engine import Engine  # noqa: E402 -- after patching, as in locust
from harness.load.plan import read_plan  # noqa: E402
from harness.load.records import Origin, RecordWriter  # noqa: E402

NAMES = (
    "opened", "peak_open", "peak_queue", "cap_hits", "unknown_ids", "unsolicited", "notes", "open", "under_way",
    "defects", "first_defect", "stopped_ns",
)  # fmt: skip
_block = gevent.monkey.get_original("time", "sleep")


def validator(engine: Engine) -> None:
    """The check of answers raises."""

    def check(_: object) -> None:
        raise RuntimeError("no judge")

    engine._checking._validate = check


def disk(engine: Engine) -> None:
    """No room for records."""
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, engine.writer._file)
    os.close(full)


def reading(engine: Engine) -> None:
    """What takes answers apart raises."""
    engine.heads = {}  # type: ignore[assignment]  # knows no head, and reads none


def forgotten(engine: Engine) -> None:
    """A request is lost track of."""
    engine._outstanding += 1


def frozen(engine: Engine) -> None:
    """The process stands still for half a second."""
    gevent.spawn_later(0.15, _block, 0.5)


def one(plan_file: str, records: str, left: str, spoilt: str = "") -> None:
    """Carry out one plan."""
    plan = read_plan(Path(plan_file))
    began = time.monotonic()
    with RecordWriter(Path(records), Origin(0, 1, plan.digest)) as writer:
        engine = Engine(plan, 0, 1, writer)
        engine.prepare()
        if spoilt:
            globals()[spoilt](engine)
        engine.run(time.monotonic_ns() + 20_000_000)
    facts = {name: getattr(engine, name) for name in NAMES}
    Path(left).write_text(json.dumps({**facts, "kept": engine.kept, "took": time.monotonic() - began}), "utf-8")


for line in sys.stdin:
    try:
        one(*line.rstrip("\n").split("\t"))
        sys.stdout.write("done\n")
    except Exception:  # noqa: BLE001 -- the test shows it
        sys.stdout.write(json.dumps(traceback.format_exc()) + "\n")
    sys.stdout.flush()
