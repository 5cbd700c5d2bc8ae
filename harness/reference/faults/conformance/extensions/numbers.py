"""Seeded faults that the checks of ``suites/conformance/extensions/test_numbers.py`` find."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from harness.reference.extensions.metrics import SUCCESS
from harness.reference.extensions.statistics import Counts
from harness.reference.faults.kit.common import is_rest
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.models.model import Model

COUNTERS, RESOURCES = "advice:true-counters", "advice:steady-resources"


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


@fault("metrics-count-every-second", COUNTERS, text="the counter of successes in the metrics misses every second one")
def metrics_count_every_second(hooks: Hooks) -> None:
    def edit(numbers: dict[str, float]) -> None:
        for name, value in numbers.items():
            if name.startswith(SUCCESS):
                numbers[name] = value // 2

    hooks.metrics.append(edit)


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
