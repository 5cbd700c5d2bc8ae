"""Feeds locust's statistics from the recorded rows, and collects facts about the worker."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import gevent
import locust.stats
import numpy as np

from harness.load.locust.buckets import counted
from harness.load.plan.load_plan import LoadPlan
from harness.load.records.rows import Rows, Status
from harness.load.records.worker_facts import WorkerFacts
from reports.text.markdown import cut

if TYPE_CHECKING:
    from locust.env import Environment

    from harness.load.engine.engine import Engine

_MS = 1e-6
_CPU_WINDOW = 10
SAMPLE_S = 0.5
# Characters of a case's name in locust's tables; it may be that of a model, as its endpoint has it.
LONGEST_NAME = 120
_NO_CODE = frozenset({0, 200})


class LocustStats:
    """Adds blocks of rows to locust's statistics. A failed request has the time until its failure."""

    def __init__(self, environment: Environment, plan: LoadPlan) -> None:
        self._environment = environment
        method = "gRPC" if plan.transport == "grpc" else None
        self._names = [(cut(case.name, LONGEST_NAME), method or case.method) for case in plan.cases]
        self.started = time.time()
        self._lags: list[Any] = []
        self._counted = 0

    def add(self, rows: Rows) -> None:
        """Count a block of rows, each once."""
        stats = self._environment.stats
        for case in np.unique(rows["case"]).tolist():
            part = rows[rows["case"] == case]
            name, method = self._names[case]
            for entry in (stats.get(name, method), stats.total):
                self._entry(entry, part)
            self._errors(stats, part[part["status"] != Status.OK], name, method)
        lag = rows["taken"] - rows["intended"]
        self._lags.append(lag.astype(np.int64))
        self._counted += len(rows)

    def lag_us(self) -> dict[str, float]:
        """The tester's own lag in microseconds."""
        lags = np.sort(np.concatenate([np.zeros(0, np.int64), *self._lags]))
        if not len(lags):
            return {}
        at = {"p50": len(lags) // 2, "p99": min(len(lags) - 1, int(len(lags) * 0.99)), "max": len(lags) - 1}
        return {name: float(lags[place]) / 1e3 for name, place in at.items()}

    def _entry(self, entry: Any, rows: Rows) -> None:  # noqa: ANN401 -- a StatsEntry: typed as whole ms, float in use
        took = rows["done"] - rows["intended"]
        now = time.time()
        last = entry.last_request_timestamp
        if entry.use_response_times_cache and last and int(now) > int(last):
            entry._cache_response_times(int(now) - 1)  # noqa: SLF001 -- as StatsEntry.log does, for the live percentiles
        entry.num_requests += len(rows)
        entry.last_request_timestamp = now
        entry.total_response_time += float(took.sum()) * _MS
        entry.max_response_time = max(entry.max_response_time, float(took.max()) * _MS)
        least = float(took.min()) * _MS
        entry.min_response_time = least if entry.min_response_time is None else min(entry.min_response_time, least)
        entry.total_content_length += int(rows["bytes"].sum(dtype=np.int64))
        for key, count in counted(took).items():
            entry.response_times[key] += count
        failed = rows["status"] != Status.OK
        entry.num_failures += int(failed.sum())
        for seconds, per_second in (
            (rows["done"], entry.num_reqs_per_sec),
            (rows["done"][failed], entry.num_fail_per_sec),
        ):
            found, counts = np.unique((self.started + seconds * 1e-9).astype(np.int64), return_counts=True)
            for second, count in zip(found.tolist(), counts.tolist(), strict=True):
                per_second[second] += count

    def _errors(self, stats: locust.stats.RequestStats, rows: Rows, name: str, method: str) -> None:
        kinds, counts = np.unique(rows["status"].astype(np.int64) << 16 | rows["code"], return_counts=True)
        for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
            code = kind & 0xFFFF
            text = Status(kind >> 16).name.lower() + ("" if code in _NO_CODE else f" {code}")
            key = locust.stats.StatsError.create_key(method, name, text)
            error = stats.errors.get(key)
            if error is None:
                error = stats.errors[key] = locust.stats.StatsError(method, name, text)
            error.occurred()
            error.occurrences += count - 1


class CpuMeter:
    """CPU time of this process while it sends."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=_CPU_WINDOW + 1)
        self._begin = self._now()
        self.highest = 0.0
        self._full = False

    def forever(self) -> None:
        """Sample twice a second."""
        while True:
            self.sample()
            gevent.sleep(SAMPLE_S)

    def sample(self) -> None:
        """One more sample; the highest share over 5 s is kept."""
        now = self._now()
        self._samples.append(now)
        if len(self._samples) > _CPU_WINDOW:
            self._full = True
            self.highest = max(self.highest, _share(self._samples[0], now))

    def begin(self) -> None:
        """Count from here."""
        self._samples.clear()
        self._begin = self._now()

    def total(self) -> tuple[float, float, float]:
        """Real seconds, CPU seconds and the highest share so far."""
        now = self._now()
        highest = self.highest if self._full else _share(self._begin, now)
        return now[0] - self._begin[0], now[1] - self._begin[1], highest

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.monotonic(), time.process_time()


def facts_of(engine: Engine, meter: CpuMeter, *, finished: bool) -> WorkerFacts:
    """What the engine knows of itself."""
    notes = list(engine.tester_errors.notes)
    if engine.completion.unsolicited:
        notes.append(f"{engine.completion.unsolicited} answers that nobody had asked for")
    if engine.stopped_ns is not None:
        notes.append(f"stopped at second {engine.stopped_ns / 1e9:.2f}")
    return WorkerFacts(
        worker=engine.worker,
        host=socket.gethostname(),
        pid=os.getpid(),
        finished=finished,
        cpu_share=meter.total()[2],
        cap_hits=engine.pool.cap_hits,
        unknown_ids=engine.completion.answer_check.unknown_ids,
        defects=engine.tester_errors.defects,
        defect=engine.tester_errors.first_defect,
        opened=engine.pool.opened,
        peak_open=engine.pool.peak_open,
        peak_queue=engine.pool.peak_queue,
        schedule_digest=engine.schedule_digest,
        note="; ".join(notes),
    )


def _share(first: tuple[float, float], last: tuple[float, float]) -> float:
    return (last[1] - first[1]) / max(last[0] - first[0], 1e-9)
