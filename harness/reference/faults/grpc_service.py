"""The gRPC service: methods, health and metadata."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

SLOW_SECONDS = 20.0


def _missing(*methods: str) -> Install:
    return lambda hooks: hooks.grpc.missing.update(methods)


def _reply(op: str, change: Callable[[Any], Any]) -> Install:
    """Edit the reply message of ``op``."""
    return lambda hooks: hooks.grpc.on(op)(lambda _, reply: change(reply))


def _sets(op: str, member: str, value: Any) -> Install:
    """Give a member of the reply another value."""
    return _reply(op, lambda reply: setattr(reply, member, value))


def _ends(op: str, code: str, details: str) -> Install:
    """Every call of ``op`` ends with that status."""

    def edit(_: Call, __: Any) -> None:
        raise Failed(code, details)

    return lambda hooks: hooks.grpc.asked(op)(edit)


def _needs_version(op: str) -> Install:
    def edit(_: Call, request: Any) -> None:
        if not request.version:
            raise Failed("INVALID_ARGUMENT", "version must not be empty")

    return lambda hooks: hooks.grpc.asked(op)(edit)


def _answers_unknown(op: str, change: Callable[[Call, Any], None], *, versions: bool = False) -> Install:
    """OK for an unknown model (``versions``: only for an unknown version of a known one)."""

    def edit(call: Call, failed: Failed, blank: Any) -> Any:
        if call.op != op or failed.code != "NOT_FOUND" or ("has no version" in failed.details) != versions:
            return failed
        change(call, blank)
        return blank

    return lambda hooks: hooks.grpc.failures.append(edit)


fault(
    "grpc-server-metadata-unimplemented",
    "GRPC-SVC-01",
    "GRPC-META-01",
    text="ServerMetadata is not implemented",
    transport="grpc",
)(_missing("ServerMetadata"))
fault(
    "grpc-model-ready-unimplemented",
    "GRPC-SVC-01",
    "GRPC-HEALTH-03",
    text="ModelReady is not implemented",
    transport="grpc",
)(_missing("ModelReady"))


@fault("grpc-service-renamed", "GRPC-SVC-01", text="the service has the name of a later version", transport="grpc")
def service_renamed(hooks: Hooks) -> None:
    hooks.grpc.service = "inference.v2.GRPCInferenceService"


@fault(
    "grpc-unknown-field-refused",
    "GRPC-SVC-03",
    text="a request with a field that the server does not know fails",
    transport="grpc",
)
def unknown_field_refused(hooks: Hooks) -> None:
    def edit(_: Call, request: Any) -> None:
        size = request.ByteSize()
        request.DiscardUnknownFields()
        if request.ByteSize() != size:
            raise Failed("INTERNAL", "unknown field in ModelInferRequest")

    hooks.grpc.asked("infer")(edit)


@fault(
    "grpc-unknown-field-loses-inputs",
    "GRPC-SVC-03",
    text="reading stops at a field that the server does not know",
    transport="grpc",
)
def unknown_field_loses_inputs(hooks: Hooks) -> None:
    def edit(_: Call, request: Any) -> None:
        size = request.ByteSize()
        request.DiscardUnknownFields()
        if request.ByteSize() != size:
            del request.inputs[:]

    hooks.grpc.asked("infer")(edit)


@fault(
    "grpc-garbage-accepted",
    "GRPC-SVC-04",
    text="bytes that are no message are answered with an empty reply",
    transport="grpc",
)
def garbage_accepted(hooks: Hooks) -> None:
    hooks.grpc.damaged = lambda _: b""


@fault(
    "grpc-garbage-hangs",
    "GRPC-SVC-04",
    text="after bytes that are no message, the connection answers 20 s late",
    transport="grpc",
    effect="hang",
)
def garbage_hangs(hooks: Hooks) -> None:
    broken = _remembers_garbage(hooks)

    async def wait(call: Call) -> None:
        if call.connection in broken:
            await asyncio.sleep(SLOW_SECONDS)

    hooks.grpc.before.append(wait)


@fault(
    "grpc-garbage-breaks-next",
    "GRPC-SVC-04",
    "REST-ERR-06",
    text="the call after bytes that are no message fails",
    transport="grpc",
)
def garbage_breaks_next(hooks: Hooks) -> None:
    broken = _remembers_garbage(hooks)

    def edit(call: Call, _: Any) -> None:
        if call.connection in broken:
            broken.discard(call.connection)
            raise Failed("INTERNAL", "the decoder is out of step")

    hooks.grpc.requests.append(edit)


def _remembers_garbage(hooks: Hooks) -> set[object]:
    broken: set[object] = set()

    def edit(call: Call, failed: Failed, _: Any) -> Failed:
        if failed.kind == "bytes":
            broken.add(call.connection)
        return failed

    hooks.grpc.failures.append(edit)
    return broken


fault("grpc-live-unset", "GRPC-HEALTH-01", text="ServerLive is OK and live is not set", transport="grpc")(
    _sets("live", "live", False)
)
fault("grpc-live-fails", "GRPC-HEALTH-01", text="ServerLive ends UNAVAILABLE while models infer", transport="grpc")(
    _ends("live", "UNAVAILABLE", "shutting down")
)
fault("grpc-ready-stays-false", "GRPC-HEALTH-02", text="ServerReady is false while models infer", transport="grpc")(
    _sets("ready", "ready", False)
)
fault("grpc-model-ready-false", "GRPC-HEALTH-03", text="ModelReady of a loaded model is false", transport="grpc")(
    _sets("model-ready", "ready", False)
)
fault("grpc-model-ready-needs-version", "GRPC-HEALTH-03", text="ModelReady wants a version", transport="grpc")(
    _needs_version("model-ready")
)
fault(
    "grpc-unloaded-model-ready",
    "GRPC-HEALTH-04",
    text="ModelReady is true although the model was unloaded",
    transport="grpc",
)(_sets("model-ready", "ready", True))
fault(
    "grpc-server-ready-while-unloaded",
    "GRPC-HEALTH-04",
    text="ServerReady is true although a model was unloaded",
    transport="grpc",
)(_sets("ready", "ready", True))
fault("grpc-unknown-model-ready", "GRPC-HEALTH-05", text="ModelReady is true for every name", transport="grpc")(
    _answers_unknown("model-ready", lambda _, reply: setattr(reply, "ready", True))
)
fault(
    "grpc-unknown-version-ready",
    "GRPC-HEALTH-05",
    "VERS-02",
    text="ModelReady is true for every version",
    transport="grpc",
)(_answers_unknown("model-ready", lambda _, reply: setattr(reply, "ready", True), versions=True))


@fault(
    "grpc-server-metadata-slow",
    "GRPC-META-01",
    text="ServerMetadata, and nothing else, takes 20 s",
    transport="grpc",
    effect="hang",
)
def server_metadata_slow(hooks: Hooks) -> None:
    async def wait(call: Call) -> None:
        if call.op == "server-metadata":
            await asyncio.sleep(SLOW_SECONDS)

    hooks.grpc.before.append(wait)


fault("grpc-server-metadata-fails", "GRPC-META-01", text="ServerMetadata ends INTERNAL", transport="grpc")(
    _ends("server-metadata", "INTERNAL", "no such attribute")
)
fault("grpc-server-name-empty", "GRPC-META-01", "GRPC-META-02", text="ServerMetadata has no name", transport="grpc")(
    _reply("server-metadata", lambda reply: reply.ClearField("name"))
)
fault(
    "grpc-server-version-differs",
    "GRPC-META-02",
    text="the server's version is another than over REST",
    transport="grpc",
)(_sets("server-metadata", "version", "0.9.0"))
fault("grpc-extensions-missing", "GRPC-META-02", text="over gRPC no extensions are listed", transport="grpc")(
    _reply("server-metadata", lambda reply: reply.ClearField("extensions"))
)
fault("grpc-extension-more", "GRPC-META-02", text="over gRPC one more extension is listed", transport="grpc")(
    _reply("server-metadata", lambda reply: reply.extensions.append("cuda_shared_memory"))
)
fault("grpc-model-metadata-name-empty", "GRPC-META-03", text="ModelMetadata has no name", transport="grpc")(
    _reply("model-metadata", lambda reply: reply.ClearField("name"))
)
fault("grpc-model-metadata-wrong-name", "GRPC-META-03", text="ModelMetadata names another model", transport="grpc")(
    _sets("model-metadata", "name", "default")
)
fault("grpc-model-metadata-needs-version", "GRPC-META-03", text="ModelMetadata wants a version", transport="grpc")(
    _needs_version("model-metadata")
)
fault(
    "grpc-unknown-model-metadata-empty",
    "GRPC-META-04",
    "GRPC-ERR-01",
    text="an unknown model has empty metadata",
    transport="grpc",
)(_answers_unknown("model-metadata", lambda _, __: None))
fault(
    "grpc-unknown-model-metadata-made-up",
    "GRPC-META-04",
    text="every name has metadata, with no tensors",
    transport="grpc",
)(_answers_unknown("model-metadata", lambda call, reply: setattr(reply, "name", call.model)))


def _tensors(change: Callable[[Any], Any], *sides: str) -> Install:
    """Edit every tensor of the model metadata (of both sides, unless told)."""

    def edit(_: Call, reply: Any) -> None:
        for side in sides or ("inputs", "outputs"):
            for each in getattr(reply, side):
                change(each)

    return lambda hooks: hooks.grpc.on("model-metadata")(edit)


def _minus_one_is_null(tensor: Any) -> None:
    tensor.shape[:] = [max(size, 0) for size in tensor.shape]


fault("grpc-metadata-shape-cut", "GRPC-META-06", text="ModelMetadata leaves out the first dimension", transport="grpc")(
    _tensors(lambda each: each.shape.pop(0))
)
fault(
    "grpc-metadata-shape-zero",
    "GRPC-META-06",
    "REST-MMETA-12",
    text="ModelMetadata has 0 for variable dimensions",
    transport="grpc",
)(_tensors(_minus_one_is_null))
fault(
    "grpc-metadata-datatype-prefixed",
    "GRPC-META-06",
    "REST-MMETA-09",
    text="ModelMetadata says TYPE_FP32 for FP32",
    transport="grpc",
)(_tensors(lambda each: setattr(each, "datatype", f"TYPE_{each.datatype}")))
fault(
    "grpc-metadata-input-renamed",
    "GRPC-META-06",
    "REST-MMETA-12",
    text="inputs have other names over gRPC",
    transport="grpc",
)(_tensors(lambda each: setattr(each, "name", f"{each.name}:0"), "inputs"))
fault("grpc-metadata-outputs-left-out", "GRPC-META-06", text="ModelMetadata lists no outputs", transport="grpc")(
    _reply("model-metadata", lambda reply: reply.ClearField("outputs"))
)
fault(
    "grpc-metadata-newest-version-only",
    "GRPC-META-06",
    text="ModelMetadata lists only the newest version",
    transport="grpc",
)(_reply("model-metadata", lambda reply: reply.versions.__delitem__(0)))
fault("grpc-metadata-platform-differs", "GRPC-META-06", text="the platform is another one over gRPC", transport="grpc")(
    _sets("model-metadata", "platform", "tensorflow_graphdef")
)
