"""Runs engines in a process of its own: gevent stays out of pytest's. A line ``PLAN RECORDS FACTS`` on input each."""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path

import gevent.monkey

gevent.monkey.patch_all()

from harness.load.engine import Engine  # noqa: E402 -- after patching, as in locust
from harness.load.plan import read_plan  # noqa: E402
from harness.load.records import Origin, RecordWriter  # noqa: E402

NAMES = ("opened", "peak_open", "peak_queue", "cap_hits", "unknown_ids", "unsolicited", "notes", "open", "under_way")


def one(plan_file: str, records: str, left: str) -> None:
    """Carry out one plan."""
    plan = read_plan(Path(plan_file))
    began = time.monotonic()
    with RecordWriter(Path(records), Origin(0, 1, plan.digest)) as writer:
        engine = Engine(plan, 0, 1, writer)
        engine.prepare()
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
