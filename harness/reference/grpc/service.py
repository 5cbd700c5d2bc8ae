"""The methods of inference.GRPCInferenceService, and how a call goes through faults and variants."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.message import DecodeError

from harness.reference.extensions import repository
from harness.reference.extensions.metrics import counted
from harness.reference.extensions.offered import is_offered
from harness.reference.extensions.statistics import statistics
from harness.reference.grpc import metadata
from harness.reference.grpc.failed import Failed, from_refusal, from_reply
from harness.reference.grpc.request import document, read_message
from harness.reference.grpc.schema import CLASSES
from harness.reference.http.server import Server
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.infer import compute
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

STREAM = "ModelStreamInfer"
OPS = {
    "ServerLive": "live",
    "ServerReady": "ready",
    "ModelReady": "model-ready",
    "ServerMetadata": "server-metadata",
    "ModelMetadata": "model-metadata",
    "ModelInfer": "infer",
    STREAM: "infer",
    "RepositoryIndex": "index",
    "RepositoryModelLoad": "load",
    "RepositoryModelUnload": "unload",
    "ModelStatistics": "stats",
}
"""Method -> operation, called as over REST; a stream is inferences one after another."""
_MESSAGES = {STREAM: "ModelInfer"}


class Service:
    """Answers calls over gRPC with the models of the REST server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._hooks = server.hooks
        self.points = server.hooks.grpc
        self._methods: dict[str, Callable[[Call, Any, Any], Any]] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": lambda call, _, reply: metadata.of_server(server, call, reply),
            "ModelMetadata": self._model_metadata,
            "ModelInfer": self._infer,
            STREAM: self._infer,
            "RepositoryIndex": self._index,
            "RepositoryModelLoad": lambda call, _, reply: self._set_loaded(call, reply, loaded=True),
            "RepositoryModelUnload": lambda call, _, reply: self._set_loaded(call, reply, loaded=False),
            "ModelStatistics": self._statistics,
            **self.points.methods,
        }

    def methods(self) -> list[str]:
        """Names of the methods that are offered."""
        settings = self._hooks.settings
        missing = self.points.missing | (set() if settings.extensions else {STREAM})
        return [name for name in self._methods if name not in missing and is_offered(settings, OPS[name], None)]

    def answer(self, name: str, call: Call, body: bytes) -> bytes:
        """The bytes of the reply to one call.

        Raises:
            Failed: the call ends with another status than OK.
        """
        try:
            reply = self._answer(name, call, body)
        except (Refusal, Failed) as error:
            failed = from_refusal(error) if isinstance(error, Refusal) else error
            for edit in self.points.failures:
                changed = edit(call, failed, self._blank(name))
                if not isinstance(changed, Failed):
                    reply = changed
                    break
                failed = changed
            else:
                raise failed from error
        data: bytes = reply if isinstance(reply, bytes) else reply.SerializeToString()
        for send in self.points.sent:
            data = send(call, data)
        return data

    def _answer(self, name: str, call: Call, body: bytes) -> Any:
        for receive in self.points.received:
            body = receive(call, body)
        request = CLASSES[f"{_MESSAGES.get(name, name)}Request"]()
        try:
            request.ParseFromString(body)
        except DecodeError as error:
            # Who may not call at all does not learn what is wrong with the message.
            self._gates(call)
            if self.points.damaged is not None:
                return self.points.damaged(call)
            raise Failed("INVALID_ARGUMENT", f"the bytes are no {name}Request", kind="bytes") from error
        self._address(call, request)
        self._gates(call)
        for edit in self.points.requests:
            edit(call, request)
        reply = self._methods[name](call, request, self._blank(name))
        for change in self.points.replies:
            changed = change(call, reply)
            reply = reply if changed is None else changed
        return reply

    def _blank(self, name: str) -> Any:
        return CLASSES[f"{_MESSAGES.get(name, name)}Response"]()

    def _address(self, call: Call, request: Any) -> None:
        """The model and version that a message names."""
        call.model = str(getattr(request, "model_name", "") or getattr(request, "name", ""))
        call.version = str(getattr(request, "model_version", "") or getattr(request, "version", "")) or None
        model = self._server.models.get(call.model)
        if call.version is None and model is not None and self._hooks.settings.versions_required:
            # Only paths can do without (VERS-01); over gRPC an empty version leaves the choice to the server.
            call.version = model.newest.version

    def _gates(self, call: Call) -> None:
        """What a gate answers with an error is a status here; its other answers are matters of HTTP."""
        for gate in self._hooks.gates:
            early = gate(call)
            if early is not None and early.status >= 400:
                raise from_reply(early)

    def _live(self, _: Call, __: Any, reply: Any) -> Any:
        reply.live = True
        return reply

    def _ready(self, _: Call, __: Any, reply: Any) -> Any:
        reply.ready = all(model.loaded for model in self._server.models.values())
        return reply

    def _model_ready(self, call: Call, _: Any, reply: Any) -> Any:
        model, _version = self._server.find(call)
        reply.ready = model.loaded
        return reply

    def _model_metadata(self, call: Call, _: Any, reply: Any) -> Any:
        model, version = self._server.find(call)
        return metadata.of_model(self._server, call, model, version, reply)

    def _infer(self, call: Call, request: Any, reply: Any) -> Any:
        model, version = self._server.find(call)
        if not model.loaded:
            raise Refusal(f"model {model.name!r} is not loaded", kind="model", status=503)
        begin = time.perf_counter_ns()
        try:
            understood, outputs = self._computed(call, version, request)
        except Refusal:
            version.counts.add_failure(time.perf_counter_ns() - begin)
            raise
        reply.model_name = model.name
        reply.model_version = "" if self._hooks.settings.versionless else version.version
        reply.id = understood.id or ""
        self._fill(reply, outputs, raw_asked=bool(request.raw_input_contents))
        return reply

    def _computed(self, call: Call, version: ModelVersion, request: Any) -> tuple[InferRequest, list[Tensor]]:
        call.request = document(request)
        understood = read_message(request, version, self._hooks)
        for edit in self._hooks.requests:
            edit(call, version, understood)
        outputs = compute(self._hooks, call, version, understood)
        for change in self.points.outputs:
            outputs = change(call, outputs)
        return understood, outputs

    def _fill(self, reply: Any, outputs: list[Tensor], *, raw_asked: bool) -> None:
        # All outputs travel in one form, and FP16 has no typed one.
        raw = self.points.raw(raw_asked, outputs) or any(output.datatype == "FP16" for output in outputs)
        for output in outputs:
            entry = reply.outputs.add(name=output.name, datatype=output.datatype, shape=output.shape)
            if raw:
                reply.raw_output_contents.append(self.points.encode_raw(output))
            else:
                self.points.encode_typed(output, entry.contents)

    def _index(self, _: Call, request: Any, reply: Any) -> Any:
        for row in repository.index(self._server.models, {"ready": request.ready}):
            reply.models.add(**row)
        return reply

    def _statistics(self, call: Call, _: Any, reply: Any) -> Any:
        counts = counted(self._server.models)
        if call.model:
            model, version = self._server.find(call)
            asked = {version.version} if call.version is not None else set(model.versions)
            counts = ((name, each, held) for name, each, held in counts if name == model.name and each in asked)
        ParseDict(statistics(counts), reply)
        return reply

    def _set_loaded(self, call: Call, reply: Any, *, loaded: bool) -> Any:
        repository.set_loaded(self._server.models, call.model, loaded=loaded)
        return reply
