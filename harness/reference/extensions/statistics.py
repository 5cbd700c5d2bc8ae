"""Extension statistics: how often and how long a model worked.

Source: Triton ``extension_statistics.md``. Durations are nanoseconds, ``last_inference`` is milliseconds since 1970.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from harness.reference.protocol.tensors import Tensor

STAGES = ("compute_input", "compute_infer", "compute_output")


@dataclass(slots=True)
class _Duration:
    count: int = 0
    ns: int = 0

    def add(self, ns: int) -> None:
        self.count += 1
        self.ns += ns

    def document(self) -> dict[str, int]:
        return {"count": self.count, "ns": self.ns}


def _stages() -> dict[str, _Duration]:
    return {stage: _Duration() for stage in STAGES}


BOUNDS = (0.001, 0.01, 0.1, 1.0, 10.0)


@dataclass(slots=True)
class Durations:
    """A histogram of durations in seconds: their sum, and how many are within each bound; the last has none."""

    sum: float = 0.0
    within: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def observe(self, seconds: float) -> None:
        """One duration."""
        self.sum += seconds
        for index, bound in enumerate((*BOUNDS, float("inf"))):
            self.within[index] += seconds <= bound


@dataclass(slots=True)
class Counts:
    """What is counted of one model version."""

    last_ms: int = 0
    inferences: int = 0
    executions: int = 0
    success: _Duration = field(default_factory=_Duration)
    fail: _Duration = field(default_factory=_Duration)
    stages: dict[str, _Duration] = field(default_factory=_stages)
    batches: dict[int, dict[str, _Duration]] = field(default_factory=dict)
    durations: Durations = field(default_factory=Durations)
    _lock: Lock = field(default_factory=Lock)

    def add(self, rows: int, marks: tuple[int, int, int, int]) -> None:
        """One request of ``rows`` rows; ``marks`` are begin and end of the stages, by ``time.perf_counter_ns``."""
        with self._lock:
            self.last_ms = time.time_ns() // 1_000_000
            self.inferences += rows
            self.executions += 1
            self.success.add(marks[3] - marks[0])
            self.durations.observe((marks[3] - marks[0]) / 1e9)
            batch = self.batches.setdefault(rows, _stages())
            for stage, begin, end in zip(STAGES, marks, marks[1:], strict=False):
                self.stages[stage].add(end - begin)
                batch[stage].add(end - begin)

    def add_failure(self, ns: int) -> None:
        """One request that was refused."""
        with self._lock:
            self.fail.add(ns)

    def document(self, name: str, version: str) -> dict[str, Any]:
        """One entry of ``model_stats``."""
        with self._lock:
            never = _Duration()
            return {
                "name": name,
                "version": version,
                "last_inference": self.last_ms,
                "inference_count": self.inferences,
                "execution_count": self.executions,
                "inference_stats": {
                    "success": self.success.document(),
                    "fail": self.fail.document(),
                    # Nothing waits here and nothing is cached.
                    "queue": {"count": self.success.count, "ns": 0},
                    **{stage: each.document() for stage, each in self.stages.items()},
                    "cache_hit": never.document(),
                    "cache_miss": never.document(),
                },
                "batch_stats": [
                    {"batch_size": rows, **{stage: each.document() for stage, each in stages.items()}}
                    for rows, stages in sorted(self.batches.items())
                ],
            }


def rows_of(inputs: Mapping[str, Tensor]) -> int:
    """Rows of a request: the leading dimension of its first input, at least one."""
    first = next(iter(inputs.values()), None)
    return max(1, first.shape[0]) if first is not None and first.shape else 1


def statistics(counted: Iterable[tuple[str, str, Counts]]) -> dict[str, Any]:
    """The whole answer, from name, version and counts of each model version."""
    return {"model_stats": [counts.document(name, version) for name, version, counts in counted]}
