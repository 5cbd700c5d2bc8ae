"""Seeded faults that the checks of ``suites/conformance/extensions/test_numbers.py`` find."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from harness.reference.extensions.metrics import DURATION, SUCCESS
from harness.reference.extensions.statistics import Counts, Durations
from harness.reference.faults.kit.common import is_rest
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.models.model import Model

COUNTERS, RESOURCES, LABELS = "advice:true-counters", "advice:steady-resources", "advice:bounded-labels"


@fault(
    "failures-counted-as-successes",
    COUNTERS,
    text="metrics and statistics count every inference that came to an end as a success",
)
def failures_counted_as_successes(hooks: Hooks) -> None:
    class Ended(Counts):
        __slots__ = ()

        def add_failure(self, ns: int) -> None:
            self.success.add(ns)

    def edit(models: dict[str, Model]) -> None:
        for model in models.values():
            for version in model.versions.values():
                object.__setattr__(version, "counts", Ended())

    hooks.models.append(edit)


def _changed(names: str, change: Callable[[float], float]) -> Callable[[Hooks], None]:
    """A fault that shows other numbers for what has a name that begins so."""

    def edit(numbers: dict[str, float]) -> None:
        for name, value in numbers.items():
            if name.startswith(names) and 'le="+Inf"' not in name:
                numbers[name] = change(value)

    return lambda hooks: hooks.metrics.append(edit)


fault("metrics-count-every-second", COUNTERS, text="the counter of successes in the metrics misses every second one")(
    _changed(SUCCESS, lambda value: value // 2)
)
fault("metrics-count-twice", COUNTERS, text="the counter of successes in the metrics takes each request twice")(
    _changed(SUCCESS, lambda value: 2 * value)
)
fault("metrics-buckets-lose-half", COUNTERS, text="buckets of durations in the metrics hold half of what they count")(
    _changed(f"{DURATION}_bucket", lambda value: value // 2)
)


@fault(
    "metrics-milliseconds-called-seconds",
    COUNTERS,
    text="the histogram of durations in the metrics is filled with milliseconds, and called one of seconds",
)
def metrics_milliseconds(hooks: Hooks) -> None:
    class Milliseconds(Durations):
        __slots__ = ()

        def observe(self, seconds: float) -> None:
            # What the reference server takes is less than any machine's noise.
            Durations.observe(self, 1000 * max(seconds, 0.001))

    def edit(models: dict[str, Model]) -> None:
        for model in models.values():
            for version in model.versions.values():
                version.counts.durations = Milliseconds()

    hooks.models.append(edit)


def _labelled(hooks: Hooks, label: str, value_of: Callable[[Call, Reply], str]) -> None:
    """Count replies by a label; no value, no count."""
    seen: Counter[str] = Counter()

    def note(call: Call, reply: Reply) -> None:
        if value := value_of(call, reply):
            seen[value] += 1

    def edit(numbers: dict[str, float]) -> None:
        for value, count in seen.items():
            numbers[f'http_replies_total{{{label}="{value}"}}'] = float(count)

    hooks.documents.append(note)
    hooks.metrics.append(edit)


def _plain(text: str) -> str:
    return "".join(each for each in text if each.isalnum() or each in "-_/")[:100]


@fault("metrics-by-request-id", LABELS, text="metrics count inferences by the id of the request", effect="state")
def metrics_by_request_id(hooks: Hooks) -> None:
    def value_of(call: Call, reply: Reply) -> str:
        document = reply.document if call.op == "infer" else None
        return _plain(str(document.get("id", ""))) if isinstance(document, dict) else ""

    _labelled(hooks, "id", value_of)


@fault("metrics-by-unknown-model", LABELS, text="metrics count failures by models that are not there", effect="state")
def metrics_by_unknown_model(hooks: Hooks) -> None:
    _labelled(hooks, "name", lambda call, reply: _plain(call.model) if reply.status == 404 else "")


@fault("metrics-by-path", LABELS, text="metrics count replies by the path as it was sent", effect="state")
def metrics_by_path(hooks: Hooks) -> None:
    _labelled(hooks, "path", lambda call, _: _plain(call.path))


@fault("calls-counted-nowhere", COUNTERS, text="statistics count what came over HTTP only", transport="grpc")
def calls_counted_nowhere(hooks: Hooks) -> None:
    calls: Counter[tuple[str, str]] = Counter()

    def leave_out(_: Call, reply: Any) -> None:
        for each in reply.model_stats:
            each.inference_stats.success.count -= calls[each.name, each.version]

    hooks.grpc.on("infer")(lambda _, reply: calls.update([(reply.model_name, reply.model_version)]))
    hooks.grpc.on("stats")(leave_out)


@fault("file-kept-for-each-connection", RESOURCES, text="every connection opens a file that stays open", effect="state")
def file_kept(hooks: Hooks) -> None:
    kept: list[int] = []

    def gate(call: Call) -> None:
        if is_rest(call) and call.number_on_connection == 1:
            kept.append(os.open(os.devnull, os.O_RDONLY))

    hooks.gates.append(gate)


@fault("refused-bodies-kept", RESOURCES, text="the body of every refused inference is kept", effect="state")
def refused_bodies_kept(hooks: Hooks) -> None:
    kept: list[bytes] = []

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status >= 400:
            # Written to, so that the memory is there.
            kept.append(bytes(bytearray(call.body)))

    hooks.documents.append(edit)
