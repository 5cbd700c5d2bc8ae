"""The operations that extensions add, from calls to replies."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.reference.extensions import generation, repository
from harness.reference.extensions.configuration import configuration
from harness.reference.extensions.log_settings import LogSettings
from harness.reference.extensions.metrics import counted
from harness.reference.extensions.statistics import statistics
from harness.reference.extensions.trace import TraceSettings
from harness.reference.messages import Call, Reply
from harness.reference.models.model import Model, ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.jsonread import read_json

if TYPE_CHECKING:
    from harness.reference.extensions.shared_memory import Regions
    from harness.reference.hooks import Handler

Find = Callable[[Call], tuple[Model, ModelVersion]]


class Operations:
    """Handlers of the operations, with what they remember.

    Args:
        models: by name.
        find: the model and version that a call addresses.
        regions: shared memory, if that is offered.
        versionless: whether replies name no version.
    """

    def __init__(
        self, models: Mapping[str, Model], find: Find, regions: Regions | None, *, versionless: bool = False
    ) -> None:
        self._models = models
        self._find = find
        self._regions = regions
        self._versionless = versionless
        self._log = LogSettings()
        self._trace = TraceSettings()

    def handlers(self) -> dict[str, Handler]:
        """Operation -> what answers it."""
        log, trace = self._log, self._trace
        found: dict[str, Handler] = {
            "index": lambda call: Reply(200, repository.index(self._models, _document(call))),
            "load": lambda call: self._set_loaded(call, loaded=True),
            "unload": lambda call: self._set_loaded(call, loaded=False),
            "generate": self._generate,
            "generate-stream": self._generate,
            "stats": self._stats,
            "all-stats": self._all_stats,
            "config": lambda call: Reply(200, configuration(*self._find(call))),
            "logging": lambda _: Reply(200, log.read()),
            "set-logging": lambda call: Reply(200, log.change(_document(call))),
            "trace": lambda _: Reply(200, trace.read()),
            "set-trace": lambda call: Reply(200, trace.change(_document(call))),
            "model-trace": lambda call: Reply(200, trace.read(self._find(call)[0].name)),
            "set-model-trace": lambda call: Reply(200, trace.change(_document(call), self._find(call)[0].name)),
        }
        return found if self._regions is None else {**found, **_shared_memory(self._regions)}

    def _set_loaded(self, call: Call, *, loaded: bool) -> Reply:
        if not isinstance(_document(call), dict):
            raise Refusal("the request is no object")
        repository.set_loaded(self._models, call.model, loaded=loaded)
        return Reply(200, {})

    def _generate(self, call: Call) -> Reply:
        model, version = self._find(call)
        if version.text is None:
            raise Refusal(f"model {model.name!r} generates no text", kind="model", status=404)
        if not model.loaded:
            raise Refusal(f"model {model.name!r} is not loaded", kind="model", status=503)
        begin = time.perf_counter_ns()
        try:
            request = generation.read_generate(_document(call))
        except Refusal:
            version.counts.add_failure(time.perf_counter_ns() - begin)
            raise
        ready = time.perf_counter_ns()
        made = version.text.generate(request.text, request.options)
        done = time.perf_counter_ns()
        version.counts.add(1, (begin, ready, done, done))
        named = {"model_name": model.name}
        if not self._versionless:
            named["model_version"] = version.version
        if call.op == "generate":
            return Reply(200, generation.whole(request, made, named))
        return Reply(200, events=generation.streamed(request, made, named))

    def _stats(self, call: Call) -> Reply:
        model, version = self._find(call)
        versions = list(model.versions.values()) if call.version is None else [version]
        return Reply(200, statistics((model.name, each.version, each.counts) for each in versions))

    def _all_stats(self, _: Call) -> Reply:
        return Reply(200, statistics(counted(self._models)))


def _shared_memory(regions: Regions) -> dict[str, Handler]:
    def change(wanted: Callable[[Call], None]) -> Handler:
        def handle(call: Call) -> Reply:
            wanted(call)
            return Reply(200, {})

        return handle

    return {
        "shm-status": lambda _: Reply(200, regions.status()),
        "shm-region-status": lambda call: Reply(200, regions.status(call.region)),
        "shm-register": change(lambda call: regions.register(call.region, _document(call))),
        "shm-unregister": change(lambda call: regions.unregister(call.region)),
        "shm-unregister-all": change(lambda _: regions.unregister()),
    }


def _document(call: Call) -> Any:
    """The body as JSON; none is an empty object."""
    return read_json(call.body) if call.body.strip() else {}
