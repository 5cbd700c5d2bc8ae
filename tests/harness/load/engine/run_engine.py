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
from operator import attrgetter
from pathlib import Path

import gevent
import gevent.monkey
import msgspec

gevent.monkey.patch_all()

from harness.load.engine.engine import Engine  # noqa: E402 -- after patching, as in locust
from harness.load.plan.load_plan import read_plan  # noqa: E402
from harness.load.records.rows import Origin, RecordWriter  # noqa: E402

NAMES = (
    "pool.opened", "pool.peak_open", "pool.peak_queue", "pool.cap_hits", "pool.open", "under_way", "stopped_ns",
    "completion.unsolicited", "completion.answer_check.unknown_ids", "completion.answer_check.kept",
    "tester_errors.notes", "tester_errors.defects", "tester_errors.first_defect",
)  # fmt: skip
PATIENT_NS = 20_000_000_000
_block = gevent.monkey.get_original("time", "sleep")


def validator(engine: Engine) -> None:
    """The check of answers raises."""

    def check(_: object) -> None:
        raise RuntimeError("no judge")

    engine.completion.answer_check._validate = check


def disk(engine: Engine) -> None:
    """No room for records."""
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, engine.completion.writer._file)
    os.close(full)


def reading(engine: Engine) -> None:
    """What takes answers apart raises."""
    engine.heads = {}  # type: ignore[assignment]  # knows no head, and reads none


def forgotten(engine: Engine) -> None:
    """A request is lost track of."""
    engine.under_way += 1
    # Only the run as a whole is given up soon.
    engine._timeout = PATIENT_NS


def frozen(engine: Engine) -> None:
    """The process stands still for a second, after which all that was sent before is overdue."""

    def stand_still() -> None:
        _block(1)
        engine._timeout, engine._reap = 300_000_000, once  # type: ignore[method-assign]

    def once(now: int) -> None:
        reap(now)
        engine._timeout = PATIENT_NS

    reap = engine._reap
    gevent.spawn_later(0.15, stand_still)


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
    facts = {name.rpartition(".")[2]: attrgetter(name)(engine) for name in NAMES}
    Path(left).write_text(json.dumps({**msgspec.to_builtins(facts), "took": time.monotonic() - began}), "utf-8")


for line in sys.stdin:
    try:
        one(*line.rstrip("\n").split("\t"))
        sys.stdout.write("done\n")
    except Exception:  # noqa: BLE001 -- the test shows it
        sys.stdout.write(json.dumps(traceback.format_exc()) + "\n")
    sys.stdout.flush()
