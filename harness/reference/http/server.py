"""The operations."""

from __future__ import annotations

import time
from typing import Any

from harness.reference.extensions import binary
from harness.reference.extensions.metrics import counted, metrics
from harness.reference.extensions.offered import SHARED_MEMORY, extensions_of, is_offered
from harness.reference.extensions.operations import Operations
from harness.reference.extensions.shared_memory import Regions
from harness.reference.hooks import Handler, Hooks
from harness.reference.http.routes import verbs_of
from harness.reference.messages import Call, Reply, error
from harness.reference.models.model import Model, ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.infer import infer
from harness.reference.protocol.tensors import Spec

NAME = "art15-reference"
VERSION = "1.0.0"


class Server:
    """Answers calls; holds the models and whether each is loaded."""

    def __init__(self, models: dict[str, Model], hooks: Hooks) -> None:
        for edit in hooks.models:
            edit(models)
        rename = hooks.settings.rename
        for model in models.values():
            model.name = rename(model.name) if rename else model.name
        self.models = {model.name: model for model in models.values()}
        self.hooks = hooks
        self._regions = Regions() if SHARED_MEMORY in extensions_of(hooks.settings) else None
        self._handlers: dict[str, Handler] = {
            "server-metadata": self._server_metadata,
            "live": lambda _: Reply(200, {"live": True}),
            "ready": self._ready,
            "metrics": lambda _: metrics(counted(self.models), hooks.metrics),
            "list": lambda _: Reply(200, {"models": list(self.models)}),
            "model-metadata": self._model_metadata,
            "model-ready": self._model_ready,
            "infer": self._infer,
            **Operations(self.models, self.find, self._regions, versionless=hooks.settings.versionless).handlers(),
            "unknown": lambda _: error(404, "there is nothing at this path"),
            "wrong-verb": _wrong_verb,
            **hooks.routes,
        }

    def answer(self, call: Call) -> Reply:
        """The reply to one call, document and all; a refusal becomes the error object."""
        try:
            reply = self._dispatch(call)
        except Refusal as refusal:
            reply = error(refusal.status, str(refusal))
            for edit in self.hooks.refusals:
                reply = edit(call, refusal)
        for change in self.hooks.documents:
            change(call, reply)
        if reply.carried:
            binary.place(reply)
            for change in self.hooks.binary:
                change(call, reply)
        return reply

    def _dispatch(self, call: Call) -> Reply:
        for gate in self.hooks.gates:
            early = gate(call)
            if early is not None:
                return early
        if not is_offered(self.hooks.settings, call.op, call.version):
            call.op = ""
        if not call.op:
            return self._handlers["unknown"](call)
        if not call.verb_fits:
            return self._handlers["wrong-verb"](call)
        return self._handlers[call.op](call)

    def find(self, call: Call) -> tuple[Model, ModelVersion]:
        """The model and version that a call addresses; raises Refusal if there is none."""
        model = self.models.get(call.model)
        if model is None:
            raise Refusal(f"there is no model {call.model!r}", kind="model", status=404)
        settings = self.hooks.settings
        if call.version is None:
            if settings.versions_required:
                raise Refusal("name a version in the path", kind="model", status=404)
            return model, model.newest
        if settings.versionless or call.version not in model.versions:
            raise Refusal(f"model {call.model!r} has no version {call.version!r}", kind="model", status=404)
        return model, model.versions[call.version]

    def _server_metadata(self, _: Call) -> Reply:
        return Reply(200, {"name": NAME, "version": VERSION, "extensions": extensions_of(self.hooks.settings)})

    def _ready(self, _: Call) -> Reply:
        ready = all(model.loaded for model in self.models.values())
        return Reply(200 if ready else 503, {"ready": ready})

    def _model_ready(self, call: Call) -> Reply:
        model, _ = self.find(call)
        return Reply(200 if model.loaded else 503, {"name": model.name, "ready": model.loaded})

    def _model_metadata(self, call: Call) -> Reply:
        model, version = self.find(call)
        document: dict[str, Any] = {"name": model.name, "versions": list(model.versions)}
        if self.hooks.settings.versionless:
            del document["versions"]
        document["platform"] = version.platform
        document["inputs"] = [_described(spec) for spec in version.inputs]
        document["outputs"] = [_described(spec) for spec in version.outputs]
        document["properties"] = dict(version.properties)
        return Reply(200, document)

    def _infer(self, call: Call) -> Reply:
        model, version = self.find(call)
        if not model.loaded:
            raise Refusal(f"model {model.name!r} is not loaded", kind="model", status=503)
        settings = self.hooks.settings
        if binary.HEADER in call.headers and not settings.binary:
            raise Refusal("binary tensor data is not offered", kind="media")
        if call.headers.get("content-encoding", "identity") != "identity":
            raise Refusal("encoded request bodies are not offered", kind="media", status=415)
        begin = time.perf_counter_ns()
        try:
            return infer(self.hooks, call, model, version, self._regions)
        except Refusal:
            version.counts.add_failure(time.perf_counter_ns() - begin)
            raise


def _wrong_verb(call: Call) -> Reply:
    return error(405, f"{call.method} is not for this path", Allow=verbs_of(call.op))


def _described(spec: Spec) -> dict[str, Any]:
    document: dict[str, Any] = {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
    if spec.optional:
        document["parameters"] = {"optional": True}
    return document
