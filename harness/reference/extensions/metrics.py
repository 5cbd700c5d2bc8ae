"""Metrics in the text format of Prometheus: what was inferred and refused, and what the process takes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from harness.reference.extensions.statistics import BOUNDS, Counts
from harness.reference.messages import Reply
from harness.reference.models.model import Model

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SUCCESS, FAILURE = "model_infer_request_success_total", "model_infer_request_failure_total"
DURATION = "model_infer_request_duration_seconds"
MEMORY, FILES, THREADS = "process_resident_memory_bytes", "process_open_fds", "process_threads"


def counted(models: Mapping[str, Model]) -> Iterator[tuple[str, str, Counts]]:
    """Name, version and counts of each version of each model."""
    for model in models.values():
        for each in model.versions.values():
            yield model.name, each.version, each.counts


def metrics(counted: Iterable[tuple[str, str, Counts]], edits: Iterable[Callable[[dict[str, float]], None]]) -> Reply:
    """The whole answer, from name, version and counts of each model version."""
    numbers: dict[str, float] = {
        MEMORY: float(_pages() * os.sysconf("SC_PAGE_SIZE")),
        FILES: float(_files()),
        THREADS: float(threading.active_count()),
    }
    for model, version, counts in counted:
        labels = f'model="{_escaped(model)}",version="{_escaped(version)}"'
        numbers[f"{SUCCESS}{{{labels}}}"] = float(counts.success.count)
        numbers[f"{FAILURE}{{{labels}}}"] = float(counts.fail.count)
        numbers[f"{DURATION}_sum{{{labels}}}"] = counts.durations.sum
        numbers[f"{DURATION}_count{{{labels}}}"] = float(counts.durations.within[-1])
        for bound, within in zip((*BOUNDS, "+Inf"), counts.durations.within, strict=True):
            numbers[f'{DURATION}_bucket{{{labels},le="{bound}"}}'] = float(within)
    for edit in edits:
        edit(numbers)
    kinds = [f"# TYPE {name} {_kind(name)}" for name in sorted({_family(name) for name in numbers})]
    lines = [*kinds, *(f"{name} {value}" for name, value in numbers.items())]
    return Reply(200, body="\n".join([*lines, ""]).encode(), media_type=MEDIA_TYPE)


def _family(name: str) -> str:
    return DURATION if name.startswith(DURATION) else name.partition("{")[0]


def _kind(name: str) -> str:
    return "histogram" if name == DURATION else "counter" if name.endswith("_total") else "gauge"


def _pages() -> int:
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) if statm.exists() else 0


def _files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
